/** Random small clusters in which things break: crashes, drains, silent nodes, slow machines, links that are cut. */

import fc from "fast-check";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { randomClusters } from "./random-cluster.ts";
import { randomFabrics, randomFabricTiers } from "./random-fabric.ts";
import { randomRankClusters, randomRankRuns, randomRankTiers } from "./random-ranks.ts";
import { randomTierRuns } from "./random-tiers.ts";
import { randomRuns } from "./random-scenario.ts";
import type { RandomRun } from "./random-scenario.ts";

type FaultInput = NonNullable<NonNullable<ScenarioInput["faults"]>["events"]>[number];

const kinds = fc.constantFrom(
  ...(["crash", "cold_start", "kill", "drain", "node_loss", "rack_loss", "slow", "link"] as const),
  "metrics_blackout" as const,
  "kv_event_loss" as const,
);

const events = fc.array(
  fc.record({
    kind: kinds,
    at_s: fc.constantFrom(0, 0.01, 0.05, 0.123456, 0.4, 1, 3),
    which: fc.nat(9),
    lasts: fc.constantFrom(undefined, 0.05, 0.7),
    factor: fc.constantFrom(0, 0.5, 1.5, 7),
    grace_s: fc.constantFrom(0, 0.1, 2),
    all: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Links that every fabric of `random-fabric.ts` has. */
const NAMED_LINKS = ["node 0", "node 0 dram", "node 0", "node 0 nvme read", "node 0 nvme write"];

const rules = fc.record({
  crash_per_hour: fc.constantFrom(0, 0, 3000, 30_000),
  slow_per_hour: fc.constantFrom(0, 3000),
  transfer_failure: fc.constantFrom(0, 0.3, 1),
  detection_s: fc.constantFrom(0.001, 0.2, 2),
  connect_error_s: fc.constantFrom(0.000_001, 0.01),
  restart_s: fc.constantFrom(0.01, 0.3, null, null),
  weights_gb: fc.constantFrom(null, 0.05, 3),
  weights_gb_per_s: fc.constantFrom(2, 1000),
  weights_from: fc.constantFrom("auto" as const, "auto" as const, "host" as const, "rate" as const),
  migration_limit: fc.constantFrom(0, 1, 3, 100),
  migration_max_tokens: fc.constantFrom(null, null, 120),
  gpus_per_node: fc.constantFrom(1, 2),
});

/** Clients that send again what failed (0: they do not) and may lose patience, and a door that may be shut to them. */
const around = fc.record({
  retry: fc.record({
    max: fc.constantFrom(0, 0, 1, 3),
    base_s: fc.constantFrom(0.01, 0.5),
    jitter: fc.constantFrom(0, 0.5),
  }),
  ttft_timeout_s: fc.constantFrom(null, null, 0.15, 1),
  admission: fc.constantFrom<NonNullable<ScenarioInput["admission"]>>(
    [],
    [],
    [{ policy: "queue_limit", knobs: { queued_tokens_per_worker: 500 } }],
    [
      { policy: "tenant_limit", knobs: { in_flight: 6 } },
      { policy: "early_rejection", knobs: {} },
    ],
  ),
});

/** What breaks in a run. */
const stormsOver = (runs: fc.Arbitrary<RandomRun>): fc.Arbitrary<RandomRun> =>
  fc
    .tuple(runs, events, rules, around)
    .map(([run, drawn, { crash_per_hour, slow_per_hour, transfer_failure, ...knobs }, outside]) => {
      const { retry, ttft_timeout_s, admission } = outside;
      const { cluster, kv, clients } = run.scenario;
      const handsOver = cluster.pools.length > 0;
      const isLinked =
        handsOver ||
        cluster.fabric !== null ||
        kv.peer_fetch ||
        kv.tiers.some(({ level }) => level === "g4");
      const workers =
        cluster.pools.length === 0
          ? cluster.workers
          : cluster.pools.reduce((sum, pool) => sum + pool.workers, 0);
      const linkOf = (which: number, worker: { readonly worker?: number }) =>
        cluster.fabric === null || which > 4 ? worker : { link: NAMED_LINKS[which]! };
      // Nodes of a fabric that has two or more, whatever the run.
      const nodes = cluster.fabric?.placement === "pools_apart" && handsOver ? 2 : 1;
      const faults: FaultInput[] = drawn.map(
        ({ kind: some, at_s, which, lasts, factor, grace_s, all }) => {
          const kind = some === "link" && !isLinked ? "slow" : some;
          const base = { kind, at_s, ...(lasts === undefined ? {} : { for_s: lasts }) };
          const worker = all ? {} : { worker: which % workers };
          switch (kind) {
            case "node_loss":
              return {
                ...base,
                node:
                  cluster.fabric === null
                    ? Math.floor((which % workers) / knobs.gpus_per_node)
                    : which % nodes,
              };
            case "rack_loss":
              return { ...base, rack: 0 };
            case "slow":
              return { ...base, ...worker, factor: Math.max(0.5, factor) };
            case "link":
              return { ...base, ...linkOf(which, worker), factor: Math.min(1, factor) };
            case "drain":
              return { ...base, ...worker, grace_s };
            case "kv_event_loss":
              return { ...base, ...worker };
            default:
              return kind === "metrics_blackout" ? base : { ...base, ...worker };
          }
        },
      );
      const failures = handsOver ? { transfer_failure } : {};
      const from = cluster.fabric === null ? { weights_from: "rate" as const } : {};
      const rates = { crash_per_hour, slow_per_hour, ...failures, slow_s: 0.2 };
      const scenario = scenarioSchema.parse({
        ...run.scenario,
        clients: { ...clients, ttft_timeout_s, retry },
        admission,
        faults: { ...knobs, ...from, events: faults, rates, startup_s: 0.1 },
      });
      return { ...run, scenario };
    });

/** Runs with ranks apart, which die together. */
export const randomRankStorms = stormsOver(
  fc.oneof(randomRankRuns, randomRankClusters, randomRankTiers),
);

/** Any run of which some workers die. */
export const randomStorms = stormsOver(fc.oneof(randomRuns, randomClusters));

/** The same on fabrics, whose links are cut too. */
export const randomFabricStorms = stormsOver(randomFabrics);

/** The same with KV tiers below the workers, over links of their own and over fabrics. */
export const randomTierStorms = stormsOver(fc.oneof(randomTierRuns, randomFabricTiers));
