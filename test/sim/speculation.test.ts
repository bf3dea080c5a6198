/** Speculative decoding: pace, hand-worked finishes, exactness in both modes, and its price. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { kernelsStepTime } from "../../src/hardware/index.ts";
import type { Drafts } from "../../src/hardware/index.ts";
import { createSimulation, parseScenario, scenarioSchema } from "../../src/sim/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";
import { DraftLuck, meanTokens } from "../../src/sim/draft-luck.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { hardwareFor } from "../support/hardware.ts";
import { randomRuns } from "../support/random-scenario.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { runBoth, scenarioOf, timesOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

type Knobs = NonNullable<ScenarioInput["engine"]>;
type Speculation = NonNullable<Knobs["speculation"]>;

const MS = 1000;
const one = (input: number, output: number, at = 0): Row => ({ at, input, output });
const drafts = (count: number, rates: number | number[]): Speculation => ({
  kind: "ngram",
  num_speculative_tokens: count,
  acceptance_rates: rates,
});

describe("pace", () => {
  test("1 + a + ab + abc tokens a step", () => {
    expect(meanTokens([])).toBe(1);
    expect(meanTokens([0.5])).toBe(1.5);
    expect(meanTokens([0.5, 0.5, 0.5])).toBe(1.875);
    expect(meanTokens([1, 0, 1])).toBe(2);
  });

  test("a draft by itself at rate a: (1 − a^(k+1)) / (1 − a) tokens a step", () => {
    for (const [a, k] of [
      [0.7, 3],
      [0.9, 8],
      [0.25, 1],
    ] as const)
      expect(meanTokens(Array.from({ length: k }, () => a))).toBeCloseTo(
        (1 - a ** (k + 1)) / (1 - a),
        12,
      );
  });
});

describe("luck", () => {
  const luckOf = (seed: number, rates: readonly number[]): DraftLuck =>
    new DraftLuck(rates, stream(seed, "speculation"));

  test("steps of 1 to k + 1 tokens come as often as the rates say, within five standard errors", () => {
    const ROWS = 2000;
    const STEPS = 200;
    for (const rates of [[0.8], [0.9, 0.7, 0.5], [1, 0.5, 0, 1]]) {
      const luck = luckOf(3, rates);
      const counts = new Float64Array(rates.length + 2);
      for (let row = 0; row < ROWS; row++)
        for (let step = 0; step < STEPS; step++) counts[luck.tokensOf(row, step)]!++;
      let reached = 1;
      rates.concat(0).forEach((rate, accepted) => {
        const share = reached * (1 - rate);
        const error = Math.sqrt((share * (1 - share)) / (ROWS * STEPS));
        expect(Math.abs(counts[accepted + 1]! / (ROWS * STEPS) - share)).toBeLessThanOrEqual(
          5 * error,
        );
        reached *= rate;
      });
    }
  });

  test("neighbours know nothing of each other: by step, by request, by seed", () => {
    const luck = luckOf(7, [0.5]);
    const next = luckOf(8, [0.5]);
    const pairs = { step: 0, row: 0, seed: 0, diagonal: 0 };
    const ROWS = 1000;
    const STEPS = 100;
    for (let row = 0; row < ROWS; row++) {
      for (let step = 0; step < STEPS; step++) {
        const own = luck.tokensOf(row, step);
        if (own === luck.tokensOf(row, step + 1)) pairs.step++;
        if (own === luck.tokensOf(row + 1, step)) pairs.row++;
        if (own === next.tokensOf(row, step)) pairs.seed++;
        if (own === luck.tokensOf(row + 1, step + 1)) pairs.diagonal++;
      }
    }
    const error = 0.5 / Math.sqrt(ROWS * STEPS);
    for (const count of Object.values(pairs))
      expect(Math.abs(count / (ROWS * STEPS) - 0.5)).toBeLessThan(5 * error);
  });

  test("one seed, one luck, in whatever order it is asked", () => {
    const forth = Array.from({ length: 50 }, (_, i) => luckOf(1, [0.6, 0.6]).tokensOf(i, 3 * i));
    const luck = luckOf(1, [0.6, 0.6]);
    const back = Array.from({ length: 50 }, (_, i) => luck.tokensOf(49 - i, 3 * (49 - i)));
    expect(back.toReversed()).toEqual(forth);
  });
});

describe("by hand: 10 ms with a prompt, 1 ms without", () => {
  const times = (speculation: Speculation, rows: readonly Row[], knobs: Knobs = {}) =>
    timesOf(
      runBoth({ scenario: scenarioOf({ speculation, ...knobs }), trace: traceOf(rows) }).requests,
    );

  test("every draft accepted, one draft: two tokens a step", () => {
    expect(times(drafts(1, 1), [one(100, 9)])).toEqual([[10 * MS, 14 * MS]]);
    // Nine tokens after the first: the fifth step gives one that is wanted and one that is not.
    expect(times(drafts(1, 1), [one(100, 10)])).toEqual([[10 * MS, 15 * MS]]);
  });

  test("half of the drafts: as many steps as its luck takes, request by request", () => {
    const speculation = drafts(1, 0.5);
    const luck = new DraftLuck([0.5], stream(1, "speculation"));
    const rows = Array.from({ length: 20 }, (_, i) => one(100, 10, i * 1000 * MS));
    const wanted = rows.map(({ at }, row) => {
      let steps = 0;
      for (let generated = 1; generated < 10; steps++) generated += luck.tokensOf(row, generated);
      return [at + 10 * MS, at + (10 + steps) * MS];
    });
    expect(new Set(wanted.map(([first, last]) => last! - first!)).size).toBeGreaterThan(2);
    expect(times(speculation, rows)).toEqual(wanted);
  });

  test("the report says what the drafts came to: drawn and given, the same in both modes", () => {
    const rates = [0.8, 0.4];
    const luck = new DraftLuck(rates, stream(1, "speculation"));
    const rows = Array.from({ length: 60 }, (_, i) => one(100, 7 + (i % 5), i * 3 * MS));
    let [steps, drawn] = [0, 0];
    for (const [row, { output }] of rows.entries()) {
      for (let generated = 1; generated < output; steps++) {
        const tokens = luck.tokensOf(row, generated);
        drawn += tokens;
        generated += tokens;
      }
    }
    const wanted = rows.reduce((sum, { output }) => sum + output - 1, 0);
    const scenario = scenarioOf({ speculation: drafts(2, rates) });
    for (const stepByStep of [false, true]) {
      const { report } = simulate({ scenario, trace: traceOf(rows) }, { stepByStep });
      const seen = report.pools[0]!.drafts!;
      expect(seen.requestSteps).toBe(steps);
      expect(seen.tokensPerStep).toBe(drawn / steps);
      expect(seen.tokensGivenPerStep).toBe(wanted / steps);
      const { tokensPerStep } = report.engine.speculation!;
      expect(Math.abs(seen.tokensPerStep - tokensPerStep)).toBeLessThan(0.2);
      expect(seen.tokensGivenPerStep).toBeLessThan(seen.tokensPerStep);
    }
    const plain = simulate({ scenario: scenarioOf({}), trace: traceOf(rows) });
    expect(plain.report.pools[0]!.drafts).toBe(null);
  });

  test("requests of one length end apart: the time of a token has a tail", () => {
    const rows = Array.from({ length: 400 }, (_, i) => one(100, 41, i * 1000 * MS));
    const scenario = scenarioOf({ speculation: drafts(1, 0.5) });
    const { tpotMs } = runBoth({ scenario, trace: traceOf(rows) }).report.latency;
    // 40 tokens at 1.5 a step: 27.0 steps of 1 ms on average, give or take 0.33 × √26.7 = 1.7.
    expect(tpotMs.mean).toBeGreaterThan((26.6 + 0.0) / 40);
    expect(tpotMs.mean).toBeLessThan(27.4 / 40);
    expect(tpotMs.p99! - tpotMs.p50!).toBeGreaterThan((2 * 1.7) / 40);
  });

  test("the context grows by the tokens: 1 µs a token of context", () => {
    const step_time = { type: "linear", base_us: 100, token_us: 0, decode_context_us: 1 } as const;
    // Prompt 100 µs; steps with contexts 101 and 103.
    expect(times(drafts(1, 1), [one(100, 5)], { step_time })).toEqual([[100, 100 + 201 + 203]]);
    expect(times({ ...drafts(1, 1), overhead_us: 7 }, [one(100, 5)], { step_time })).toEqual([
      [100, 100 + 208 + 210],
    ]);
  });

  test("late drafts are no output, and their blocks come back", () => {
    const scenario = scenarioOf({ speculation: drafts(3, 1), block_size: 4 });
    const { report } = runBoth({ scenario, trace: traceOf([one(5, 3), one(6, 8)]) });
    expect(report.tokens.output).toBe(11);
    expect(report.engine.speculation).toEqual({ kind: "ngram", draftTokens: 3, tokensPerStep: 4 });
  });

  test("who needs the whole pool but for late drafts is turned away, not started over and over", () => {
    const scenario = scenarioOf({ speculation: drafts(3, 1), block_size: 1, num_gpu_blocks: 20 });
    const { report } = runBoth({ scenario, trace: traceOf([one(10, 11), one(10, 8)]) });
    expect(report.requests).toMatchObject({ rejected: 1, completed: 1 });
  });
});

/** The same run with drafts; static batches have none. */
function drafted(run: RandomRun, speculation: Speculation | null): RandomRun {
  const { scenario } = run;
  const engine = { ...scenario.engine, speculation };
  const seqs = Math.max(1, Math.floor(engine.max_num_batched_tokens / 17));
  const max_num_seqs = Math.min(engine.max_num_seqs, seqs);
  const input = { ...scenario, engine: { ...engine, max_num_seqs } };
  return { ...run, scenario: scenarioSchema.parse(input) as Scenario };
}

const decoding = randomRuns.filter(
  ({ scenario: { engine } }) =>
    engine.scheduler !== "static" && engine.max_num_batched_tokens >= 17,
);
const rates = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 });

test("both modes agree on random scenarios, to the bit", () => {
  const reached = { preemptions: 0, outputs: 0 };
  fc.assert(
    fc.property(decoding, rates, (plain, accepted) => {
      const run = drafted(plain, drafts(accepted.length, accepted));
      const watch = { requests: true, slices: 10_000, auditEvery: 25, seriesIntervalUs: 30_000 };
      const fast = simulate(run, watch);
      const steps = simulate(run, { ...watch, stepByStep: true });
      expect({ ...steps.report, events: 0 }).toEqual({ ...fast.report, events: 0 });
      expect(steps.requests).toEqual(fast.requests);
      expect(steps.series).toEqual(fast.series);
      expect(steps.slices).toEqual(fast.slices);
      const { requests, report } = fast;
      let done = 0;
      for (let i = 0; i < requests!.rows; i++) {
        if (requests!.status[i] === 0) done += requests!.outputTokens[i]!;
      }
      if (report.requests.completed === report.requests.offered && report.kv.preemptions === 0) {
        expect(report.tokens.output).toBe(done);
      }
      reached.preemptions += report.kv.preemptions;
      reached.outputs += report.tokens.output;
    }),
    { numRuns: 250 },
  );
  expect(reached.preemptions).toBeGreaterThan(50);
  expect(reached.outputs).toBeGreaterThan(1000);
}, 120_000);

test("drafts that are never accepted and cost nothing change no time, where there is room for them", () => {
  const reached = { requests: 0 };
  fc.assert(
    fc.property(decoding, (plain) => {
      if (plain.hardware !== undefined) return;
      const { scheduler, num_gpu_blocks: blocks } = plain.scenario.engine;
      // Drafts to be verified take of vLLM's and TensorRT-LLM's budget of tokens.
      if (scheduler !== "sglang") return;
      // Whole microseconds: the ends of steps are rounded one by one with drafts, all together without.
      const step_time = {
        type: "linear",
        base_us: 900,
        token_us: 3,
        decode_context_us: 2,
      } as const;
      const engine = { ...plain.scenario.engine, num_gpu_blocks: 1000 * blocks!, step_time };
      const roomy = { ...plain, scenario: { ...plain.scenario, engine } as Scenario };
      const none = simulate(drafted(roomy, null), { requests: true });
      const never = simulate(drafted(roomy, drafts(2, 0)), { requests: true });
      expect(never.requests).toEqual(none.requests);
      expect(never.report.latency).toEqual(none.report.latency);
      reached.requests += never.report.requests.completed;
    }),
    { numRuns: 150 },
  );
  expect(reached.requests).toBeGreaterThan(100);
});

describe("price of drafts in kernels", () => {
  const { deck, params, timing } = hardwareFor("llama-3.1-8b", "h100-sxm");
  const gpu = deck.gpus[0]!;
  const build = (spec?: Drafts) =>
    valueOf(
      kernelsStepTime({
        model: deck.llms[0]!.card,
        gpu,
        params,
        timing,
        ...(spec === undefined ? {} : { drafts: spec }),
      }),
    );
  const decodeUs = (requests: number, spec?: Drafts): number =>
    build(spec).stepUs({
      prefillRequests: 0,
      prefillTokens: 0,
      prefillPastTokens: 0,
      prefillPairs: 0,
      decodeRequests: requests,
      decodeContextTokens: requests * 2000,
    });

  test("verifying few requests is nearly free, verifying many is not", () => {
    const ngram = { kind: "ngram", tokens: 4 } as const;
    expect(decodeUs(1, ngram) / decodeUs(1)).toBeLessThan(1.05);
    expect(decodeUs(256, ngram) / decodeUs(256)).toBeGreaterThan(1.4);
  });

  test("a draft layer costs a layer and an output layer for every drafted token", () => {
    for (const requests of [1, 32]) {
      const verify = decodeUs(requests, { kind: "ngram", tokens: 4 });
      const eagle = decodeUs(requests, { kind: "eagle", tokens: 4 });
      const mtp = decodeUs(requests, { kind: "mtp", tokens: 4 });
      // 4 of 32 layers, and a quarter of an output layer (32,000 of 128,256 words) each.
      expect(eagle / verify).toBeGreaterThan(1.08);
      expect(eagle / verify).toBeLessThan(1.3);
      expect(mtp).toBeGreaterThan(eagle);
    }
  });

  test("rows to be verified bound the CUDA graph: 4 × 129 rows are more than 512", () => {
    const spec = { kind: "ngram", tokens: 3 } as const;
    const jump = decodeUs(129, spec) / decodeUs(128, spec);
    expect(decodeUs(129) / decodeUs(128)).toBeLessThan(1.02);
    expect(jump).toBeGreaterThan(1.02);
  });
});

describe("through a scenario", () => {
  const problemOf = (document: object): string => {
    const parsed = parseScenario(document);
    return parsed.ok ? "" : `${parsed.problem.where ?? ""}: ${parsed.problem.what}`;
  };

  test("drafts that cannot be are named", () => {
    expect(problemOf({ engine: { scheduler: "static", speculation: drafts(1, 1) } })).toContain(
      "engine.speculation: static batches",
    );
    expect(problemOf({ engine: { speculation: drafts(3, [0.5]) } })).toBe(
      "engine.speculation.acceptance_rates: 1 acceptance rates for 3 drafted tokens",
    );
    const wide = { max_num_batched_tokens: 512, speculation: drafts(3, 0.5) };
    expect(problemOf({ engine: wide })).toContain("verifies 1024 tokens");
    expect(problemOf({ engine: { speculation: { kind: "ngram" } } })).toContain("acceptance_rates");
  });

  const run = (kind: Speculation["kind"] | null) => {
    const speculation = kind === null ? null : { ...drafts(1, 0.85), kind };
    const parsed = parseScenario({
      model: "deepseek-v3",
      gpu: "b200",
      cluster: { parallelism: { tensor: 8, expert: 8 } },
      engine: { speculation },
    });
    if (!parsed.ok) throw new Error(parsed.problem.what);
    const trace = traceOf(Array.from({ length: 8 }, (_, i) => one(1000, 200, i * 1000)));
    const hardware = hardwareFor("deepseek-v3", "b200");
    const simulation = createSimulation({ scenario: parsed.value, trace, hardware });
    if (!simulation.ok) throw new Error(simulation.problem.what);
    while (simulation.value.advance(1e6));
    return simulation.value.finish(0).report;
  };

  test("DeepSeek-V3 with its own layer: faster tokens, and memory for the layer", () => {
    const plain = run(null);
    const mtp = run("mtp");
    const gain = plain.latency.tpotMs.mean! / mtp.latency.tpotMs.mean!;
    // 1.85 tokens a step, less what drafting and verifying cost (the paper reports 1.8 times).
    expect(gain).toBeGreaterThan(1.3);
    expect(gain).toBeLessThan(1.85);
    expect(mtp.engine.gpuMemory!.weightBytes).toBeGreaterThan(plain.engine.gpuMemory!.weightBytes);
    expect(mtp.engine.kvBlocksPerWorker).toBeLessThan(plain.engine.kvBlocksPerWorker);
  });

  test("a model without such layers is named", () => {
    const parsed = parseScenario({
      model: "llama-3.1-8b",
      gpu: "h100-sxm",
      engine: { speculation: { ...drafts(1, 0.8), kind: "mtp" } },
    });
    if (!parsed.ok) throw new Error(parsed.problem.what);
    const hardware = hardwareFor("llama-3.1-8b", "h100-sxm");
    const simulation = createSimulation({ scenario: parsed.value, trace: traceOf([]), hardware });
    expect(!simulation.ok && simulation.problem.where).toBe("engine.speculation.kind");
  });
});
