/** SGLang's scheduler, its rules worked out by hand. */

import { describe, expect, test } from "vitest";
import { NewTokenRatio } from "../../src/policies/scheduler/sglang-ratio.ts";
import { parseScenario } from "../../src/sim/index.ts";
import type { Report, ScenarioInput } from "../../src/sim/index.ts";
import { outcomesOf, runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Outcome, Row } from "../support/small-runs.ts";

type Knobs = NonNullable<ScenarioInput["engine"]>;
type Run = {
  outcomes: Outcome[];
  times: [number, number][];
  admitted: number[];
  report: Report;
};

const MS = 1000;
const one = (input: number, output: number, at = 0): Row => ({ at, input, output });
const LINEAR = { type: "linear", base_us: 1000, token_us: 10, decode_context_us: 0 } as const;

/** One worker, pages of one token; steps of 10 ms with a prompt and 1 ms without unless the knobs say otherwise. */
function run(engine: Knobs, rows: readonly Row[], blockSize = 0): Run {
  const scenario = scenarioOf({ scheduler: "sglang", block_size: 1, ...engine });
  const { requests, report } = runBoth({ scenario, trace: traceOf(rows, blockSize) });
  const outcomes = outcomesOf(requests);
  return {
    outcomes,
    report,
    times: outcomes.map(({ first, finish }) => [first, finish]),
    admitted: outcomes.map((outcome) => outcome.admitted),
  };
}

describe("prompts first", () => {
  const rows = [one(4, 5), one(4, 3, 10_500)];

  test("decoding requests sit a prefill out; their next gap spans it", () => {
    // A: 10, 11, (B's prompt 11–21), 22, 23, 24. B: 21, 22, 23.
    const { times, report } = run({}, rows);
    expect(times).toEqual([
      [10 * MS, 24 * MS],
      [21 * MS, 23 * MS],
    ]);
    expect(report.latency.itlMs.max).toBe(11);
    expect(report.latency.itlMs.mean! / (16 / 6)).toBeCloseTo(1, 2);
    // Two steps with prompts, 1 + 1; four without, 1 + 2 + 2 + 1.
    expect(report.batch).toMatchObject({ steps: 6, mixedSteps: 2, meanSize: 8 / 6 });
  });

  test("enable_mixed_chunk: they get a token in it", () => {
    const { times, report } = run({ enable_mixed_chunk: true }, rows);
    expect(times).toEqual([
      [10 * MS, 23 * MS],
      [21 * MS, 23 * MS],
    ]);
    expect(report.latency.itlMs.max).toBe(10);
  });

  test("a prompt goes on in chunks, and decodes wait for its end", () => {
    const engine = { chunked_prefill_size: 16, step_time: LINEAR };
    // 4 + 12 tokens, 16, 12; then A alone, two steps of 1010 µs.
    const { times } = run(engine, [one(4, 3), one(40, 1)]);
    expect(times).toEqual([
      [1160, 1160 + 1160 + 1120 + 2 * 1010],
      [3440, 3440],
    ]);
    // With chunks off the step takes it all.
    const off = { ...engine, enable_chunked_prefill: false };
    expect(run(off, [one(4, 1), one(40, 1)]).times[1]![0]).toBe(1440);
  });

  test("max_prefill_tokens closes the batch, but never to its first request", () => {
    const { times } = run({ max_prefill_tokens: 10 }, [one(30, 1), one(8, 1), one(8, 1)]);
    expect(times.map(([first]) => first)).toEqual([10 * MS, 20 * MS, 30 * MS]);
  });

  test("max_num_seqs: a place is seen to be free one step after it is", () => {
    // A ends at 12 ms; the batch of 12–13 ms has dropped it, and C's prompt follows.
    const rows = [one(4, 3), one(4, 9), one(4, 1)];
    expect(run({ max_num_seqs: 2 }, rows).admitted).toEqual([0, 0, 13 * MS]);
  });
});

describe("admission looks ahead", () => {
  // A: 20 tokens, 40 to come. B: 20 + 30.
  const rows = [one(20, 40), one(20, 30)];

  test("within a batch outputs count in full, of a running batch only the ratio's share", () => {
    // 0 ms: 100 − 20 − 40 leave 40, B wants 50. 10 ms: 80 − 0.7 · 39 leave 52.7.
    expect(run({ num_gpu_blocks: 100 }, rows).admitted).toEqual([0, 10 * MS]);
    // Two tokens less leave 50.7, one more 49.7.
    expect(run({ num_gpu_blocks: 98 }, rows).admitted).toEqual([0, 10 * MS]);
    expect(run({ num_gpu_blocks: 97 }, rows).admitted).toEqual([0, 49 * MS]);
  });

  test("schedule_conservativeness scales the ratio, up to the whole output", () => {
    const pool = { num_gpu_blocks: 100 };
    // 80 − 39 leave 41: B waits for A's last token at 49 ms.
    const careful = run({ ...pool, schedule_conservativeness: 10 }, rows);
    expect(careful.admitted).toEqual([0, 49 * MS]);
    expect(run({ num_gpu_blocks: 71, schedule_conservativeness: 0 }, rows).admitted).toEqual([
      0,
      10 * MS,
    ]);
  });

  test("the full mark goes one decode step after the batch has shrunk", () => {
    // B wants 50. At 10 ms 95 − 58 are left. A ends at 19 ms; at 20 ms 95 − 0.986 · 39 are left.
    const three = [one(10, 10), one(10, 50), one(10, 40)];
    const engine = { num_gpu_blocks: 115, schedule_conservativeness: 10 };
    expect(run(engine, three).admitted).toEqual([0, 0, 20 * MS]);
  });

  test("4096 tokens of an output are counted at most", () => {
    const rows = [one(16, 5000), one(16, 10)];
    // 5040 tokens: 5024 − 4096 leave room for the second; 5024 − 5000 would not.
    expect(run({ block_size: 16, num_gpu_blocks: 315 }, rows).admitted).toEqual([0, 0]);
  });

  test("cached tokens in nobody's use count as needed, those in use do not", () => {
    const row = (at: number, ids: number[], output: number): Row => ({
      at,
      ids,
      output,
      input: 32,
    });
    const engine = { block_size: 16, num_gpu_blocks: 8, schedule_conservativeness: 10 };
    // 128 tokens. At 12 ms A holds 3 blocks and has 27 tokens to come: 80 − 27 are left. The same prompt costs 16, its last
    // block again, and 30 of output; …
    const shared = run(engine, [row(0, [0, 1], 30), row(11_500, [0, 1], 30)], 16);
    expect(shared.admitted[1]).toBe(12 * MS);
    // another one costs 32 + 30.
    const fresh = run(engine, [row(0, [0, 1], 30), row(11_500, [2, 3], 30)], 16);
    expect(fresh.admitted[1]).toBe(39 * MS);
  });

  test("the output is cut to leave a page free", () => {
    const { report, times } = run({ num_gpu_blocks: 20 }, [one(10, 100), one(19, 1), one(18, 1)]);
    expect(report.requests).toMatchObject({ completed: 2, rejected: 1 });
    expect(times[0]).toEqual([10 * MS, 18 * MS]);
  });
});

describe("retraction", () => {
  // Thirty tokens. A's 10 at 0–10 ms, B's 8 at 10–20 ms, then two tokens a step: none is left at 26 ms.
  const engine = { num_gpu_blocks: 30, schedule_conservativeness: 0 } as const;
  const rows = [one(10, 12), one(8, 11)];

  test("of equal outputs the longest prompt goes, keeps its prefix, and queues again", () => {
    // B alone: four tokens to 30 ms. A: 10 of 17 tokens cached, prompt 30–40 ms, four more tokens.
    const { times, outcomes, report } = run(engine, rows);
    expect(times).toEqual([
      [10 * MS, 44 * MS],
      [20 * MS, 30 * MS],
    ]);
    expect(outcomes.map((outcome) => outcome.preemptions)).toEqual([1, 0]);
    // Of 16 tokens with KV the prompt's 10 are found.
    expect(report.tokens).toMatchObject({ recomputed: 6, output: 23 });
    // A waited from its seventh token, out at 26 ms, to its eighth.
    expect(report.latency.itlMs.max).toBe(14);
    const uncached = run({ ...engine, enable_prefix_caching: false }, rows).report;
    expect(uncached.tokens.recomputed).toBe(16);
  });

  test("the fewest output tokens go first", () => {
    // B is two tokens behind at 27 ms and goes although its prompt is shorter.
    const late = [one(10, 12), one(8, 9, 11_500)];
    const { outcomes } = run(engine, late);
    expect(outcomes.map((outcome) => outcome.preemptions)).toEqual([0, 1]);
  });

  test("it comes back behind those that wait", () => {
    // C comes at 25.5 ms and finds the batch full; A is retracted at 26 ms.
    const { admitted, times } = run({ ...engine, max_num_seqs: 2 }, [...rows, one(17, 3, 25_500)]);
    expect(admitted[2]).toBe(30 * MS);
    // A computes its 17 tokens behind C, whose 17 + 3 leave it no room at 30 ms.
    expect(times[0]![1]).toBeGreaterThan(times[2]![1]);
  });
});

describe("new-token ratio", () => {
  const decay = (0.7 - 0.7 * 0.14) / 600;

  test("falls linearly to its floor over 600 decode steps, a function of the step alone", () => {
    const ratio = new NewTokenRatio(1);
    expect(ratio.at(0)).toBe(0.7);
    expect(ratio.at(300)).toBeCloseTo(0.7 - 300 * decay, 12);
    expect(ratio.at(600)).toBeCloseTo(0.098, 12);
    expect(ratio.at(10_000)).toBeCloseTo(0.098, 12);
    // Asking changes nothing.
    expect(ratio.at(300)).toBeCloseTo(0.7 - 300 * decay, 12);
  });

  test("is estimated anew after a retraction, whose own step does not lower it", () => {
    const ratio = new NewTokenRatio(1);
    ratio.retracted(50, 3, 40, 999);
    expect(ratio.at(51)).toBe(100 / 1000);
    expect(ratio.at(52)).toBe(Math.max(0.098, 0.1 - decay));
    ratio.retracted(60, 3, 40, 50);
    expect(ratio.at(61)).toBe(1);
  });

  test("rests in steps with prompts, starts again when the worker runs dry, is 1 at most", () => {
    const ratio = new NewTokenRatio(1);
    ratio.skipStep();
    expect(ratio.at(11)).toBeCloseTo(0.7 - 10 * decay, 12);
    ratio.reset(100);
    expect(ratio.at(100)).toBe(0.7);
    expect(new NewTokenRatio(2).at(0)).toBe(1);
  });
});

describe("schedule_policy", () => {
  const seats = { block_size: 16, max_num_seqs: 1 } as const;
  const row = (ids: number[], at = 1000): Row => ({ at, input: ids.length * 16, output: 1, ids });

  test("lpm: the longest cached prefix goes first, whoever came first", () => {
    const rows = [row([0, 1, 2], 0), row([5, 6]), row([0, 1, 7])];
    expect(run(seats, rows, 16).admitted).toEqual([0, 10 * MS, 20 * MS]);
    const lpm = run({ ...seats, schedule_policy: "lpm" }, rows, 16);
    expect(lpm.admitted).toEqual([0, 20 * MS, 10 * MS]);
    expect(lpm.outcomes[2]!.cached).toBe(32);
  });

  test("lpm: of prompts that begin alike and are not cached the second waits for the first", () => {
    const two = { ...seats, max_num_seqs: 2 };
    const rows = [row([0], 0), row([5, 6, 7]), row([5, 6, 8]), row([9, 10])];
    expect(run(two, rows, 16).admitted).toEqual([0, 10 * MS, 10 * MS, 20 * MS]);
    const lpm = run({ ...two, schedule_policy: "lpm" }, rows, 16);
    expect(lpm.admitted).toEqual([0, 10 * MS, 20 * MS, 10 * MS]);
    expect(lpm.outcomes[2]!.cached).toBe(32);
  });

  test("lpm: more than 128 in the queue are served in order", () => {
    const others = Array.from({ length: 128 }, (_, i) => row([100 + i]));
    const { admitted } = run(
      { ...seats, schedule_policy: "lpm" },
      [row([0, 1], 0), ...others, row([0, 1])],
      16,
    );
    // 129 wait: the first goes. Then 128: the one with the cached prompt.
    expect(admitted[1]).toBe(10 * MS);
    expect(admitted[129]).toBe(20 * MS);
  });
});

describe("what the scenario may not say", () => {
  const problem = (engine: Knobs): string | undefined => {
    const parsed = parseScenario({ engine: { scheduler: "sglang", ...engine } });
    return parsed.ok ? undefined : parsed.problem.where;
  };

  test("chunks that split a page, a watermark", () => {
    expect(problem({})).toBeUndefined();
    expect(problem({ block_size: 48 })).toBe("engine.chunked_prefill_size");
    expect(problem({ block_size: 48, enable_chunked_prefill: false })).toBeUndefined();
    expect(problem({ watermark: 0.01 })).toBe("engine.watermark");
    expect(problem({ max_num_batched_tokens: 1 })).toBeUndefined();
  });
});
