/**
 * From recorded calls to streams: one agent's calls, each following the one before. Captures that flatten parallel agents into one
 * list are taken apart by their prompts: an agent's next prompt begins with its last one.
 */

import type { IdList } from "./json-value.ts";

/** A recorded call, times in µs from the start of its trace. */
export type WekaCall = {
  readonly startUs: number;
  /** NaN: not recorded. */
  readonly serviceUs: number;
  /** Think or tool time before this call, NaN: not recorded. */
  readonly thinkUs: number;
  readonly input: number;
  readonly output: number;
  readonly model: string | undefined;
  readonly ids: IdList;
  readonly line: number;
};

export type Stream = { readonly calls: WekaCall[] };

/** Longest silence after which a prompt is still taken for a continuation, and the least share of it (source: Dynamo's Weka loader). */
const SEAM_GAP_US = 3_600_000_000;
const SEAM_OVERLAP = 0.5;
/** Times are whole seconds: a call that seems to start this much before the last one ended does not overlap it. */
const ROUNDING_US = 1_000_000;

export function endOf(call: WekaCall): number {
  return call.startUs + (Number.isNaN(call.serviceUs) ? 0 : call.serviceUs);
}

/** Leading ids that two prompts have in common. */
function commonIds(a: IdList, b: IdList): number {
  const most = Math.min(a.count, b.count);
  let count = 0;
  while (count < most && a.lows[count] === b.lows[count] && a.highs[count] === b.highs[count])
    count++;
  return count;
}

/**
 * Takes calls in order of time apart into streams. A call continues the stream whose last prompt it repeats most of, at least half;
 * one that repeats none continues the main stream when that is idle (a compaction or a rewind), and otherwise begins a new stream.
 */
export function splitStreams(calls: readonly WekaCall[]): Stream[] {
  const streams: Stream[] = [];
  for (const call of calls) {
    let best: Stream | undefined;
    let bestShare = 0;
    for (const stream of streams) {
      const last = stream.calls.at(-1)!;
      const gapUs = call.startUs - endOf(last);
      if (gapUs > SEAM_GAP_US || gapUs < -ROUNDING_US) continue;
      const share = last.ids.count === 0 ? 0 : commonIds(last.ids, call.ids) / last.ids.count;
      if (share >= SEAM_OVERLAP && share > bestShare) {
        best = stream;
        bestShare = share;
      }
    }
    const main = streams[0];
    const isIdle = main !== undefined && call.startUs - endOf(main.calls.at(-1)!) >= -ROUNDING_US;
    best ??= isIdle ? main : undefined;
    if (best === undefined) streams.push({ calls: [call] });
    else best.calls.push(call);
  }
  return streams;
}
