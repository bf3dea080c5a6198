/** Where requests spend their time, for usual and for slow ones. */

import { latencyUs } from "./window.ts";
import type { TimedRequests } from "./window.ts";

/** Parts of a request's time in the order it passes them; `path`: between client and engine. */
export const TIME_PARTS = ["path", "queue", "prefill", "decode"] as const;
export type TimePart = (typeof TIME_PARTS)[number];

/** Mean time of the requests around one percentile of the end-to-end time. */
export type TimeGroup = {
  readonly label: string;
  readonly requests: number;
  readonly ms: Readonly<Record<TimePart, number>>;
};

const US_PER_MS = 1e3;
/** Percentile groups and the share of the requests on either side that they take in. */
const GROUPS = [
  ["p50", 0.45, 0.55],
  ["p90", 0.88, 0.92],
  ["p99", 0.985, 0.995],
] as const;

/** One group per percentile; empty without requests. By end-to-end time, or by time to first token. */
export function timeBreakdown(
  requests: TimedRequests,
  rows: Uint32Array,
  by: "e2e" | "ttft",
): readonly TimeGroup[] {
  if (rows.length === 0) return [];
  const keys = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) keys[i] = latencyUs(requests, rows[i]!, by);
  const order = Uint32Array.from(rows, (_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b);
  return GROUPS.map(([label, from, to]) => {
    const first = Math.min(rows.length - 1, Math.floor(from * rows.length));
    const last = Math.max(first + 1, Math.ceil(to * rows.length));
    const ms = { path: 0, queue: 0, prefill: 0, decode: 0 };
    let count = 0;
    for (let rank = first; rank < Math.min(last, rows.length); rank++) {
      const row = rows[order[rank]!]!;
      const finishUs = requests.finishUs[row]!;
      // A request without output has no first token: all its time after admission is prefill.
      const firstUs = requests.outputTokens[row] === 0 ? finishUs : requests.firstTokenUs[row]!;
      ms.queue += requests.admittedUs[row]! - requests.arrivalUs[row]!;
      ms.prefill += firstUs - requests.admittedUs[row]!;
      ms.decode += finishUs - firstUs;
      ms.path += requests.pathUs;
      count++;
    }
    for (const part of TIME_PARTS) ms[part] /= count * US_PER_MS;
    return { label, requests: count, ms };
  });
}
