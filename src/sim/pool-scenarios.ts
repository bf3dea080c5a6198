/** A scenario of several pools, seen from each of them: the scenario it would be if its workers were all. */

import type { Problem } from "../core/index.ts";
import { withOverrides } from "./backend-defaults.ts";
import type { PoolKnobs, Scenario } from "./scenario.ts";
import { ranksOf } from "./worker-knobs.ts";

/** Name of the only pool of a scenario that names none. */
const POOL_DEFAULT = "workers";

/** The pools of a scenario; one that names none has its `cluster.workers` as one mixed pool. */
export function poolsOf({ cluster }: Scenario): readonly PoolKnobs[] {
  if (cluster.pools.length > 0) return cluster.pools;
  return [
    {
      name: POOL_DEFAULT,
      role: "mixed",
      workers: cluster.workers,
      gpu: null,
      parallelism: {},
      gpus_per_worker: cluster.gpus_per_worker,
      engine: {},
      labels: [],
    },
  ];
}

/**
 * For each pool the scenario with that pool's GPU, parallelism and engine in place of the scenario's own: what resolves one
 * engine resolves each of them.
 */
export function poolScenarios(scenario: Scenario): readonly Scenario[] {
  if (scenario.cluster.pools.length === 0) return [scenario];
  return scenario.cluster.pools.map((pool) => poolScenario(scenario, pool));
}

function poolScenario(scenario: Scenario, pool: PoolKnobs): Scenario {
  const splits = Object.keys(pool.parallelism).length > 0;
  return {
    ...scenario,
    gpu: pool.gpu ?? scenario.gpu,
    cluster: {
      workers: pool.workers,
      parallelism: { ...scenario.cluster.parallelism, ...pool.parallelism },
      // The cluster's figure is of the cluster's parallelism.
      gpus_per_worker: pool.gpus_per_worker ?? (splits ? null : scenario.cluster.gpus_per_worker),
      pools: [],
      fabric: null,
      encoders: null,
    },
    engine: withOverrides(scenario.engine, pool.engine),
  };
}

/** Attention ranks of a worker that route, queue and cache for themselves; 1: they do all that together. */
export function ranksApart({ cluster, engine }: Scenario): number {
  return engine.data_ranks === "apart" ? cluster.parallelism.data : 1;
}

/** How many workers with a scheduler and a KV pool of their own a pool has: its workers, or their ranks. */
export function enginesOf(own: Scenario): number {
  return own.cluster.workers * ranksApart(own);
}

/** GPUs of each of them. */
export function gpusOfEngine(own: Scenario): number {
  const gpus = own.cluster.gpus_per_worker ?? ranksOf(own);
  return gpus / ranksApart(own);
}

/** A fault of the scenario as pool `index` has it, with the pool named. */
export function atPool(scenario: Scenario, index: number, problem: Problem): Problem {
  const pool = scenario.cluster.pools[index];
  if (pool === undefined) return problem;
  const place = `cluster.pools.${String(index)}`;
  const where = problem.where === undefined ? place : `${place}: ${problem.where}`;
  return { ...problem, what: `pool ${pool.name}: ${problem.what}`, where };
}
