/** A small curve without axes: the shape of a number over the run. */

import { useMemo } from "react";
import { pathOfSpark } from "./spark-path.ts";

export type SparklineProps = {
  readonly values: ArrayLike<number>;
  readonly baseline?: ArrayLike<number> | undefined;
};

export function Sparkline({ values, baseline }: SparklineProps) {
  const [own, other] = useMemo(
    () => [
      pathOfSpark(values, baseline),
      baseline === undefined ? "" : pathOfSpark(baseline, values),
    ],
    [values, baseline],
  );
  return (
    <svg className="spark" viewBox="0 0 120 28" preserveAspectRatio="none" aria-hidden="true">
      {other === "" ? null : <path className="spark-base" d={other} />}
      <path d={own} />
    </svg>
  );
}
