/** Pools of different workers under one router. */

import { expect, test } from "vitest";
import { parseScenario, scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { simulate } from "../support/simulate.ts";

const LINEAR = { type: "linear", base_us: 1000, token_us: 1, decode_context_us: 0 } as const;
const ENGINE = { step_time: LINEAR, num_gpu_blocks: 100, enable_prefix_caching: false };

/** Requests of 100 prompt tokens and 10 answers, a second apart. */
function traceOf(inputTokens: readonly number[]): Trace {
  const rows = inputTokens.length;
  return {
    header: {
      v: 1,
      name: "pools",
      format: "test",
      blockSize: 0,
      partialTail: "included",
      tickUs: 0,
      importLog: [],
      transforms: [],
    },
    rows,
    arrivalUs: Float64Array.from({ length: rows }, (_, row) => row * 1_000_000),
    inputTokens: Uint32Array.from(inputTokens),
    outputTokens: new Uint32Array(rows).fill(10),
  };
}

function run(cluster: ScenarioInput["cluster"], inputs: readonly number[] = [100, 100, 100, 100]) {
  const scenario = scenarioSchema.parse({
    cluster,
    engine: ENGINE,
    cost: { usd_per_gpu_hour: 2 },
  });
  return simulate({ scenario, trace: traceOf(inputs) }, { requests: true });
}

test("pools alike are the workers of one pool", () => {
  const one = run({ workers: 3 });
  const many = run({
    pools: [
      { name: "a", workers: 1 },
      { name: "b", workers: 2 },
    ],
  });
  expect(many.report.digest).toBe(one.report.digest);
  expect(many.report.pools.map(({ workers, completed }) => [workers, completed])).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(many.report.cost).toEqual(one.report.cost);
});

test("each pool has its own engine, GPUs and cost", () => {
  const slow = { ...LINEAR, base_us: 2000 };
  const { report, requests } = run({
    parallelism: { tensor: 2 },
    pools: [
      { name: "quick" },
      { name: "slow", engine: { step_time: slow }, parallelism: { tensor: 4 } },
    ],
  });
  // Ten steps, of 100 prompt tokens and then of one token each.
  const e2e = Array.from(requests!.finishUs, (us, i) => us - requests!.arrivalUs[i]!);
  expect(e2e).toEqual([10_109, 20_109, 10_109, 20_109]);
  expect(report.pools.map(({ gpus }) => gpus)).toEqual([2, 4]);
  expect(report.gpuHours).toBeCloseTo((6 * report.simS) / 3600, 12);
  expect(report.cost?.totalUsd).toBeCloseTo(2 * report.gpuHours, 12);
  expect(report.pools[1]!.costUsd).toBeCloseTo((2 * 4 * report.simS) / 3600, 12);
});

test("a request that the chosen pool cannot hold is refused there, one that none holds at the door", () => {
  const { report, requests } = run(
    { pools: [{ name: "small", engine: { num_gpu_blocks: 10 } }, { name: "large" }] },
    [100, 1000, 1000, 5000],
  );
  // Round robin: small, large, small (too long for it), and one that nobody could hold.
  expect(Array.from(requests!.status)).toEqual([0, 0, 1, 1]);
  expect(report.rejections).toEqual([{ reason: "does not fit the KV pool", count: 2 }]);
});

test("faults name the pool and the key", () => {
  const twice = parseScenario({ trace: "t", cluster: { pools: [{ name: "a" }, { name: "a" }] } });
  expect(!twice.ok && twice.problem).toMatchObject({ where: "cluster.pools.1.name" });
  const small = { max_num_seqs: 256, max_num_batched_tokens: 16 };
  const bad = parseScenario({ trace: "t", cluster: { pools: [{ name: "a", engine: small }] } });
  expect(!bad.ok && bad.problem.where).toBe("cluster.pools.0: engine.max_num_batched_tokens");
  const typo = parseScenario({ trace: "t", cluster: { pools: [{ name: "a", engin: {} }] } });
  expect(!typo.ok && typo.problem.remedy).toContain("engine");
});

test("an override leaves every other key of the engine as the scenario has it", () => {
  const parsed = parseScenario({
    trace: "t",
    engine: { max_num_seqs: 7 },
    cluster: { pools: [{ name: "a", engine: { block_size: 32 } }] },
  });
  expect(parsed.ok && parsed.value.cluster.pools[0]!.engine).toEqual({ block_size: 32 });
});
