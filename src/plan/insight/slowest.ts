/** The requests of a window that took longest. */

import { partsMsAt } from "../../sim/index.ts";
import type { PartsMs, SimulationResult } from "../../sim/index.ts";
import { latencyUs, rowsOfRun } from "./window.ts";
import type { TimeWindow } from "./window.ts";

/** One of the slowest requests by end-to-end time; times in µs from the start of the run. */
export type SlowRequest = {
  readonly request: number;
  readonly worker: number;
  readonly arrivalUs: number;
  readonly admittedUs: number;
  readonly firstTokenUs: number;
  readonly finishUs: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly preemptions: number;
  /** Its end-to-end time by what it was spent on; adds up. */
  readonly partsMs: PartsMs;
};

const SLOWEST = 20;

/** Slowest first, ties in order of arrival; none when no request columns were kept. */
export function slowestWithin(
  result: SimulationResult,
  window: TimeWindow,
): readonly SlowRequest[] {
  const found = rowsOfRun(result, window);
  if (found === null) return [];
  const { requests, rows } = found;
  const slow = rows.sort(
    (a, b) => latencyUs(requests, b, "e2e") - latencyUs(requests, a, "e2e") || a - b,
  );
  return Array.from(slow.subarray(0, SLOWEST), (row) => ({
    request: requests.row[row]!,
    worker: requests.worker[row]!,
    arrivalUs: requests.arrivalUs[row]!,
    admittedUs: requests.admittedUs[row]!,
    firstTokenUs: requests.firstTokenUs[row]!,
    finishUs: requests.finishUs[row]!,
    inputTokens: requests.inputTokens[row]!,
    cachedTokens: requests.cachedTokens[row]!,
    outputTokens: requests.outputTokens[row]!,
    preemptions: requests.preemptions[row]!,
    partsMs: partsMsAt(requests, row, requests.pathUs),
  }));
}
