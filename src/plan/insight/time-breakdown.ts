/** Where requests spend their time, for usual and for slow ones: the report's parts and groups, of the rows of a view. */

import { timeGroups } from "../../sim/index.ts";
import type { BrokenDown, TimeGroup } from "../../sim/index.ts";
import type { TimedRequests } from "./window.ts";

export { TIME_PARTS, totalMs } from "../../sim/index.ts";
export type { TimeGroup, TimePart } from "../../sim/index.ts";

/** One group per percentile; empty without requests. By end-to-end time, or by time to first token. */
export function timeBreakdown(
  requests: TimedRequests,
  rows: Uint32Array,
  by: BrokenDown,
): readonly TimeGroup[] {
  return timeGroups(requests, rows, by, requests.pathUs);
}
