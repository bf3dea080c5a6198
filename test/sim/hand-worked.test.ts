/** Latencies worked out by hand: every number here was computed on paper from the rules, not taken from a run. */

import { describe, expect, test } from "vitest";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { outcomesOf, runBoth, scenarioOf, timesOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";

type Knobs = NonNullable<ScenarioInput["engine"]>;

/** Times of rows on one worker; steps of 10 ms with a prompt, 1 ms without, unless the knobs say otherwise. */
function times(engine: Knobs, rows: readonly Row[], blockSize = 0): [number, number][] {
  return timesOf(
    runBoth({ scenario: scenarioOf(engine), trace: traceOf(rows, blockSize) }).requests,
  );
}

const MS = 1000;
const one = (input: number, output: number, at = 0): Row => ({ at, input, output });

describe("one request alone", () => {
  test("fixed: one prompt step, then a step for each further token", () => {
    expect(times({}, [one(1000, 5)])).toEqual([[10 * MS, 14 * MS]]);
    expect(times({}, [one(1000, 1)])).toEqual([[10 * MS, 10 * MS]]);
  });

  test("no output: done when the prompt is, without a first token", () => {
    expect(times({}, [one(1000, 0)])).toEqual([[NaN, 10 * MS]]);
  });

  test("a prompt over the budget comes in chunks: ⌈1000/300⌉ = 4 steps of 10 ms", () => {
    expect(times({ max_num_batched_tokens: 300 }, [one(1000, 3)])).toEqual([[40 * MS, 42 * MS]]);
    expect(times({ max_num_batched_tokens: 250, max_num_seqs: 9 }, [one(1000, 1)])).toEqual([
      [40 * MS, 40 * MS],
    ]);
  });

  test("linear: base + prompt terms, then base + token + request + context of the growing sequence", () => {
    const step_time = {
      type: "linear",
      base_us: 100,
      prefill_fixed_us: 50,
      token_us: 2,
      pair_us: 0.5,
      decode_request_us: 7,
      decode_context_us: 0.25,
    } as const;
    // Prompt 8: 100 + 50 + 2·8 + 0.5·(8·4) = 182. Tokens 2…4 run with contexts 9, 10, 11: 109 + ctx/4.
    const decodes = 3 * 109 + (9 + 10 + 11) / 4;
    expect(times({ step_time }, [one(8, 4)])).toEqual([[182, 182 + Math.round(decodes)]]);
    // Chunks of 5 and 3: 150 + 10 + 0.5·5·2.5 = 166.25 → 166; 150 + 6 + 0.5·3·(5 + 1.5) = 165.75 → 166.
    expect(times({ step_time, max_num_seqs: 1, max_num_batched_tokens: 5 }, [one(8, 1)])).toEqual([
      [332, 332],
    ]);
  });

  test("polynomial: NVIDIA's two formulas with u = context / pool", () => {
    const engine = { num_gpu_blocks: 10, block_size: 16 } as const;
    const prefill = 4.209989e-7 * 40 * 40 + 1.518344e-2 * 40 + 16.50142;
    const decode = (context: number): number => {
      const u = context / 160;
      return -25.74 * u * u + 54.01 * u + 5.74;
    };
    const first = Math.round(prefill * MS);
    // The prompt of 40 and its newest token: contexts 41, 42, 43.
    const rest = Math.round((decode(41) + decode(42) + decode(43)) * MS);
    for (const mixed of ["sum", "fused"] as const) {
      const step_time = { type: "polynomial", mixed } as const;
      expect(times({ ...engine, step_time }, [one(40, 4)])).toEqual([[first, first + rest]]);
    }
  });

  test("table: interpolated between grid points", () => {
    const table = {
      prefillTokens: Float64Array.of(0, 100),
      prefillMs: Float64Array.of(10, 30),
      decodeKvTokens: Float64Array.of(0, 1000),
      decodeContext: Float64Array.of(0, 1000),
      decodeMs: Float64Array.of(2, 4, 6, 8),
    };
    const scenario = scenarioOf({ step_time: { type: "table", profile: "p.json" } });
    const { requests } = runBoth({ scenario, table, trace: traceOf([one(50, 3)]) });
    // Prompt of 50: 20 ms. Decode at Σ = mean = c: 2 + 4·c/1000 + 2·c/1000, c = 51 and 52.
    const rest = Math.round((4 + 6 * (0.051 + 0.052)) * MS);
    expect(timesOf(requests)).toEqual([[20 * MS, 20 * MS + rest]]);
  });
});

describe("requests that share steps", () => {
  test("two prompts of one instant share one step, and then every decode step", () => {
    expect(times({}, [one(10, 3), one(20, 5)])).toEqual([
      [10 * MS, 12 * MS],
      [10 * MS, 14 * MS],
    ]);
  });

  test("a newcomer waits for the step in progress and then makes the next one mixed", () => {
    // A: prompt 0–10, decodes 10–11, 11–12, 12–13; B arrives at 12.5 → its prompt runs 13–23 with A's fourth decode.
    const { requests } = runBoth({
      scenario: scenarioOf({}),
      trace: traceOf([one(10, 6), one(10, 2, 12_500)]),
    });
    expect(outcomesOf(requests)).toMatchObject([
      { admitted: 0, first: 10 * MS, finish: 24 * MS },
      { admitted: 13 * MS, first: 23 * MS, finish: 24 * MS },
    ]);
  });

  test("an arrival exactly on a step boundary is in the next step", () => {
    expect(times({}, [one(10, 6), one(10, 2, 12_000)])).toEqual([
      [10 * MS, 24 * MS],
      [22 * MS, 23 * MS],
    ]);
    // One microsecond later it is not.
    expect(times({}, [one(10, 6), one(10, 2, 12_001)])[1]).toEqual([23 * MS, 24 * MS]);
    // The boundary of a prompt step, and the last boundary of all.
    expect(times({}, [one(10, 2), one(10, 1, 10_000)])[1]).toEqual([20 * MS, 20 * MS]);
    expect(times({}, [one(10, 2), one(10, 1, 11_000)])[1]).toEqual([21 * MS, 21 * MS]);
  });

  test("sum: a mixed step costs prompt and decode", () => {
    const step_time = { type: "fixed", prefill_ms: 10, decode_ms: 1, mixed: "sum" } as const;
    expect(times({ step_time }, [one(10, 6), one(10, 2, 12_500)])).toEqual([
      [10 * MS, 25 * MS],
      [24 * MS, 25 * MS],
    ]);
  });

  test("decodes take their tokens of the budget first; the prompt gets the rest", () => {
    // Budget 4. A (3 tokens) and B (1 of 7 tokens) 0–10; then 1 + 3: B has 4; 1 + 3: B has 7 and its first token at 30.
    expect(times({ max_num_seqs: 4, max_num_batched_tokens: 4 }, [one(3, 9), one(7, 2)])).toEqual([
      [10 * MS, 36 * MS],
      [30 * MS, 31 * MS],
    ]);
  });

  test("max_num_seqs: the third waits for a place", () => {
    // Two places: A to 12, B to 14. C gets A's place at 12: prompt 12–22.
    expect(times({ max_num_seqs: 2 }, [one(5, 3), one(5, 14), one(5, 2)])).toEqual([
      [10 * MS, 12 * MS],
      [10 * MS, 32 * MS],
      [22 * MS, 23 * MS],
    ]);
  });

  test("chunked prefill off: a prompt that does not fit in what is left of the step waits, and holds the queue", () => {
    const engine = { enable_chunked_prefill: false, max_num_seqs: 4, max_num_batched_tokens: 10 };
    const rows = [one(6, 3), one(6, 1), one(3, 1)];
    const admitted = (knobs: Knobs): number[] =>
      outcomesOf(runBoth({ scenario: scenarioOf(knobs), trace: traceOf(rows) }).requests).map(
        (outcome) => outcome.admitted,
      );
    // A takes 6 of 10; B's 6 do not fit in 4 and block C, which would fit. Next step: A decodes, 9 are left for 6 + 3.
    expect(admitted(engine)).toEqual([0, 10 * MS, 10 * MS]);
    // With chunks B's first 4 go at once, and its last 2 come with C's 3.
    expect(admitted({ ...engine, enable_chunked_prefill: true })).toEqual([0, 0, 10 * MS]);
    const ends = [
      [10 * MS, 21 * MS],
      [20 * MS, 20 * MS],
      [20 * MS, 20 * MS],
    ];
    expect(times(engine, rows)).toEqual(ends);
    expect(times({ ...engine, enable_chunked_prefill: true }, rows)).toEqual(ends);
  });
});
