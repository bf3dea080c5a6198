/**
 * What a router reads when a request comes at the very end of a step: the step is done and the next one has not begun. Steps
 * and arrivals lie on one grid here, so that this happens all the time; elsewhere it hardly ever does.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { traceOf } from "../support/small-scenarios.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

const MS = 1000;

const loads = fc.array(
  fc.record({
    at: fc.nat(60).map((ms) => ms * MS),
    input: fc.integer({ min: 1, max: 12 }),
    output: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 4, maxLength: 40 },
);

const routers: fc.Arbitrary<ScenarioInput["router"]> = fc.constantFrom(
  { policy: "llm_d" },
  { policy: "least_loaded", knobs: { scraped: 1 } },
  { policy: "dynamo_kv", knobs: { track_output_blocks: 1 } },
);

const pools = fc.constantFrom(
  [],
  [
    { name: "prompts", role: "prefill" as const, workers: 2 },
    { name: "answers", role: "decode" as const, workers: 3 },
  ],
);

const drafts = fc.constantFrom(null, {
  kind: "mtp" as const,
  num_speculative_tokens: 3,
  acceptance_rates: 0.7,
});

test(
  "routers read the same in both modes when requests come at the end of a step",
  () => {
    let met = 0;
    fc.assert(
      fc.property(loads, routers, pools, drafts, (load, router, clusterPools, speculation) => {
        const trace = traceOf(load.toSorted((a, b) => a.at - b.at));
        const scenario = scenarioSchema.parse({
          cluster: { workers: 3, pools: clusterPools },
          disagg: { control_us: MS, setup_us: 0, bandwidth_gb_per_s: 1000 },
          engine: {
            block_size: 2,
            num_gpu_blocks: 2000,
            speculation,
            step_time: { type: "fixed", prefill_ms: 2, decode_ms: 1 },
          },
          router,
        });
        const fast = simulate({ scenario, trace }, { requests: true, auditEvery: 1 });
        const steps = simulate({ scenario, trace }, { requests: true, stepByStep: true });
        expect(fast.requests).toEqual(steps.requests);
        expect(fast.report.digest).toBe(steps.report.digest);
        // Arrivals during another request's answer, whose steps end on the same grid.
        const { firstTokenUs, finishUs } = fast.requests!;
        for (const { at } of load) {
          if (firstTokenUs.some((first, i) => first < at && at < finishUs[i]!)) met++;
        }
      }),
      lawRuns(150),
    );
    expect(met).toBeGreaterThan(1000);
  },
  LAW_TIMEOUT_MS,
);
