/** What it costs that attention ranks wait for each other. */

import type { Pool } from "./pool.ts";
import { RankWorker } from "./rank-worker.ts";
import type { LockStepSummary, Report, WorkerSummary } from "./report.ts";
import { BUSY_US, OUTPUT_TOKENS, PREFILL_TOKENS } from "./worker-counters.ts";

const US_PER_S = 1e6;

/** Of a pool whose ranks are workers of their own; undefined: they are not. */
export function lockStepSummary({ workers, ranks }: Pool): LockStepSummary | undefined {
  const all = workers.filter((worker) => worker instanceof RankWorker);
  if (all.length === 0) return undefined;
  let stepsUs = 0;
  let busyUs = 0;
  let waitedUs = 0;
  let imbalance = 0;
  for (let first = 0; first < all.length; first += ranks) {
    const mates = all.slice(first, first + ranks);
    const tokens = mates.map((one) => one.counter(PREFILL_TOKENS) + one.counter(OUTPUT_TOKENS));
    const sum = tokens.reduce((total, count) => total + count, 0);
    imbalance += sum === 0 ? 1 : (Math.max(...tokens) * ranks) / sum;
    stepsUs += mates[0]!.lockStep!.busyUs;
    for (const mate of mates) {
      busyUs += mate.counter(BUSY_US);
      waitedUs += mate.stretch.waitedUs;
    }
  }
  const share = (us: number): number => (stepsUs === 0 ? 0 : us / (ranks * stepsUs));
  return {
    ranks,
    stepsS: stepsUs / US_PER_S,
    workedShare: share(busyUs - waitedUs),
    waitedShare: share(waitedUs),
    idleShare: share(ranks * stepsUs - busyUs),
    imbalance: (imbalance * ranks) / all.length,
  };
}

/** Which rank of which worker the `row`-th worker of a pool is; nothing for a worker by itself. */
export function rankOf({ ranks, firstWorker }: Pool, row: number): Pick<WorkerSummary, "rankOf"> {
  if (ranks === 1) return {};
  return { rankOf: { worker: firstWorker + Math.floor(row / ranks), rank: row % ranks } };
}

/** A worker's number, or, of an attention rank that is a worker of its own, its worker's and its own: 3.1. */
export function workerName({ workers }: Pick<Report, "workers">, id: number): string {
  const rank = workers.find(({ worker }) => worker === id)?.rankOf;
  return rank === undefined ? String(id) : `${String(rank.worker)}.${String(rank.rank)}`;
}
