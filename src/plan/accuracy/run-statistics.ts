/** Summary of a run's requests: means and quantiles as the benchmarks' clients compute them. */

import type { Metrics } from "./measured-run.ts";

/** Quantile by linear interpolation between ranks (NumPy's default); `sorted` ascending. */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const left = sorted[low] ?? NaN;
  const right = sorted[low + 1] ?? left;
  return left + (right - left) * (at - low);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length === 0 ? NaN : sum / values.length;
}

/** Times of finished requests in ms; a request of one output token has no TPOT (NaN). */
export type RequestTimes = {
  readonly ttftMs: Float64Array;
  readonly tpotMs: Float64Array;
  readonly e2eMs: Float64Array;
};

function four(values: Float64Array): [mean: number, p50: number, p90: number, p99: number] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return [NaN, NaN, NaN, NaN];
  const at = (share: number): number => quantile(sorted, share);
  return [mean(sorted), at(0.5), at(0.9), at(0.99)];
}

/** Means and quantiles of the three times. */
export function statisticsOf({ ttftMs, tpotMs, e2eMs }: RequestTimes): Metrics {
  const [ttftMean, ttftP50, ttftP90, ttftP99] = four(ttftMs);
  const [tpotMean, tpotP50, tpotP90, tpotP99] = four(tpotMs);
  const [e2eMean, e2eP50, e2eP90, e2eP99] = four(e2eMs);
  return {
    ttftMean,
    ttftP50,
    ttftP90,
    ttftP99,
    tpotMean,
    tpotP50,
    tpotP90,
    tpotP99,
    e2eMean,
    e2eP50,
    e2eP90,
    e2eP99,
  };
}
