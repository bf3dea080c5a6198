/** What the times of a report consist of, as rows for the terminal and for the page. */

import { TIME_PARTS, totalMs } from "../sim/index.ts";
import type { PartsMs, Report, TimePart } from "../sim/index.ts";

/** Parts by the names that readers know; `path` is empty where clients talk to the engine directly. */
export const PART_NAMES: Readonly<Record<TimePart, string>> = {
  path: "client path",
  queue: "queue",
  onboard: "onboard",
  prefill: "prefill",
  transfer: "transfer",
  preemption: "preempted",
  decode: "decode",
};

/** Parts that are shown even when nobody spent any time in them. */
const ALWAYS: readonly TimePart[] = ["queue", "prefill", "decode"];

export type BreakdownRow = {
  /** "mean", or the percentile that the requests are around. */
  readonly label: string;
  readonly requests: number;
  readonly totalMs: number;
  readonly ms: PartsMs;
};

/** The mean, then the groups; empty without requests. */
export function breakdownRows({ breakdown }: Report, by: "ttft" | "e2e"): BreakdownRow[] {
  const { meanMs, requests, groups } = breakdown[by];
  if (meanMs === null) return [];
  return [{ label: "mean", requests, ms: meanMs }, ...groups].map((row) => ({
    ...row,
    totalMs: totalMs(row.ms),
  }));
}

/** Parts in which any of the rows has time, in the order in which requests pass them. */
export function partsIn(rows: readonly BreakdownRow[]): TimePart[] {
  return TIME_PARTS.filter((part) => ALWAYS.includes(part) || rows.some(({ ms }) => ms[part] > 0));
}
