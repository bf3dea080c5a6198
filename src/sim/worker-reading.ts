/** What a worker holds and has done at any instant, a run in progress included. Reading disturbs nothing. */

import { OUTPUT_TOKENS } from "./worker-counters.ts";
import type { Worker } from "./worker.ts";

/** Output tokens out at `nowUs`. */
export function outputTokensAt(worker: Worker, nowUs: number): number {
  const { batch } = worker;
  const tokens = (batch.demand.requests - batch.doneCount) * worker.stepsDone(nowUs);
  return worker.counter(OUTPUT_TOKENS) + tokens;
}

/** Blocks held by running requests at `nowUs`, with those of steps that begin then; `before`: without these. */
export function blocksUsedAt(worker: Worker, nowUs: number, before = false): number {
  const { batch, stretch } = worker;
  let done = worker.stepsDone(nowUs);
  if (before && stretch.timeAt(batch.decodeSteps - stretch.anchorStep + done) === nowUs) done--;
  if (done <= 0) return batch.pool.used;
  // The first step's blocks are taken already; those of the step in progress too.
  return batch.pool.used + batch.blocksAfter(done).blocks;
}

/** Blocks kept for reuse at `nowUs`. */
export function blocksCachedAt(worker: Worker, nowUs: number): number {
  const { pool } = worker.batch;
  const taken = blocksUsedAt(worker, nowUs) - pool.used;
  return pool.cached - Math.max(0, taken - pool.free);
}
