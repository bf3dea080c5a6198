/** Random small clusters of prefill and decode pools: every way of handing over, memory that runs short on either side. */

import fc from "fast-check";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { randomRuns } from "./random-scenario.ts";
import type { RandomRun } from "./random-scenario.ts";

const ways = fc.record({
  dispatch: fc.constantFrom("auto", "sync", "bootstrap", "push"),
  reserve: fc.constantFrom("auto", "auto", "source_first"),
  first_token: fc.constantFrom("auto", "decode_step", "handed_over"),
  transfer: fc.constantFrom("destination_missing", "full_prompt"),
  /** Where the way of handing over allows it. */
  layer_wise: fc.boolean(),
  encryption_bytes_per_s: fc.constantFrom(null, null, 5e7),
  bandwidth_gb_per_s: fc.constantFrom(0.05, 1, 50),
  setup_us: fc.constantFrom(0, 100, 20_000.5),
  control_us: fc.constantFrom(1, 1000, 30_000),
  timeout_s: fc.constantFrom(0.02, 0.5, 480),
  fallback: fc.constantFrom("local", "local", "fail"),
  conversion_gb_per_s: fc.constantFrom(null, 0.1, 1000),
  staging_blocks: fc.constantFrom(null, null, 1, 20),
  conditional: fc.record({
    policy: fc.constantFrom(null, null, "isl_bounding", "prefill_load", "isl_or_load"),
    decode_busy_threshold: fc.constantFrom(null, null, 0.3),
  }),
}) as fc.Arbitrary<ScenarioInput["disagg"]>;

const shapes = fc.record({
  prefill: fc.integer({ min: 1, max: 3 }),
  decode: fc.integer({ min: 1, max: 3 }),
  /** Decode pools, and how much smaller the prefill workers' memory is. */
  pools: fc.integer({ min: 1, max: 2 }),
  share: fc.constantFrom(1, 0.5, 0.2),
  timeout: fc.constantFrom(null, null, null, 0.4),
  /** Ranks of a prefill worker. */
  tensor: fc.constantFrom(1, 1, 2),
});

/** Knobs with which a policy of conditional disaggregation says now yes, now no, on small prompts. */
function knobsOf(policy: string | null | undefined): Record<string, number> {
  const isl = { effective_tokens: 200, effective_share: 1.5 };
  const load = { prefill_busy_threshold: 0.5 };
  if (policy === "isl_bounding") return isl;
  if (policy === "prefill_load") return load;
  return policy === "isl_or_load" ? { ...isl, ...load } : {};
}

/** Any disaggregated scenario; `disagg` and `cluster` replace those of a random one. */
export const randomClusters: fc.Arbitrary<RandomRun> = fc
  .tuple(randomRuns, ways, shapes)
  .filter(([{ scenario, hardware }]) => {
    return scenario.engine.scheduler !== "static" && hardware === undefined;
  })
  .map(([run, disagg, shape]) => {
    const { engine } = run.scenario;
    const blocks = engine.num_gpu_blocks ?? 100;
    const least = Math.ceil((engine.max_model_len ?? 0) / engine.block_size) + 1;
    const small = { num_gpu_blocks: Math.max(2, least, Math.floor(blocks * shape.share)) };
    const prefill = {
      name: "p",
      role: "prefill",
      workers: shape.prefill,
      engine: small,
      parallelism: { tensor: shape.tensor },
    } as const;
    const decode = Array.from({ length: shape.pools }, (_, i) => {
      return { name: `d${i}`, role: "decode", workers: shape.decode } as const;
    });
    const conditional = { ...disagg!.conditional, knobs: knobsOf(disagg!.conditional?.policy) };
    const { dispatch, reserve, layer_wise: layers } = disagg!;
    const asksFirst =
      dispatch === "push" ||
      (reserve === "auto" &&
        (dispatch === "bootstrap" || (dispatch === "auto" && engine.scheduler === "sglang")));
    const scenario = scenarioSchema.parse({
      ...run.scenario,
      clients: { timeout_s: shape.timeout },
      disagg: { ...disagg, conditional, layer_wise: layers === true && asksFirst },
      cluster: {
        pools: shape.pools === 1 ? [prefill, ...decode] : [decode[0], prefill, decode[1]],
      },
    });
    return { ...run, scenario };
  });
