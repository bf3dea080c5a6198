/** A pool: workers that are all alike, of one role. */

import type { PassMeter } from "./pass-meter.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import type { ResolvedEngine } from "./resolve-engine.ts";
import type { PoolRole, Scenario } from "./scenario.ts";
import type { TierSystem } from "./tiers/tier-system.ts";
import type { Worker } from "./worker.ts";

/** GPUs among which the keys and values of one request are split. */
export function gpuRanks({ scenario }: Pool): number {
  const { tensor, pipeline } = scenario.cluster.parallelism;
  return tensor * pipeline;
}

/** The workers of all pools in the order of their numbers. */
export function workersByNumber(pools: readonly Pool[]): readonly Worker[] {
  return pools.flatMap(({ workers }) => workers).toSorted((a, b) => a.id - b.id);
}

export type Pool = {
  readonly index: number;
  readonly name: string;
  readonly role: PoolRole;
  /** The scenario as it is for this pool's workers. */
  readonly scenario: Scenario;
  readonly engine: ResolvedEngine;
  /** Prefixes of the trace in blocks of this engine's size. */
  readonly forest: PrefixForest;
  /** Undefined: nothing is known of the power of its GPUs. */
  readonly meter: PassMeter | undefined;
  /** Those that route, queue and cache for themselves: each attention rank where ranks are apart. */
  readonly workers: readonly Worker[];
  /** How many of them go in lock step as the ranks of one engine; 1: each by itself. */
  readonly ranks: number;
  /** Number of its first worker as the scenario counts them, whatever ranks they have. */
  readonly firstWorker: number;
  /** KV tiers below the workers' memory; undefined: none. */
  readonly tiers: TierSystem | undefined;
};
