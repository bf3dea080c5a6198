/** Curves of two runs: the change from one to the other, in place of one over the other. */

import type { Curve, LinesOptions } from "./lines.ts";
import type { Table } from "./scene.ts";

/** What a baseline's curve is called beside the curve of the same name. */
const MARK = " (A)";

export type Beyond =
  /** Outside the baseline's x there is no difference. */
  | "none"
  /** The baseline keeps its first and its last value there, as a distribution does. */
  | "hold";

/**
 * B − A of every curve that both runs have, at B's places; A is read between its points along a straight line.
 * x must ascend. Without a baseline: no curve.
 */
export function differences(curves: readonly Curve[], beyond: Beyond): readonly Curve[] {
  return curves.flatMap((own) => {
    if (own.isBaseline === true) return [];
    const a = curves.find(
      ({ name, isBaseline }) => isBaseline === true && name.replace(MARK, "") === own.name,
    );
    if (a === undefined) return [];
    const at = reader(a, beyond);
    const y = Float64Array.from({ length: own.y.length }, (_, i) => own.y[i]! - at(own.x[i]!));
    return [{ name: `${own.name}, B − A`, role: own.role, x: own.x, y }];
  });
}

/** Reads a curve at ascending places. */
function reader({ x, y }: Curve, beyond: Beyond): (place: number) => number {
  let right = 0;
  const last = x.length - 1;
  return (place) => {
    if (last < 0) return NaN;
    while (right < last && x[right]! < place) right++;
    const left = Math.max(0, right - 1);
    if (place <= x[0]! || place >= x[last]!) {
      const isEdge = place === x[0] || place === x[last];
      return isEdge || beyond === "hold" ? y[place <= x[0]! ? 0 : last]! : NaN;
    }
    const width = x[right]! - x[left]!;
    const share = width > 0 ? (place - x[left]!) / width : 1;
    return y[left]! + share * (y[right]! - y[left]!);
  };
}

/** The chart's lines as changes around a line of no change; as they are without a baseline. */
export function asDifference(options: LinesOptions, beyond: Beyond): LinesOptions {
  const curves = differences(options.curves, beyond);
  if (curves.length === 0) return options;
  return {
    ...options,
    curves,
    y: {
      ...options.y,
      name: `${options.y.name}, B − A`,
      scale: "linear",
      domain: around(curves),
    },
    targets: [
      ...(options.targets ?? []).filter(({ on }) => on === "x"),
      { on: "y", value: 0, label: "no change" },
    ],
  };
}

/** From the least to the largest change, zero within. */
function around(curves: readonly Curve[]): [number, number] {
  let low = 0;
  let high = 0;
  for (const { y } of curves) {
    for (let i = 0; i < y.length; i++) {
      const value = y[i]!;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const pad = (high - low || 1) * 0.06;
  return [low - pad, high + pad];
}

/** Every point of the lines as a row. */
export function tableOfLines({ x, y, curves }: LinesOptions): Table {
  return {
    columns: ["curve", columnName(x), columnName(y)],
    rows: curves.flatMap((curve) =>
      Array.from({ length: curve.y.length }, (_, i) => {
        const value = curve.y[i]!;
        return [curve.name, curve.x[i]!, Number.isFinite(value) ? value : null];
      }),
    ),
  };
}

function columnName({ name, unit }: LinesOptions["x"]): string {
  return unit === "ms" || unit === "s" ? `${name}, ${unit}` : name;
}
