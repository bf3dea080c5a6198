/** How long the requests of a window took: distributions, over time, over prompt length. */

import type { SimulationResult } from "../../sim/index.ts";
import { latencyOverPrompt, latencyOverTime } from "./density.ts";
import type { Density } from "./density.ts";
import { latencyCurve } from "./latency-curves.ts";
import type { LatencyCurve } from "./latency-curves.ts";
import { LATENCIES, rowsOfRun } from "./window.ts";
import type { TimeWindow } from "./window.ts";

export type LatencyInsight = {
  readonly requests: number;
  readonly curves: readonly LatencyCurve[];
  /** TTFT on a grid. */
  readonly overTime: Density;
  readonly overPrompt: Density;
};

/** Null when no request columns were kept. */
export function latenciesWithin(
  result: SimulationResult,
  window: TimeWindow,
): LatencyInsight | null {
  const found = rowsOfRun(result, window);
  if (found === null) return null;
  const { requests, rows } = found;
  return {
    requests: rows.length,
    curves: LATENCIES.map((name) => latencyCurve(requests, rows, name)),
    overTime: latencyOverTime(requests, rows, "ttft"),
    overPrompt: latencyOverPrompt(requests, rows, "ttft"),
  };
}
