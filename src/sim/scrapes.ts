/** What routers read off their workers' metrics. */

import type { Stream } from "../core/index.ts";
import type { RouterReplica } from "./router-replica.ts";
import { blocksUsedAt } from "./worker-reading.ts";
import type { Worker } from "./worker.ts";

type Scrape = {
  /** Share of the workers that do not answer. */
  readonly loss: number;
  readonly random: Stream;
  readonly nowUs: number;
  /** Whether the workers have not started the steps that start at `nowUs`. */
  readonly before: boolean;
};

/** Writes every worker's counts into the views of all processes. */
export function readWorkers(
  workers: readonly Worker[],
  replicas: readonly RouterReplica[],
  { loss, random, nowUs, before }: Scrape,
): void {
  for (let local = 0; local < workers.length; local++) {
    if (loss > 0 && random.next() < loss) continue;
    const worker = workers[local]!;
    const used = blocksUsedAt(worker, nowUs, before);
    for (const { state } of replicas) {
      const { scraped } = state;
      scraped.atUs[local] = nowUs;
      scraped.running[local] = worker.batch.runningCount;
      scraped.waiting[local] = worker.batch.queuedCount;
      scraped.kvBlocksUsed[local] = used;
    }
  }
}
