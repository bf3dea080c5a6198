/** Memory of a decode worker that runs short while prompts computed elsewhere land behind one that it computes itself. */

import { expect, test } from "vitest";
import { scenarioSchema } from "../../src/sim/index.ts";
import { traceOf } from "../support/small-scenarios.ts";
import { simulate } from "../support/simulate.ts";

test("a prompt that takes blocks from one that landed after it gives back all that one held", () => {
  const lengths = [
    [115, 198],
    [28, 367],
    [15, 191],
    [98, 40],
    [51, 366],
    [146, 104],
  ] as const;
  const trace = traceOf(lengths.map(([input, output]) => ({ at: 0, input, output })));
  const scenario = scenarioSchema.parse({
    cluster: {
      pools: [
        { name: "prompts", role: "prefill", workers: 1 },
        { name: "answers", role: "decode", workers: 1 },
      ],
    },
    engine: {
      block_size: 1,
      num_gpu_blocks: 720,
      max_num_batched_tokens: 256,
      enable_prefix_caching: false,
      // Lets a preempted request in with part of its prompt, so that others land behind it.
      scheduler_reserve_full_isl: false,
      // Quick steps: prompts land while others still decode.
      step_time: {
        type: "linear",
        base_us: 1,
        prefill_fixed_us: 0,
        token_us: 0,
        pair_us: 0,
        decode_request_us: 0,
        decode_context_us: 0,
      },
    },
    disagg: {
      first_token: "handed_over",
      bandwidth_gb_per_s: 0.05,
      control_us: 1,
      setup_us: 0,
      timeout_s: 480,
    },
  });
  const step = simulate({ scenario, trace }, { auditEvery: 1, stepByStep: true }).report;
  const fast = simulate({ scenario, trace }, { auditEvery: 1 }).report;
  expect(step.kv.preemptions).toBeGreaterThan(0);
  expect(fast.requests.completed).toBe(lengths.length);
  expect(fast.digest).toBe(step.digest);
});
