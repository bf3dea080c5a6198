/** Random scenarios whose workers' attention ranks are workers of their own, in lock step. */

import fc from "fast-check";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { randomClusters } from "./random-cluster.ts";
import { randomFabrics, randomFabricTiers } from "./random-fabric.ts";
import { randomRuns } from "./random-scenario.ts";
import type { RandomRun } from "./random-scenario.ts";
import { randomTierRuns } from "./random-tiers.ts";

const around = fc.record({
  ranks: fc.constantFrom(2, 3, 8),
  async_scheduling: fc.constantFrom(null, true),
  ingest_us_per_token: fc.constantFrom(null, null, 0.5, 30),
  scheduler_recv_interval: fc.constantFrom(1, 1, 7),
  timeout_s: fc.constantFrom(null, null, 0.3, 2),
  rank: fc.constantFrom(null, null, 0, 1),
});

/** Pools whose own split would leave them without ranks. */
function withRanks(
  { pools, ...cluster }: RandomRun["scenario"]["cluster"],
  data: number,
): ScenarioInput["cluster"] {
  const gpus = cluster.gpus_per_worker;
  return {
    ...cluster,
    gpus_per_worker: gpus === null ? null : gpus * data,
    parallelism: { ...cluster.parallelism, data },
    pools: pools.map((pool) => ({ ...pool, parallelism: { ...pool.parallelism, data } })),
  };
}

/** Runs of any kind, with ranks apart. Engines whose machine has ranks keep their number. */
function apart(runs: fc.Arbitrary<RandomRun>): fc.Arbitrary<RandomRun> {
  return fc
    .tuple(runs, around)
    .filter(([{ scenario }]) => !isDense(scenario.model))
    .map(([run, { ranks, rank, timeout_s, ...engine }]) => {
      const { scenario } = run;
      const { data, tensor } = scenario.cluster.parallelism;
      const count = data > 1 || scenario.model !== null ? data : ranks;
      const allowed_ranks = rank === null ? null : [rank];
      const rules = scenario.router.rules.map((rule) => ({ ...rule, allowed_ranks }));
      return {
        ...run,
        scenario: scenarioSchema.parse({
          ...scenario,
          cluster: withRanks(scenario.cluster, count === 1 && tensor > 1 ? tensor : count),
          engine: { ...scenario.engine, ...engine, data_ranks: "apart" },
          router: { ...scenario.router, rules },
          clients: { ...scenario.clients, timeout_s: timeout_s ?? scenario.clients.timeout_s },
        }),
      };
    });
}

/** A model without experts has no ranks that wait for each other. */
function isDense(model: string | null): boolean {
  return model !== null && model !== "deepseek-v3";
}

export const randomRankRuns = apart(randomRuns);
export const randomRankClusters = apart(fc.oneof(randomClusters, randomFabrics));
export const randomRankTiers = apart(fc.oneof(randomTierRuns, randomFabricTiers));
