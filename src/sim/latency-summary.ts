/** The report's quantiles of a latency. */

const US_PER_MS = 1e3;

/** Nearest-rank quantiles; all `null` when there was no sample ("no data", never zero). */
export type LatencySummary = {
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
};

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
