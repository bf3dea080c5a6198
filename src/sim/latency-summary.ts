/** The report's quantiles of a latency. */

import type { LatencySummary } from "./report.ts";

const US_PER_MS = 1e3;

/** What the summary needs of a sketch or a histogram; values in µs. */
type Quantiles = {
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  quantile(q: number): number;
};

/** In ms, each value longer by `pathUs`. */
export function summaryOf(sketch: Quantiles, pathUs = 0): LatencySummary {
  const ms = (us: number): number | null => (sketch.count === 0 ? null : (us + pathUs) / US_PER_MS);
  return {
    mean: ms(sketch.mean),
    p50: ms(sketch.quantile(0.5)),
    p90: ms(sketch.quantile(0.9)),
    p95: ms(sketch.quantile(0.95)),
    p99: ms(sketch.quantile(0.99)),
    p999: ms(sketch.quantile(0.999)),
    max: ms(sketch.max),
  };
}
