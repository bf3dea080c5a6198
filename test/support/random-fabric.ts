/** Random small clusters of prefill and decode pools on random fabrics: slow links, caps, oversubscription, workers split over nodes. */

import fc from "fast-check";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { deck } from "../hardware/kernels-support.ts";
import { randomClusters } from "./random-cluster.ts";
import type { RandomRun } from "./random-scenario.ts";
import { randomTierRuns } from "./random-tiers.ts";
import type { TierRun } from "./random-tiers.ts";

type FabricInput = NonNullable<NonNullable<ScenarioInput["cluster"]>["fabric"]>;

const fabrics = fc.record({
  network: fc.constantFrom(null, "ethernet-25", "ib-ndr400", "roce-100"),
  placement: fc.constantFrom("pack", "pools_apart"),
  rails: fc.boolean(),
  nodes_per_leaf: fc.constantFrom(1, 32),
  oversubscription: fc.constantFrom(1, 1, 8),
  sharing: fc.constantFrom("fair", "fair", "fair", "none"),
  transfers_per_worker: fc.constantFrom(null, 1, 2),
  setup_us: fc.constantFrom(0, 385, 5000),
}) as fc.Arbitrary<FabricInput>;

const around = fc.record({
  fabric: fabrics,
  gpu: fc.constantFrom("h100-sxm", "l40s"),
  tensor: fc.constantFrom(1, 2, 4),
  data: fc.constantFrom(1, 1, 2),
  /** Large enough that transfers take as long as steps. */
  kvBytes: fc.constantFrom(131_072, 4_000_000, 40_000_000),
});

const tiersAround = fc.record({
  fabric: fabrics,
  tensor: fc.constantFrom(1, 2),
  tokenBytes: fc.constantFrom(1000, 1000, 100_000, 4_000_000),
  /** Whether the tiers' rates are the fabric's own. */
  isPlain: fc.boolean(),
  /** Prefill workers beside as many decode workers; 0: mixed ones. */
  prefill: fc.constantFrom(0, 0, 1, 2),
});

/** Any tiers on a fabric, of mixed workers or of prefill workers whose hand-offs cross the same links. */
export const randomFabricTiers: fc.Arbitrary<TierRun> = fc
  .tuple(randomTierRuns, tiersAround)
  .filter(([{ scenario, hardware }]) => {
    return hardware === undefined && scenario.engine.scheduler !== "static";
  })
  .map(([run, { fabric, tensor, tokenBytes, isPlain, prefill }]) => {
    const { cluster, kv } = run.scenario;
    const tiers = kv.tiers.map((tier) => {
      return isPlain ? { ...tier, read_bytes_per_s: null, write_bytes_per_s: null } : tier;
    });
    const pools = [
      { name: "p", role: "prefill", workers: prefill },
      { name: "d", role: "decode", workers: prefill },
    ] as const;
    const scenario = scenarioSchema.parse({
      ...run.scenario,
      gpu: "h100-sxm",
      kv: { ...kv, tiers, bytes_per_token: tokenBytes },
      disagg: { kv_bytes_per_token: tokenBytes },
      cluster: {
        ...cluster,
        gpus_per_worker: tensor,
        ...(prefill === 0 ? {} : { pools }),
        fabric: { ...fabric, store: "object-store" },
      },
    });
    return { ...run, scenario, hardware: { deck } };
  });

/** Short prompts take the hop too: they are what moves. */
const HOPS_ONLY = { conditional: { policy: null } };

/** Any disaggregated scenario, on a fabric. */
export const randomFabrics: fc.Arbitrary<RandomRun> = fc
  .tuple(randomClusters, around)
  .map(([run, { fabric, gpu, tensor, data, kvBytes }]) => {
    const { cluster, disagg } = run.scenario;
    const keeps = disagg.conditional.policy === "prefill_load";
    const scenario = scenarioSchema.parse({
      ...run.scenario,
      gpu,
      cluster: { ...cluster, gpus_per_worker: tensor * data, fabric },
      disagg: { ...disagg, kv_bytes_per_token: kvBytes, ...(keeps ? {} : HOPS_ONLY) },
    });
    return { ...run, scenario, hardware: { deck } };
  });
