/** Which way each metric of a report is good. */

import type { Direction } from "./metric-change.ts";

/** First match wins; a metric that none names is neutral: a change is neither good nor bad. */
const DIRECTIONS: readonly (readonly [prefix: string, direction: Direction])[] = [
  ["latency.", "lower"],
  ["requests.completed", "higher"],
  ["requests.rejected", "lower"],
  ["requests.failed", "lower"],
  ["requests.cancelled", "lower"],
  ["requests.unfinished", "lower"],
  ["throughput.", "higher"],
  ["tokens.cached", "higher"],
  ["tokens.recomputed", "lower"],
  ["kv.hitRate", "higher"],
  ["kv.preemptions", "lower"],
  ["slo.goodputPerS", "higher"],
  ["slo.attainment", "higher"],
  ["gpuHours", "lower"],
  ["energy.pue", "neutral"],
  ["energy.", "lower"],
  ["cost.", "lower"],
];

/** The good direction of the metric at this path of the report. */
export function directionOf(metric: string): Direction {
  for (const [prefix, direction] of DIRECTIONS) {
    if (metric.startsWith(prefix)) return direction;
  }
  return "neutral";
}
