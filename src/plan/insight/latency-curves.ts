/** Distributions of the latencies as curves thin enough to draw: exact ranks, more of them in the tail. */

import { latencyUs } from "./window.ts";
import type { LatencyName, TimedRequests } from "./window.ts";

/** Points of an empirical distribution, ascending: `share` of the requests took at most `ms`. */
export type LatencyCurve = {
  readonly name: LatencyName;
  readonly count: number;
  readonly share: Float64Array;
  readonly ms: Float64Array;
};

const US_PER_MS = 1e3;
/** Ranks at equal distances, and per decade of the tail (assumption: a screen's width). */
const EVEN_POINTS = 400;
const TAIL_POINTS = 24;

/** The curve of one latency over the given rows. */
export function latencyCurve(
  requests: TimedRequests,
  rows: Uint32Array,
  name: LatencyName,
): LatencyCurve {
  const sorted = sortedMs(requests, rows, name);
  const ranks = drawnRanks(sorted.length);
  const share = new Float64Array(ranks.length);
  const ms = new Float64Array(ranks.length);
  ranks.forEach((rank, i) => {
    share[i] = (rank + 1) / sorted.length;
    ms[i] = sorted[rank]!;
  });
  return { name, count: sorted.length, share, ms };
}

/** Values in ms, ascending, without those that have none. */
export function sortedMs(
  requests: TimedRequests,
  rows: Uint32Array,
  name: LatencyName,
): Float64Array {
  const values = new Float64Array(rows.length);
  let count = 0;
  for (const row of rows) {
    const us = latencyUs(requests, row, name);
    if (!Number.isNaN(us)) values[count++] = us / US_PER_MS;
  }
  return values.slice(0, count).sort();
}

/** Nearest-rank quantile of ascending values; NaN of none. */
export function quantileOf(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}

/** Ascending ranks: evenly spaced ones, and those that a logarithmic tail needs. */
function drawnRanks(count: number): number[] {
  if (count <= EVEN_POINTS) return evenRanks(count);
  const ranks = new Set(evenRanks(count));
  let beyond = count * 0.1;
  const step = 1 - 2.3 / TAIL_POINTS;
  while (beyond >= 1) {
    ranks.add(count - Math.round(beyond));
    beyond *= step;
  }
  return [...ranks].filter((rank) => rank >= 0 && rank < count).sort((a, b) => a - b);
}

/** Ascending ranks at equal distances: all of them where there are few. */
export function evenRanks(count: number): number[] {
  if (count <= EVEN_POINTS) return Array.from({ length: count }, (_, rank) => rank);
  return Array.from({ length: EVEN_POINTS }, (_, i) =>
    Math.round((i * (count - 1)) / (EVEN_POINTS - 1)),
  );
}
