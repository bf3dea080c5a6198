/** What the stores of lower tiers tell the routers: at the end of a run their index knows every store to the block. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { TIER_DISK, TIER_HOST, TIER_REMOTE } from "../../src/policies/index.ts";
import { createSimulation, scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { lawRuns } from "../laws/law-runs.ts";
import { randomTierRuns } from "../support/random-tiers.ts";
import { simulate } from "../support/simulate.ts";
import { traceOf } from "../support/small-scenarios.ts";

const TIER_OF: Readonly<Record<string, number>> = {
  g2: TIER_HOST,
  g3: TIER_DISK,
  g4: TIER_REMOTE,
};

test("an index that is told everything knows every store", () => {
  let known = 0;
  fc.assert(
    fc.property(randomTierRuns, fc.integer({ min: 1, max: 2 }), (run, replicas) => {
      const router = { policy: "dynamo_kv", kv_event_delay_s: 0.01, replicas };
      const scenario = scenarioSchema.parse({ ...run.scenario, router });
      const created = createSimulation({ ...run, scenario });
      if (!created.ok) throw new Error(created.problem.what);
      const simulation = created.value;
      while (simulation.advance(1_000_000));
      simulation.finish(0);
      const { door } = simulation["desks"];
      if (door.watcher === undefined) return;
      const { tellers } = door.watcher;
      const pools = simulation.pools.filter(({ role }) => role !== "decode");
      for (const replica of door.replicas) {
        replica.catchUp(Infinity);
        const { index } = replica.state;
        pools.forEach(({ tiers, forest }, pool) => {
          tiers?.stores.levels.forEach((stores, level) => {
            const tier = TIER_OF[tiers.settings.levels[level]!.name]!;
            stores.forEach((store, i) => {
              const holder = tellers.holder[tellers.teller(pool, level, i)]!;
              for (let node = 0; node < forest.nodes; node++) {
                expect(index.get(tier, holder, node)).toBe(store.readable(node));
                known += store.readable(node);
              }
            });
          });
        });
      }
    }),
    lawRuns(100),
  );
  expect(known).toBeGreaterThan(500);
}, 120_000);

/** A prompt of 32 blocks comes, others push it out of the one GPU's pool that had it, and it comes again. */
test("a prompt goes back to the worker whose host memory still has it", () => {
  const ids = (first: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => first + i);
  const rows = [
    { at: 0, input: 513, output: 2, ids: ids(0, 32) },
    { at: 1_000_000, input: 513, output: 2, ids: ids(100, 32) },
    { at: 2_000_000, input: 513, output: 2, ids: ids(200, 32) },
    { at: 3_000_000, input: 513, output: 2, ids: ids(300, 32) },
    { at: 9_000_000, input: 513, output: 2, ids: ids(0, 32) },
  ];
  const found = (seed: number, router: ScenarioInput["router"]): number => {
    const scenario = scenarioSchema.parse({
      seed,
      cluster: { workers: 2 },
      engine: { block_size: 16, num_gpu_blocks: 33 },
      kv: {
        tiers: [{ level: "g2", capacity_blocks: 1000, offload: "pass_all" }],
        bytes_per_token: 1000,
        host_bytes_per_s: 1e9,
        onboard: "always",
      },
      router: { policy: "dynamo_kv", ...router },
    });
    const { g1, g2 } = simulate({ scenario, trace: traceOf(rows, 16) }).report.kv.tokensBySource!;
    // One GPU may have been spared by the tosses in between.
    return g1 + g2;
  };
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const seed of seeds) expect(found(seed, {})).toBe(512);
  // Nobody hears of it, or only too late: the workers look alike.
  for (const router of [{ kv_event_tiers: false }, { kv_event_delay_s: 60 }]) {
    expect(new Set(seeds.map((seed) => found(seed, router)))).toEqual(new Set([0, 512]));
  }
});
