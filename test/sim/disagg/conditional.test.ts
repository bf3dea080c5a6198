/** Conditional disaggregation worked out by hand: who takes the hop, who stays, and why. */

import { expect, test } from "vitest";
import { parseScenario } from "../../../src/sim/index.ts";
import type { ScenarioInput, SimulationResult } from "../../../src/sim/index.ts";
import type { Trace } from "../../../src/trace/index.ts";
import { simulate } from "../../support/simulate.ts";
import { traceOf } from "../../support/small-scenarios.ts";

/** A step: 1 ms, 10 µs a prompt token, 100 µs a decoding request. */
const STEP = {
  type: "linear",
  base_us: 1000,
  token_us: 10,
  decode_request_us: 90,
  decode_context_us: 0,
} as const;

/** A token takes 1 µs on the way. Set-up 50 µs, a message 5 µs. */
const LINKS = {
  kv_bytes_per_token: 1000,
  bandwidth_gb_per_s: 1,
  setup_us: 50,
  control_us: 5,
} as const;

type Conditional = NonNullable<ScenarioInput["disagg"]>["conditional"];

function scenarioWith(conditional: Conditional, sections: Partial<ScenarioInput> = {}) {
  const engine = { num_gpu_blocks: 1000 };
  return parseScenario({
    cluster: {
      pools: [
        { name: "p", role: "prefill", engine },
        { name: "d", role: "decode", engine },
      ],
    },
    engine: { step_time: STEP, block_size: 10, max_num_batched_tokens: 1000, max_num_seqs: 10 },
    disagg: { ...LINKS, conditional },
    ...sections,
  });
}

function run(trace: Trace, conditional: Conditional, sections: Partial<ScenarioInput> = {}) {
  const parsed = scenarioWith(conditional, sections);
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const inputs = { scenario: parsed.value, trace };
  const result = simulate(inputs, { requests: true });
  const steps = simulate(inputs, { requests: true, stepByStep: true });
  expect(steps.report.digest).toBe(result.report.digest);
  return result as Required<SimulationResult>;
}

const timesOf = ({ requests }: Required<SimulationResult>) => [
  Array.from(requests.firstTokenUs),
  Array.from(requests.finishUs),
];
const prompts = (count: number) =>
  traceOf(Array.from({ length: count }, () => ({ at: 0, input: 100, output: 3 })));

test("a short prompt stays: its decode worker computes it as a mixed one would", () => {
  const knobs = { effective_tokens: 101, effective_share: 1.5 };
  const result = run(prompts(1), { policy: "isl_bounding", knobs });
  // 1000 + 100 · 10; then two steps of 1100.
  expect(timesOf(result)).toEqual([[2000], [4200]]);
  expect(result.report.disagg).toMatchObject({ handoffs: 0, fallbacks: 0, bytes: 0 });
  expect(result.report.disagg!.conditional).toEqual({
    policy: "isl_bounding",
    bypassedShort: 1,
    bypassedPrefillBusy: 0,
    vetoed: 0,
    promptTokens: 100,
    cachedTokens: 0,
  });
  // One token more than the bound, and it takes the hop as if nothing had been asked.
  const hop = run(prompts(1), {
    policy: "isl_bounding",
    knobs: { ...knobs, effective_tokens: 100 },
  });
  expect(timesOf(hop)).toEqual([[3255], [5455]]);
});

test("a prompt that the decode worker has mostly cached stays, under Dynamo's own bounds", () => {
  const first = Array.from({ length: 10 }, (_, id) => id);
  const trace = traceOf(
    [
      { at: 0, input: 100, output: 3, ids: first },
      { at: 10_000, input: 120, output: 3, ids: [...first, 10, 11] },
    ],
    10,
  );
  const router = { policy: "dynamo_kv" };
  // 100 of 100 to compute are no less than 0.7; 20 of 120 are: 1000 + 20 · 10, then two steps.
  const result = run(trace, { policy: "isl_bounding" }, { router });
  expect(timesOf(result)).toEqual([
    [3255, 11_200],
    [5455, 13_400],
  ]);
  const { conditional, handoffs } = result.report.disagg!;
  expect(handoffs).toBe(1);
  expect(conditional).toMatchObject({ bypassedShort: 1, promptTokens: 120, cachedTokens: 100 });
  // Events that are not told yet do not count.
  const late = run(
    trace,
    { policy: "isl_bounding" },
    { router: { ...router, kv_event_delay_s: 1 } },
  );
  expect(late.report.disagg!.conditional!.bypassedShort).toBe(0);
  // A router without an index knows of no cache.
  const blind = run(trace, { policy: "isl_bounding" }, { router: { policy: "round_robin" } });
  expect(blind.report.disagg!.conditional!.bypassedShort).toBe(0);
});

test("behind a busy prefill worker a prompt stays", () => {
  // Booked before the third: 200 of 1000 tokens, more than 0.15.
  const knobs = { prefill_busy_threshold: 0.15 };
  const result = run(prompts(3), { policy: "prefill_load", knobs });
  // The two: computed at 3000, with memory when the third's step ends at 3100, there at 3250, in the batch when its last ends at
  // 4200: steps of 1200.
  expect(timesOf(result)).toEqual([
    [5400, 5400, 2000],
    [7800, 7800, 4200],
  ]);
  expect(result.report.disagg!.conditional).toMatchObject({
    bypassedShort: 0,
    bypassedPrefillBusy: 1,
  });
  const either = run(prompts(3), { policy: "isl_or_load", knobs });
  expect(timesOf(either)).toEqual(timesOf(result));
});

test("a prefill worker is busy where the router's queue says so, and with what waits there", () => {
  // Two are booked, 100 and 100 of 1000 tokens; the third would make them wait.
  const queue = { prefill_busy_threshold_frac: 0.15 };
  const own = run(prompts(3), { policy: "prefill_load" }, { router: { queue } });
  expect(own.report.disagg!.conditional).toMatchObject({ bypassedPrefillBusy: 1 });
  // A threshold of its own beyond the queue's: 200 booked, and so much waits that the fifth finds more than 350.
  const knobs = { prefill_busy_threshold: 0.35 };
  const beyond = run(prompts(5), { policy: "prefill_load", knobs }, { router: { queue } });
  expect(beyond.report.disagg!.conditional).toMatchObject({ bypassedPrefillBusy: 1 });
  expect(beyond.report.requests).toMatchObject({ completed: 5 });
});

test("a busy decode worker takes no prompts", () => {
  const knobs = { effective_tokens: 101, effective_share: 1.5 };
  const conditional = { policy: "isl_bounding", knobs, decode_busy_threshold: 0.005 };
  // The first books 10 of 1000 blocks. The second is computed at 2000, has memory when the first's step ends at 3100, is there
  // at 3250 and in the batch at 4200, alone: three steps of 1100.
  const result = run(prompts(2), conditional);
  expect(timesOf(result)).toEqual([
    [2000, 5300],
    [4200, 7500],
  ]);
  expect(result.report.disagg!.conditional).toMatchObject({ bypassedShort: 1, vetoed: 1 });
});

test("what cannot be is named", () => {
  const where = (conditional: Conditional, sections: Partial<ScenarioInput> = {}) => {
    const parsed = scenarioWith(conditional, { trace: "t", ...sections });
    return parsed.ok ? undefined : parsed.problem.where;
  };
  expect(where({ policy: "mostly" })).toBe("disagg.conditional.policy");
  expect(where({ policy: "prefill_load", knobs: { effective_tokens: 1 } })).toBe(
    "disagg.conditional.knobs.effective_tokens",
  );
  expect(where({ policy: "isl_or_load" })).toBeUndefined();
  expect(where({ policy: "isl_bounding" }, { cluster: { workers: 2 } })).toBe(
    "disagg.conditional.policy",
  );
});
