/** TensorRT-LLM's scheduler, its rules worked out by hand. */

import { describe, expect, test } from "vitest";
import { parseScenario } from "../../src/sim/index.ts";
import type { Report, ScenarioInput } from "../../src/sim/index.ts";
import { outcomesOf, runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Outcome, Row } from "../support/small-runs.ts";

type Knobs = NonNullable<ScenarioInput["engine"]>;
type Run = { outcomes: Outcome[]; times: [number, number][]; report: Report };

const MS = 1000;
const one = (input: number, output: number, at = 0): Row => ({ at, input, output });
const LINEAR = { type: "linear", base_us: 1000, token_us: 10, decode_context_us: 0 } as const;

/** One worker; steps of 10 ms with a prompt and 1 ms without unless the knobs say otherwise. */
function run(engine: Knobs, rows: readonly Row[], blockSize = 0): Run {
  const scenario = scenarioOf({ scheduler: "tensorrt_llm", ...engine });
  const { requests, report } = runBoth({ scenario, trace: traceOf(rows, blockSize) });
  const outcomes = outcomesOf(requests);
  return { outcomes, report, times: outcomes.map(({ first, finish }) => [first, finish]) };
}

describe("capacity policy", () => {
  // Four blocks of 4 tokens; each request needs one for its prompt and four with all its output.
  const tight = { block_size: 4, num_gpu_blocks: 4 } as const;
  const pair = [one(4, 9), one(4, 9)];

  test("guaranteed_no_evict: the second waits until the first one's whole output is out", () => {
    const { times, report } = run(tight, pair);
    expect(times).toEqual([
      [10 * MS, 18 * MS],
      [28 * MS, 36 * MS],
    ]);
    expect(report.kv.preemptions).toBe(0);
  });

  test("max_utilization: both start, and the newest gives way as under vLLM", () => {
    const greedy = { ...tight, capacity_scheduler_policy: "max_utilization" } as const;
    const { times, outcomes } = run(greedy, pair);
    expect(times).toEqual([
      [10 * MS, 18 * MS],
      [10 * MS, 31 * MS],
    ]);
    expect(outcomes.map((outcome) => outcome.preemptions)).toEqual([0, 1]);
    expect(run({ ...greedy, preemption_mode: "fifo" }, pair).times).toEqual(times);
    expect(run({ ...tight, scheduler: "vllm" }, pair).times).toEqual(times);
  });

  test("promises shrink as they are kept: what is taken is not counted twice", () => {
    // A: 16 tokens, 4 blocks of 6. B: 8 tokens, 2 blocks: fits beside A's promise at any time.
    const { outcomes } = run({ block_size: 4, num_gpu_blocks: 6 }, [
      one(4, 12),
      one(4, 4, 16_500),
      one(4, 4, 16_600),
    ]);
    // The third waits for the second, which computes its prompt until 27 ms and ends at 30 ms.
    expect(outcomes.map((outcome) => outcome.admitted)).toEqual([0, 17 * MS, 30 * MS]);
  });

  test("a prefix that a running request holds costs nothing, one that lies idle costs its blocks", () => {
    const engine = { num_gpu_blocks: 5 };
    const row = (at: number, ids: number[]): Row => ({ at, input: 32, output: 16, ids });
    // 3 of 5 blocks are promised to the first. The same prompt needs one more, another one three.
    expect(run(engine, [row(0, [0, 1]), row(11_500, [0, 1])], 16).outcomes[1]!.admitted).toBe(
      12 * MS,
    );
    expect(run(engine, [row(0, [0, 1]), row(11_500, [2, 3])], 16).outcomes[1]!.admitted).toBe(
      25 * MS,
    );
    // Its own blocks, cached and in nobody's use, are not free once it has them.
    const again = [row(0, [0, 1]), row(30_000, [2, 3]), row(30_000, [0, 1])];
    expect(run(engine, again, 16).outcomes[2]!.admitted).toBe(55 * MS);
  });

  test("the output is cut to what the pool holds, a prompt that fills it is refused", () => {
    const { report, times } = run(tight, [one(10, 100), one(16, 1), one(15, 1)]);
    expect(report.requests).toMatchObject({ completed: 2, rejected: 1 });
    // Six tokens for the first: 10 ms and five steps.
    expect(times[0]).toEqual([10 * MS, 15 * MS]);
    expect(report.tokens.output).toBe(6 + 1);
    expect(report.warnings).toContain("1 answers were cut at max_model_len or the KV pool");
  });
});

describe("chunks", () => {
  test("a prompt is split at whole blocks", () => {
    // A budget of 40 holds two blocks of 16: 32 + 32 + 32 + 24.
    const engine = { max_num_seqs: 8, max_num_batched_tokens: 40, step_time: LINEAR };
    expect(run(engine, [one(120, 1)]).times[0]![0]).toBe(3 * 1320 + 1240);
    expect(run({ ...engine, scheduler: "vllm" }, [one(120, 1)]).times[0]![0]).toBe(3 * 1400);
  });

  test("a budget that decodes leave short of a block starts no chunk", () => {
    const engine = { max_num_seqs: 8, max_num_batched_tokens: 16 };
    // 4 + 5 tokens first; its decodes leave 15 until 14 ms. Then chunks of 16 and 4.
    expect(run(engine, [one(4, 5), one(20, 1)]).times).toEqual([
      [10 * MS, 14 * MS],
      [34 * MS, 34 * MS],
    ]);
  });

  test("unsplit, a prompt waits for a step that holds it", () => {
    const engine = { max_num_seqs: 8, max_num_batched_tokens: 16, enable_chunked_prefill: false };
    const { times, report } = run(engine, [one(10, 3), one(16, 1), one(17, 1)]);
    expect(times.slice(0, 2)).toEqual([
      [10 * MS, 12 * MS],
      [22 * MS, 22 * MS],
    ]);
    expect(report.requests.rejected).toBe(1);
  });
});

describe("what the scenario may not say", () => {
  const problem = (engine: Knobs): string | undefined => {
    const parsed = parseScenario({ engine: { scheduler: "tensorrt_llm", ...engine } });
    return parsed.ok ? undefined : parsed.problem.where;
  };

  test("a step too small for a token each or for a block, a watermark", () => {
    expect(problem({})).toBeUndefined();
    expect(problem({ max_num_batched_tokens: 255 })).toBe("engine.max_num_batched_tokens");
    expect(problem({ max_num_batched_tokens: 256, block_size: 512 })).toBe(
      "engine.max_num_batched_tokens",
    );
    expect(problem({ watermark: 0.01 })).toBe("engine.watermark");
  });
});

describe("prompts wait for others to share a step with", () => {
  const patient = { batch_wait_steps: 5, batch_wait_tokens_ratio: 0.5, max_num_batched_tokens: 16 };
  const admissions = (engine: Knobs, rows: readonly Row[]): number[] =>
    run(engine, rows).outcomes.map(({ admitted }) => admitted);

  test("no longer than the steps: seen at 13 ms, five steps of a millisecond", () => {
    const rows = [one(4, 60), one(4, 4, 12_500)];
    expect(admissions(patient, rows)).toEqual([0, 18 * MS]);
    expect(admissions({ ...patient, batch_wait_steps: 0 }, rows)).toEqual([0, 13 * MS]);
  });

  test("no longer than it takes to fill half a step, the decode's token included", () => {
    // 1 + 4 tokens of 8 at 13 ms, 1 + 4 + 4 at 15 ms.
    const rows = [one(4, 60), one(4, 4, 12_500), one(4, 4, 14_500)];
    expect(admissions(patient, rows)).toEqual([0, 15 * MS, 15 * MS]);
    // Alone it fills the half.
    expect(admissions(patient, [one(4, 60), one(7, 4, 12_500)])).toEqual([0, 13 * MS]);
  });

  test("a prompt that does not fit the step counts for nothing, one in chunks for what fits", () => {
    const rows = [one(4, 60), one(16, 4, 12_500)];
    const whole = { ...patient, enable_chunked_prefill: false };
    // Beside a decode it never fits 16 tokens: it starts when nobody decodes.
    expect(admissions(whole, rows)[1]).toBe(69 * MS);
    expect(admissions({ ...patient, block_size: 1 }, rows)[1]).toBe(13 * MS);
  });

  test("nobody waits while nobody decodes", () => {
    expect(admissions(patient, [one(4, 2), one(4, 2, 30_000)])).toEqual([0, 30 * MS]);
  });
});
