/** Attention ranks in lock step: worked out by hand, against a loop over single steps, and against the kernels. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RankStepTime } from "../../src/hardware/index.ts";
import type { DecodeRun, JointLoad, StepShape } from "../../src/hardware/index.ts";
import { parseScenario, scenarioSchema, workerName } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { kernelsOf } from "../hardware/kernels-support.ts";
import { lawRuns } from "../laws/law-runs.ts";
import { hardwareFor } from "../support/hardware.ts";
import { runBoth, scenarioOf, TEN_AND_ONE, timesOf, traceOf } from "../support/small-runs.ts";

const apart = (workers: number, data: number): Pick<ScenarioInput, "cluster"> => ({
  cluster: { workers, parallelism: { data } },
});
const APART = { data_ranks: "apart" } as const;

describe("by hand: a step with a prompt takes 10 ms, a decode step 1 ms", () => {
  test("a rank without work sees its request at the boundary, and all wait for the slowest", () => {
    const trace = traceOf([
      { at: 0, input: 100, output: 3 },
      { at: 5000, input: 100, output: 2 },
    ]);
    const scenario = scenarioOf({ ...APART, step_time: TEN_AND_ONE }, apart(1, 2));
    const { report, requests } = runBoth({ scenario, trace });
    expect([...requests.worker]).toEqual([0, 1]);
    // The second prompt takes the first's decode step along, then both decode.
    expect(timesOf(requests)).toEqual([
      [10_000, 21_000],
      [20_000, 21_000],
    ]);
    expect(requests.admittedUs[1]).toBe(10_000);
    const { lockStep } = report.pools[0]!;
    // 21 ms of steps on two ranks: 10 + 1 + 1 and 10 + 1 at work, 9 waiting, 10 with nothing to do.
    expect(lockStep).toMatchObject({ ranks: 2, stepsS: 0.021 });
    expect(lockStep!.workedShare).toBeCloseTo(23 / 42, 12);
    expect(lockStep!.waitedShare).toBeCloseTo(9 / 42, 12);
    expect(lockStep!.idleShare).toBeCloseTo(10 / 42, 12);
    expect(lockStep!.imbalance).toBeCloseTo((2 * 103) / 205, 12);
    expect(report.workers.map(({ rankOf }) => rankOf)).toEqual([
      { worker: 0, rank: 0 },
      { worker: 0, rank: 1 },
    ]);
    expect(workerName(report, 1)).toBe("0.1");
  });

  test("who is thrown out comes back at the next step, though another rank has planned since", () => {
    const lengths = [1, 1, 2, 1, 1];
    const outputs = [31, 31, 30, 1, 1];
    const trace = traceOf(lengths.map((input, i) => ({ at: 0, input, output: outputs[i]! })));
    const tight = { block_size: 1, num_gpu_blocks: 60, max_num_batched_tokens: 3, watermark: 0 };
    const step = {
      step_time: TEN_AND_ONE,
      scheduler_reserve_full_isl: false,
      enable_prefix_caching: false,
    };
    const scenario = scenarioOf({ ...APART, ...step, ...tight }, apart(1, 2));
    const { report } = runBoth({ scenario, trace });
    expect(report.kv.preemptions).toBeGreaterThan(0);
    expect(report.requests.completed).toBe(5);
  });

  test("other workers do not wait", () => {
    const trace = traceOf([
      { at: 0, input: 100, output: 2 },
      { at: 0, input: 100, output: 2 },
      { at: 5000, input: 100, output: 2 },
    ]);
    const scenario = scenarioOf({ ...APART, step_time: TEN_AND_ONE }, apart(2, 2));
    const { requests } = runBoth({ scenario, trace });
    expect([...requests.worker]).toEqual([0, 1, 2]);
    expect(timesOf(requests)[2]).toEqual([15_000, 16_000]);
  });

  test("a next turn goes to the rank that has its prefix, not to another of the same worker", () => {
    const ids = [1, 2, 3, 4];
    const rows = Array.from({ length: 6 }, (_, i) => ({
      at: 100_000 * (i >> 1) + 1000 * (i % 2),
      input: 64 + 16 * (i >> 1),
      output: 2,
      ids: [
        ...ids.map((id) => id + 100 * (i % 2)),
        ...[9, 10].slice(0, i >> 1).map((id) => id + 100 * (i % 2)),
      ],
    }));
    const scenario = scenarioOf(
      { ...APART, step_time: TEN_AND_ONE, block_size: 16, num_gpu_blocks: 100 },
      { ...apart(1, 4), router: { policy: "dynamo_kv" } },
    );
    const { requests } = runBoth({ scenario, trace: traceOf(rows, 16) });
    const [first, second] = requests.worker;
    expect([...requests.worker]).toEqual([first, second, first, second, first, second]);
    expect(first).not.toBe(second);
    expect(requests.cachedTokens[4]).toBeGreaterThan(0);
  });

  test("a crash takes all ranks of the worker, and they come back together", () => {
    const rows = Array.from({ length: 8 }, (_, i) => ({ at: 1000 * i, input: 100, output: 400 }));
    const scenario = scenarioOf(
      { ...APART, step_time: TEN_AND_ONE },
      {
        ...apart(2, 2),
        faults: {
          events: [{ at_s: 0.2, kind: "crash", worker: 1 }],
          restart_s: 1,
          detection_s: 0.0005,
          migration_limit: 1,
        },
      },
    );
    const { report, requests } = runBoth({ scenario, trace: traceOf(rows) });
    expect(report.faults!.events[0]!.workers).toEqual([2, 3]);
    expect(report.faults!.moved).toBe(4);
    expect(requests.worker.every((worker) => worker < 2)).toBe(true);
    expect(report.requests.completed).toBe(8);
  });
});

const LINEAR = {
  type: "linear",
  base_us: 2000,
  prefill_fixed_us: 0,
  token_us: 3,
  pair_us: 0,
  decode_request_us: 100,
  decode_context_us: 0.5,
} as const;

type Load = readonly { readonly input: number; readonly output: number }[];

/** When each request ends if all come at once, one step after the other; times are not rounded. */
function endsByLoop(ranks: readonly Load[]): number[] {
  const live = ranks.map((load) =>
    load.map((one) => ({ ...one, context: one.input + 1, got: 1, endUs: 0 })),
  );
  const all = live.flat();
  const partUs = (load: Load): number =>
    load.length === 0 ? 0 : 2000 + 3 * load.reduce((sum, { input }) => sum + input, 0);
  let nowUs = Math.max(...ranks.map(partUs));
  for (const one of all) one.endUs = nowUs;
  while (all.some(({ got, output }) => got < output)) {
    const stepUs = live.map((load) => {
      const decoding = load.filter(({ got, output }) => got < output);
      if (decoding.length === 0) return 0;
      return (
        2000 + 103 * decoding.length + 0.5 * decoding.reduce((sum, { context }) => sum + context, 0)
      );
    });
    nowUs += Math.max(...stepUs);
    for (const one of all) {
      if (one.got === one.output) continue;
      one.got++;
      one.context++;
      one.endUs = nowUs;
    }
  }
  return all.map(({ endUs }) => endUs);
}

test("every step takes as long as the slowest rank's, however often another one leads", () => {
  const request = fc.record({
    input: fc.integer({ min: 1, max: 3000 }),
    output: fc.integer({ min: 1, max: 400 }),
  });
  // A few long contexts against many short ones: these grow faster and overtake.
  const short = fc.record({
    input: fc.constantFrom(1, 50),
    output: fc.integer({ min: 200, max: 400 }),
  });
  const loads = fc.oneof(
    fc.array(request, { minLength: 0, maxLength: 3 }),
    fc.array(short, { minLength: 4, maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(loads, { minLength: 2, maxLength: 4 }), (drawn) => {
      const ranks = drawn.some((load) => load.length > 0) ? drawn : [[{ input: 5, output: 3 }], []];
      const rows = ranks.flatMap((load, rank) => load.map((one) => ({ at: 0, ...one, rank })));
      const tenants = [...ranks.keys()].map(String);
      const trace = {
        ...traceOf(rows),
        labels: { tenant: { values: tenants, codes: Uint16Array.from(rows, ({ rank }) => rank) } },
      };
      const rules = tenants.map((tenant, rank) => ({ tenant, allowed_ranks: [rank] }));
      const scenario = scenarioOf(
        { ...APART, step_time: LINEAR, max_num_batched_tokens: 100_000, num_gpu_blocks: 100_000 },
        { ...apart(1, ranks.length), router: { rules } },
      );
      const { requests, report } = runBoth({ scenario, trace });
      const ends = endsByLoop(ranks);
      // Each change of a batch rounds to a microsecond.
      for (let i = 0; i < ends.length; i++) {
        expect(Math.abs(requests.finishUs[i]! - ends[i]!)).toBeLessThan(
          1 + rows.length + ranks.length,
        );
      }
      const { workedShare, waitedShare, idleShare } = report.pools[0]!.lockStep!;
      expect(workedShare + waitedShare + idleShare).toBeCloseTo(1, 9);
      expect(Math.min(workedShare, waitedShare, idleShare)).toBeGreaterThanOrEqual(-1e-12);
    }),
    lawRuns(120),
  );
});

describe("against the kernels", () => {
  const RANKS = 8;
  const layout = { dp: RANKS, ep: RANKS };
  const worker = kernelsOf("h200-sxm", "deepseek-v3", layout);
  const rank = new RankStepTime(worker, RANKS);
  const prompts = (requests: number, tokens: number): StepShape => ({
    prefillRequests: requests,
    prefillTokens: requests * tokens,
    prefillPastTokens: 0,
    prefillPairs: (requests * tokens * tokens) / 2,
    decodeRequests: 0,
    decodeContextTokens: 0,
  });
  const allOf = (shape: StepShape, ranks: number): JointLoad => ({
    prefillTokens: shape.prefillTokens * ranks,
    decodeRequests: shape.decodeRequests * ranks,
    decodeRequestsMost: shape.decodeRequests,
  });

  test("ranks with equal loads take what the worker takes with all of them", () => {
    for (const tokens of [16, 500, 4096]) {
      const one = prompts(1, tokens);
      expect(rank.stepAmongUs(one, allOf(one, RANKS))).toBe(worker.stepUs(prompts(RANKS, tokens)));
    }
    const own: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };
    const all: DecodeRun = { ...own };
    for (const requests of [1, 13, 200]) {
      rank.decodeRun(requests, requests * 1000, own, requests);
      worker.decodeRun(requests * RANKS, requests * RANKS * 1000, all);
      const ownUs = own.c0 + own.c1 * requests * 1000;
      expect(ownUs).toBeCloseTo(all.c0 + all.c1 * requests * RANKS * 1000, 6);
      expect(own.contextEnd * RANKS).toBeCloseTo(all.contextEnd, 6);
    }
  });

  test("a rank alone saves the others' tokens in the experts, and nothing of its own work", () => {
    const one = prompts(2, 4096);
    const alone = rank.stepAmongUs(one, allOf(one, 1));
    const among = rank.stepAmongUs(one, allOf(one, RANKS));
    expect(alone).toBeLessThan(among);
    // Its rows and its attention are those of a rank whatever the others do: the experts are all that differs.
    const halfway = rank.stepAmongUs(one, allOf(one, 4));
    expect(halfway).toBeGreaterThan(alone);
    expect(halfway).toBeLessThan(among);
  });

  test("graphs are padded to the fullest rank", () => {
    const run: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };
    const us = (requests: number, most: number): number => {
      rank.decodeRun(requests, requests * 2000, run, most);
      return run.c0 + run.c1 * requests * 2000;
    };
    expect(us(4, 200)).toBeGreaterThan(us(4, 4));
    // The fuller rank still takes longer: its attention is its own.
    expect(us(200, 200)).toBeGreaterThan(us(4, 200));
  });

  test("eight equal requests end when they do on a worker whose ranks are pooled", () => {
    const hardware = hardwareFor("deepseek-v3", "b200", "trtllm");
    const run = (data_ranks: "pooled" | "apart") => {
      const scenario = scenarioSchema.parse({
        model: "deepseek-v3",
        gpu: "b200",
        cluster: { parallelism: { data: RANKS, expert: RANKS } },
        engine: { backend: "trtllm", async_scheduling: false, ingest_us_per_token: 0, data_ranks },
      });
      const trace = traceOf(Array.from({ length: 8 }, () => ({ at: 0, input: 700, output: 50 })));
      return runBoth({ scenario, trace, hardware });
    };
    const [pooled, split] = [run("pooled"), run("apart")];
    expect([...split.requests.worker]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    timesOf(split.requests).forEach(([first, finish], i) => {
      const [pooledFirst, pooledFinish] = timesOf(pooled.requests)[i]!;
      expect(first).toBe(pooledFirst);
      expect(Math.abs(finish - pooledFinish)).toBeLessThanOrEqual(1);
    });
    expect(split.report.gpuHours).toBeCloseTo(pooled.report.gpuHours, 12);
    expect(split.report.pools[0]!.gpus).toBe(8);
    expect(split.report.kv.blocksPerWorker * RANKS).toBe(pooled.report.kv.blocksPerWorker);
    expect(split.report.energy!.gpuKwh).toBeCloseTo(pooled.report.energy!.gpuKwh, 9);
  });
});

test("what cannot be is named", () => {
  const where = (rest: ScenarioInput) => {
    const parsed = parseScenario({ trace: "t", ...rest });
    return parsed.ok ? undefined : parsed.problem.where;
  };
  const cluster = { parallelism: { data: 4 } };
  const balanced = { scheduler: "tensorrt_llm", attention_dp_wait_steps: 5, ...APART } as const;
  expect(where({ cluster, engine: balanced })).toBe("engine.attention_dp_wait_steps");
  expect(where({ cluster: { ...cluster, gpus_per_worker: 6 }, engine: APART })).toBe(
    "cluster.gpus_per_worker",
  );
  const router = (allowed_ranks: number[]) => ({ router: { rules: [{ allowed_ranks }] } });
  expect(where({ cluster, engine: APART, ...router([3]) })).toBeUndefined();
  expect(where({ cluster, engine: APART, ...router([4]) })).toBe("router.rules.0.allowed_ranks");
  expect(where({ cluster, ...router([0]) })).toBe("router.rules.0.allowed_ranks");
});
