/** Which requests a view looks at: those measured, completed, and inside the brushed time. */

import { REQUEST_COMPLETED } from "../../sim/index.ts";
import type { RequestColumns, SimulationResult } from "../../sim/index.ts";

/** A stretch of simulated time, µs from the start of the run. */
export type TimeWindow = { readonly fromUs: number; readonly toUs: number };

/** Everything. */
export const WHOLE_RUN: TimeWindow = { fromUs: 0, toUs: Infinity };

/** Rows of completed requests that arrived inside the window, in order of arrival. */
export function rowsWithin(
  requests: RequestColumns,
  warmupUs: number,
  window: TimeWindow,
): Uint32Array {
  const rows = new Uint32Array(requests.rows);
  let count = 0;
  const fromUs = Math.max(warmupUs, window.fromUs);
  for (let row = 0; row < requests.rows; row++) {
    if (requests.status[row] !== REQUEST_COMPLETED) continue;
    const arrivalUs = requests.arrivalUs[row]!;
    if (arrivalUs >= fromUs && arrivalUs <= window.toUs) rows[count++] = row;
  }
  return rows.slice(0, count);
}

/** Latencies of a request, µs, by their names in the report; NaN: it has none. */
export const LATENCIES = ["ttft", "tpot", "e2e", "queue"] as const;
export type LatencyName = (typeof LATENCIES)[number];

/** Requests, and what a client waits beside the engine: the report's latencies are the client's. */
export type TimedRequests = RequestColumns & { readonly pathUs: number };

const US_PER_S = 1e6;
const US_PER_MS = 1e3;

/** The run's requests, if it kept them. */
export function timedRequests({ report, requests }: SimulationResult): TimedRequests | undefined {
  return requests === undefined
    ? undefined
    : { ...requests, pathUs: report.engine.clientPathMs * US_PER_MS };
}

export type WindowRows = { readonly requests: TimedRequests; readonly rows: Uint32Array };

/** The measured requests of a window; null when the run kept no columns of requests. */
export function rowsOfRun(result: SimulationResult, window: TimeWindow): WindowRows | null {
  const requests = timedRequests(result);
  if (requests === undefined) return null;
  const warmupUs = result.report.scenario.traffic.warmup_s * US_PER_S;
  return { requests, rows: rowsWithin(requests, warmupUs, window) };
}

/** One latency of one request, µs. */
export function latencyUs(requests: TimedRequests, row: number, name: LatencyName): number {
  const arrivalUs = requests.arrivalUs[row]!;
  switch (name) {
    case "ttft":
      return requests.firstTokenUs[row]! - arrivalUs + requests.pathUs;
    case "queue":
      return requests.admittedUs[row]! - arrivalUs;
    case "e2e":
      return requests.finishUs[row]! - arrivalUs + requests.pathUs;
    case "tpot": {
      const tokens = requests.outputTokens[row]!;
      if (tokens < 2) return NaN;
      return (requests.finishUs[row]! - requests.firstTokenUs[row]!) / (tokens - 1);
    }
  }
}
