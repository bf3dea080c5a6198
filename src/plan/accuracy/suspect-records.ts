/**
 * Records that contradict themselves, found without any prediction: by the columns of a row alone. They
 * are simulated and shown, but the targets are judged without them, with the figure that includes them
 * beside.
 */

import { quantile } from "./run-statistics.ts";

/** What a row of measured services says of its load. */
export type LoadRecord = {
  readonly model: string;
  readonly source: string;
  readonly concurrency: number;
  /** Batch of an attention rank; NaN: not recorded. */
  readonly batch: number;
  /** Attention data parallel ranks. */
  readonly dp: number;
  /** Requests that the engine was allowed to run at once. */
  readonly maxNumSeqs: number;
  readonly output: number;
  /** Measured means, ms. */
  readonly ttftMs: number;
  readonly tpotMs: number;
};

/** Files whose batch and concurrency columns the data's notes call inconsistent (SOURCES.md, 8). */
const INCONSISTENT = /^gap\/.*nvidia_(Qwen3-32B-NVFP4|Llama-3\.1-8B-Instruct-FP8)\.csv$/;

/**
 * With as many places in the engine as clients nobody queues for long: a first token that takes this
 * many times the whole decode contradicts the concurrency (assumption; a KV shortage that made a
 * request wait that long would leave less than a third of the clients running).
 */
const WAIT_OVER_DECODE = 2;

/**
 * Repeated runs of one configuration scatter by some 5 % in their median TTFT (data's notes on method);
 * one that is this many times slower than the others stalled.
 */
const STALL_OVER_USUAL = 3;
/** Runs of a configuration from which its usual time is known. */
const REPEATS_MIN = 3;

/** Which of the repeated measurements of one configuration are of stalled runs. */
export function stalledAmong(ttftMs: readonly number[]): boolean[] {
  const known = Float64Array.from(ttftMs.filter((ms) => ms > 0)).sort();
  if (known.length < REPEATS_MIN) return ttftMs.map(() => false);
  const usual = quantile(known, 0.5);
  return ttftMs.map((ms) => ms > STALL_OVER_USUAL * usual);
}

/**
 * Identical runs scatter by 1.6 % in their time per token (p90, data's notes on method). One that is slower by
 * more than this than the same configuration with more clients was disturbed: nothing makes tokens come
 * quicker with more of them. Assumption: six times the scatter.
 */
const SLOWER_WITH_FEWER = 1.1;

/** What is measured of one configuration under a load. */
export type LoadPoint = { readonly clients: number; readonly tpotMs: number };

/** Which runs of one configuration were slower than another with more clients. */
export function slowerWithFewer(runs: readonly LoadPoint[]): boolean[] {
  return runs.map(({ clients, tpotMs }) =>
    runs.some((other) => other.clients > clients && tpotMs > SLOWER_WITH_FEWER * other.tpotMs),
  );
}

/** Why a record cannot be right, in words; undefined: no contradiction. */
export function contradiction(row: LoadRecord): string | undefined {
  if (INCONSISTENT.test(row.source)) {
    return "batch and concurrency are inconsistent, as the data's notes say";
  }
  const { batch, dp, concurrency } = row;
  if (Number.isFinite(batch) && batch !== concurrency && batch * dp !== concurrency) {
    return "the batch is neither that of all ranks nor that of one";
  }
  const decodeMs = row.tpotMs * (row.output - 1);
  if (
    row.source.startsWith("gap/") === false &&
    row.maxNumSeqs >= concurrency &&
    row.ttftMs > WAIT_OVER_DECODE * decodeMs
  ) {
    return "requests waited longer than they ran although the engine had a place for every client";
  }
  return undefined;
}
