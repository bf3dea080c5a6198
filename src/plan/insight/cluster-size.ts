/** Sums over a cluster's pools: a scenario without pools has one. */

import type { Report } from "../../sim/index.ts";

export type ClusterSize = {
  readonly workers: number;
  readonly gpus: number;
  readonly kvBlocks: number;
  readonly kvTokens: number;
  /** Requests that all batches hold together. */
  readonly seats: number;
};

export function clusterSize({ pools }: Pick<Report, "pools">): ClusterSize {
  const sums = { workers: 0, gpus: 0, kvBlocks: 0, kvTokens: 0, seats: 0 };
  for (const { workers, gpus, engine } of pools) {
    sums.workers += workers;
    sums.gpus += gpus;
    sums.kvBlocks += workers * engine.kvBlocksPerWorker;
    sums.kvTokens += workers * engine.kvTokensPerWorker;
    sums.seats += workers * engine.maxNumSeqs;
  }
  return sums;
}
