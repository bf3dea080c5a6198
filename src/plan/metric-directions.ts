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

/** A metric of a class or a tenant, whatever that is called. */
const OF_GROUP =
  /^slo\.(?:classes|tenants)\..*\.(requests\.\w+|(?:ttftMs|tpotMs|e2eMs)\.\w+|goodputPerS|attainment)$/s;

/** The good direction of the metric at this path of the report. */
export function directionOf(path: string): Direction {
  const own = OF_GROUP.exec(path)?.[1];
  const metric = own === undefined ? path : ownName(own);
  for (const [prefix, direction] of DIRECTIONS) {
    if (metric.startsWith(prefix)) return direction;
  }
  return "neutral";
}

/** What the metric of a group is called where it is that of the whole. */
function ownName(metric: string): string {
  if (metric.startsWith("requests.")) return metric;
  return metric.includes("Ms.") ? `latency.${metric}` : `slo.${metric}`;
}
