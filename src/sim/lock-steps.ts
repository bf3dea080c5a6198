/** The groups of workers of all pools whose steps are one. */

import type { DueList } from "./due-list.ts";
import { LockStep } from "./lock-step.ts";
import { RankWorker } from "./rank-worker.ts";
import type { Worker } from "./worker.ts";

/** Groups of each pool's workers, as many as it has ranks to a worker; none where workers go by themselves. */
export function lockStepsOf(
  pools: readonly { readonly ranks: number; readonly workers: readonly Worker[] }[],
  due: DueList,
): readonly LockStep[] {
  const groups: LockStep[] = [];
  for (const { ranks, workers } of pools) {
    const all = workers.filter((worker) => worker instanceof RankWorker);
    for (let i = 0; i < all.length; i += ranks) {
      groups.push(new LockStep(all.slice(i, i + ranks), due));
    }
  }
  return groups;
}
