/** Prefix hits, preemption, admission limits and static batching, worked out by hand. */

import { describe, expect, test } from "vitest";
import type { Report, ScenarioInput } from "../../src/sim/index.ts";
import { outcomesOf, runBoth, scenarioOf, timesOf, traceOf } from "../support/small-runs.ts";
import type { Outcome, Row } from "../support/small-runs.ts";

type Knobs = NonNullable<ScenarioInput["engine"]>;
type Run = { outcomes: Outcome[]; times: [number, number][]; report: Report; status: number[] };

/** One worker; fixed steps of 10 ms with a prompt and 1 ms without unless the knobs say otherwise. */
function run(engine: Knobs, rows: readonly Row[], blockSize = 0): Run {
  const { requests, report } = runBoth({
    scenario: scenarioOf(engine),
    trace: traceOf(rows, blockSize),
  });
  const outcomes = outcomesOf(requests);
  return { outcomes, times: timesOf(requests), report, status: [...requests.status] };
}

const MS = 1000;
const one = (input: number, output: number, at = 0): Row => ({ at, input, output });
/** A step shows its prompt tokens in its time: 1000 µs + 10 µs a token. */
const LINEAR = { type: "linear", base_us: 1000, token_us: 10, decode_context_us: 0 } as const;

describe("prefix cache", () => {
  const cachedOf = (engine: Knobs, rows: readonly Row[], blockSize: number): number[] =>
    run(engine, rows, blockSize).outcomes.map((outcome) => outcome.cached);

  test("two equal prompts in one pass: the second finds what the first has just been given", () => {
    const row = { at: 0, input: 40, output: 1, ids: [0, 1, 2] };
    const { outcomes, times } = run({ step_time: LINEAR }, [row, row], 16);
    expect(outcomes.map((outcome) => outcome.cached)).toEqual([0, 32]);
    // One step of 40 + 8 prompt tokens.
    expect(times).toEqual([
      [1480, 1480],
      [1480, 1480],
    ]);
  });

  test("a full hit of an aligned prompt computes the last block again", () => {
    const row = { at: 0, input: 48, output: 1, ids: [0, 1, 2] };
    const rows = [row, { ...row, at: 5000 }];
    const { outcomes, times, report } = run({ step_time: LINEAR }, rows, 16);
    expect(outcomes.map((outcome) => outcome.cached)).toEqual([0, 32]);
    expect(times[1]).toEqual([5000 + 1160, 5000 + 1160]);
    expect(report.tokens).toMatchObject({ input: 96, cached: 32 });
    expect(report.kv.hitRate).toBe(32 / 96);
  });

  test("the next turn of a conversation finds all whole blocks of the turn before", () => {
    const rows = [
      { at: 0, input: 40, output: 9, ids: [0, 1, 2] },
      { at: 90_000, input: 70, output: 1, ids: [0, 1, 3, 4, 5] },
      { at: 90_000, input: 70, output: 1, ids: [6, 7, 8, 9, 10] },
    ];
    expect(cachedOf({}, rows, 16)).toEqual([0, 32, 0]);
    expect(cachedOf({ enable_prefix_caching: false }, rows, 16)).toEqual([0, 0, 0]);
  });

  test("trace blocks of 64 on an engine of 16: a partial trace block is shared at equal length only", () => {
    const first = { at: 0, input: 100, output: 1, ids: [0, 1] };
    const rows = [
      first,
      { ...first, at: 20_000 },
      { at: 40_000, input: 130, output: 1, ids: [0, 1, 2] },
      { at: 60_000, input: 128, output: 1, ids: [0, 1] },
    ];
    // 100 tokens: 6 engine blocks. The third shares one whole trace block with the first two.
    // The fourth repeats the third's first 128 tokens: 8 blocks found, the last computed again.
    expect(cachedOf({}, rows, 64)).toEqual([0, 96, 64, 112]);
  });

  test("engine blocks of 48 on trace blocks of 32: a block is shared when the ids up to its end are", () => {
    const rows = [
      { at: 0, input: 100, output: 1, ids: [0, 1, 2, 3] },
      { at: 20_000, input: 100, output: 1, ids: [0, 1, 4, 5] },
      { at: 40_000, input: 100, output: 1, ids: [0, 6, 7, 8] },
    ];
    // Tokens 0–47 need ids 0 and 1; tokens 48–95 need ids 1 and 2 as well.
    expect(cachedOf({ block_size: 48 }, rows, 32)).toEqual([0, 48, 0]);
  });

  test("the least recently used blocks go first, leaf before root", () => {
    const engine = { block_size: 16, num_gpu_blocks: 6 };
    const row = (at: number, ids: number[]): Row => ({ at, input: 48, output: 1, ids });
    const rows = [
      row(0, [0, 1, 2]),
      row(20_000, [3, 4, 5]),
      // Two blocks too few: the first prompt loses its last two, keeps its root.
      { at: 40_000, input: 32, output: 1, ids: [6, 7] },
      row(60_000, [0, 1, 2]),
      row(80_000, [3, 4, 5]),
    ];
    // The fourth finds block 0 and evicts 5 and 4 for its other two; the fifth finds block 3.
    const { outcomes, report } = run(engine, rows, 16);
    expect(outcomes.map((outcome) => outcome.cached)).toEqual([0, 0, 0, 16, 16]);
    expect(report.kv.evictedBlocks).toBe(2 + 2 + 2);
    expect(report.kv.usagePeak).toBe(0.5);
  });
});

describe("preemption", () => {
  // Four blocks of 4 tokens. Two requests of 4 tokens take their second block at 10 ms and want a third at 14 ms.
  const tight = { block_size: 4, num_gpu_blocks: 4 } as const;
  const pair = [one(4, 9), one(4, 9)];

  test("lifo: the newest gives way, keeps its five tokens, and comes back when there is room", () => {
    // B: 8 tokens with KV, 2 full blocks; A evicts the second. B's return: 9 tokens known, 4 found, one prompt step 18–28.
    const { times, outcomes, report } = run(tight, pair);
    expect(times).toEqual([
      [10 * MS, 18 * MS],
      [10 * MS, 31 * MS],
    ]);
    expect(outcomes.map((outcome) => outcome.preemptions)).toEqual([0, 1]);
    expect(report.tokens).toMatchObject({ output: 18, recomputed: 4, input: 8 });
    // One block of B's for A; two of A's, left in the cache at 18 ms, for B.
    expect(report.kv).toMatchObject({ preemptions: 1, evictedBlocks: 3, usagePeak: 1 });
    // A: 10 ms prefill, 8 ms decode. B: 10 ms prefill, 4 ms decode, 14 ms until its next token, 3 ms decode.
    const { ttft, e2e } = report.breakdown;
    expect(ttft.meanMs).toMatchObject({ queue: 0, prefill: 10, preemption: 0, decode: 0 });
    expect(e2e.meanMs).toMatchObject({ queue: 0, prefill: 10, preemption: 7, decode: 7.5 });
    // B waited 14 ms for its sixth token; all other gaps are 1 ms.
    const itlMs = report.latency.itlMs.mean! / ((15 + 14) / 16);
    expect(Math.abs(itlMs - 1)).toBeLessThanOrEqual(report.quantileError.itl);
  });

  test("fifo: the oldest gives way, here to the very block it asked for itself", () => {
    const { times } = run({ ...tight, preemption_mode: "fifo" }, pair);
    expect(times).toEqual([
      [10 * MS, 31 * MS],
      [10 * MS, 18 * MS],
    ]);
  });

  test("fifo: a request that had its token in this step already gives it back", () => {
    // At 11 ms B (7 tokens) wants a third block; A, first in line and already served, gives way: 2 tokens out, 5 with KV.
    // B ends at 13 ms. A: 6 known, 4 found, prompt step 13–23, then two more tokens.
    const { times, report } = run({ ...tight, preemption_mode: "fifo" }, [one(4, 5), one(7, 4)]);
    expect(times).toEqual([
      [10 * MS, 25 * MS],
      [10 * MS, 13 * MS],
    ]);
    expect(report.tokens.recomputed).toBe(1);
  });

  test("without a cache everything is computed again", () => {
    const knobs = { ...tight, enable_prefix_caching: false, step_time: LINEAR };
    // Prompts: 1080. Decodes of two: 1020 each, four of them to 5160; A alone: 4 × 1010 to 9200.
    // B: 9 tokens again, 1090 to 10290, then three more at 1010.
    const { times, report } = run(knobs, pair);
    expect(times).toEqual([
      [1080, 9200],
      [1080, 13_320],
    ]);
    expect(report.tokens.recomputed).toBe(8);
    expect(report.kv.hitRate).toBeNull();
  });

  test("the preempted one is first in the queue, before one that would fit", () => {
    const rows = [...pair, one(4, 1, 1000)];
    const { outcomes } = run({ ...tight, max_num_seqs: 2 }, rows);
    expect(outcomes[1]).toMatchObject({ admitted: 0, finish: 31 * MS });
    expect(outcomes[2]).toMatchObject({ admitted: 18 * MS, finish: 28 * MS });
  });

  test("a partial prompt that cannot have its next block gives way and starts over, twice", () => {
    // Budget 5. 0: A's 4 tokens + P's 1; 10: P to 5; 20: P wants a third block: preempted (4 of 5 kept). 21: back, to 8;
    // 31: preempted again; A's third block at 32 costs P its second. A ends at 36; P: 36–46 to 9, 46–56 to 11.
    const engine = {
      ...tight,
      max_num_seqs: 4,
      max_num_batched_tokens: 5,
      scheduler_reserve_full_isl: false,
    };
    const { times, outcomes } = run(engine, [one(4, 9), one(11, 1)]);
    expect(times).toEqual([
      [10 * MS, 36 * MS],
      [56 * MS, 56 * MS],
    ]);
    expect(outcomes[1]).toMatchObject({ admitted: 0, preemptions: 2 });
    // With the whole prompt to be reserved P comes back only when A has ended, at 27 ms, and gives way once.
    const reserved = run({ ...engine, scheduler_reserve_full_isl: true }, [one(4, 9), one(11, 1)]);
    expect(reserved.times).toEqual([
      [10 * MS, 27 * MS],
      [47 * MS, 47 * MS],
    ]);
    expect(reserved.outcomes[1]).toMatchObject({ admitted: 0, preemptions: 1 });
  });
});

describe("admission", () => {
  test("watermark: blocks that admission leaves free", () => {
    const engine = { block_size: 4, num_gpu_blocks: 4, watermark: 0.5 };
    // One block is in use, two must stay free: two more are one too many.
    expect(run(engine, [one(4, 1), one(5, 1)]).outcomes[1]!.admitted).toBe(10 * MS);
    expect(run(engine, [one(4, 1), one(4, 1)]).outcomes[1]!.admitted).toBe(0);
    expect(run({ ...engine, watermark: 0 }, [one(4, 1), one(5, 1)]).outcomes[1]!.admitted).toBe(0);
  });

  test("every reason to refuse, at the arrival, with its count", () => {
    const engine = { block_size: 4, num_gpu_blocks: 4, max_num_seqs: 2 };
    const cases: [Knobs, Row, string | null][] = [
      [{ ...engine, max_model_len: 12 }, one(12, 1), "prompt reaches max_model_len"],
      [{ ...engine, max_model_len: 12 }, one(11, 1), null],
      // The last token is never computed: 14 + 3 tokens need 16 places, 14 + 4 need 17.
      [engine, one(14, 3), null],
      [engine, one(14, 4), "does not fit the KV pool"],
      [{ ...engine, watermark: 0.25 }, one(14, 1), "does not fit the KV pool"],
      [{ ...engine, watermark: 0.25 }, one(12, 1), null],
      [
        { ...engine, enable_chunked_prefill: false, max_num_batched_tokens: 8 },
        one(9, 1),
        "does not fit max_num_batched_tokens with chunked prefill off",
      ],
      [{ ...engine, enable_chunked_prefill: false, max_num_batched_tokens: 8 }, one(8, 1), null],
      // A preempted request must fit in one step with all it has generated.
      [
        { ...engine, enable_chunked_prefill: false, max_num_batched_tokens: 8 },
        one(7, 3),
        "does not fit max_num_batched_tokens with chunked prefill off",
      ],
    ];
    for (const [knobs, row, reason] of cases) {
      const { report, status, outcomes } = run(knobs, [{ ...row, at: 700 }, one(1, 1, 800)]);
      const reasons = reason === null ? [] : [{ reason, count: 1 }];
      expect(report.rejections).toEqual(reasons);
      expect(status).toEqual([reason === null ? 0 : 1, 0]);
      expect(report.requests).toMatchObject({ offered: 2, completed: 2 - reasons.length });
      if (reason !== null) expect(outcomes[0]).toMatchObject({ admitted: NaN, finish: 700 });
    }
  });

  test("max_model_len cuts the answer", () => {
    const { times, report } = run({ max_model_len: 10 }, [one(8, 9)]);
    expect(times).toEqual([[10 * MS, 11 * MS]]);
    expect(report.tokens.output).toBe(2);
    expect(report.warnings).toContain("1 answers were cut at max_model_len");
  });
});

describe("static batching", () => {
  const engine = { scheduler: "static", max_num_seqs: 2, step_time: LINEAR } as const;

  test("pads to the longest prompt and keeps every place until the longest answer is out", () => {
    // Prompts: 2 × 30 tokens, 1600 µs. Decodes of two places: 1020 µs, also after A's last token. C starts when B ends.
    const { times, report } = run(engine, [one(10, 3), one(30, 5), one(5, 1)]);
    expect(times).toEqual([
      [1600, 1600 + 2 * 1020],
      [1600, 1600 + 4 * 1020],
      [5680 + 1050, 5680 + 1050],
    ]);
    expect(report.tokens.output).toBe(3 + 5 + 1);
    expect(report.batch.steps).toBe(6);
    // Gaps of real tokens only: A has two, B four.
    expect(report.latency.itlMs.mean).toBeCloseTo(1.02, 12);
  });

  test("waits for a full batch until the head has waited batch_timeout_s", () => {
    const admitted = (rows: readonly Row[]): number[] =>
      run({ ...engine, batch_timeout_s: 0.1 }, rows).outcomes.map((outcome) => outcome.admitted);
    expect(admitted([one(10, 1, 7000)])).toEqual([107_000]);
    expect(admitted([one(10, 1, 7000), one(10, 1, 57_000)])).toEqual([57_000, 57_000]);
    expect(admitted([one(10, 1, 7000), one(10, 1, 108_000)])).toEqual([107_000, 208_000]);
  });

  test("takes as many as fit the pool at the longest prompt plus the longest answer", () => {
    // 30 + 5 tokens are 3 blocks for each place: 5 blocks hold one, 6 hold two.
    const rows = [one(30, 1), one(8, 5)];
    const first = (blocks: number): number =>
      run({ ...engine, num_gpu_blocks: blocks }, rows).outcomes[1]!.admitted;
    expect(first(6)).toBe(0);
    expect(first(5)).toBe(1300);
  });
});
