/** Model, GPU and trace are a scenario: what the cards fill in, what is refused, what is warned of. */

import { describe, expect, it, test } from "vitest";
import { problemText } from "../../src/core/index.ts";
import { FixedStepTime, memoryBudget, PRICE_TIERS } from "../../src/hardware/index.ts";
import { parseScenario, resolveEngine } from "../../src/sim/index.ts";
import type { EngineInputs, ResolvedEngine, ScenarioInput } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { deck, timingOf } from "../hardware/kernels-support.ts";
import { hardwareOf } from "../support/hardware.ts";
import { simulate } from "../support/simulate.ts";
import { scenarioOf, traceOf } from "../support/small-scenarios.ts";

const MODEL = "llama-3.1-8b";
const THREE_LINES = { model: MODEL, gpu: "h100-sxm", trace: "a.jsonl" };
const H100 = { hardware: hardwareOf("h100-sxm") };

function resolve(document: ScenarioInput, inputs: EngineInputs = H100): ResolvedEngine {
  return valueOf(resolveEngine(valueOf(parseScenario(document)), inputs));
}

function problemOf(document: ScenarioInput, inputs: EngineInputs = H100): string {
  const scenario = parseScenario(document);
  if (!scenario.ok) return problemText(scenario.problem);
  const engine = resolveEngine(scenario.value, inputs);
  return engine.ok ? "accepted" : problemText(engine.problem);
}

const ONE_TOKEN = {
  prefillRequests: 0,
  prefillTokens: 0,
  prefillPastTokens: 0,
  prefillPairs: 0,
  decodeRequests: 1,
  decodeContextTokens: 1000,
};

describe("three lines", () => {
  const { facts, knobs, model, usdPerGpuHour, warnings } = resolve(THREE_LINES);

  it("get the kernels step times of the card's calibration", () => {
    expect(model.name).toBe("kernels");
    expect(facts).toMatchObject({
      stepTime: "kernels",
      calibration: "calibrated",
      calibrationSystem: "h100_sxm",
      model: MODEL,
      gpu: "h100-sxm",
      backend: "vllm",
      dtype: "bf16",
      kvCacheDtype: "bf16",
      gpusPerWorker: 1,
      maxNumSeqs: 256,
      maxNumBatchedTokens: 8192,
    });
    // 16 GB of weights at 3.35 TB/s take 4.8 ms.
    expect(model.stepUs(ONE_TOKEN)).toBeGreaterThan(4800);
    expect(model.stepUs(ONE_TOKEN)).toBeLessThan(9000);
  });

  it("get the blocks that the engine would allocate", () => {
    const card = deck.llms.find(({ id }) => id === MODEL)!.card;
    const gpu = deck.gpus.find(({ id }) => id === "h100-sxm")!;
    const settings = {
      engine: "vllm" as const,
      blockSize: 16,
      maxNumSeqs: 256,
      maxBatchedTokens: 8192,
    };
    const budget = valueOf(memoryBudget(card, gpu.visibleBytes, settings));
    expect(knobs.num_gpu_blocks).toBe(budget.kvBlocks);
    expect(facts).toMatchObject({
      kvBlocksPerWorker: budget.kvBlocks,
      kvTokensPerWorker: budget.kvTokens,
      kvBlocksFrom: "memory",
      gpuMemory: { totalBytes: gpu.visibleBytes, weightBytes: budget.weightBytes },
    });
  });

  it("get the newest price of the card, by tier", () => {
    expect(usdPerGpuHour).toBe(1.55);
    const chosen = { usdPerGpuHour: 1.55, tier: "neocloud", date: "2026-07-14" };
    expect(facts.price).toMatchObject(chosen);
    expect(facts.price!.card).toContainEqual(chosen);
    expect(facts.price!.card.map(({ tier }) => tier)).toEqual(PRICE_TIERS);
    const dear = resolve({ ...THREE_LINES, cost: { tier: "rental3y" } });
    expect(dear.usdPerGpuHour).toBe(1.78);
    const own = resolve({ ...THREE_LINES, cost: { usd_per_gpu_hour: 9 } });
    const { card } = facts.price!;
    expect(own.facts.price).toEqual({ usdPerGpuHour: 9, tier: null, date: null, card });
  });

  it("say what was not measured, and nothing of the polynomial", () => {
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("whole steps of vllm were not");
    const measured = resolve({ ...THREE_LINES, gpu: "b300" }, { hardware: hardwareOf("b300") });
    expect(measured.warnings).toEqual([]);
  });
});

describe("what the scenario says wins", () => {
  it("over memory, step times and GPUs", () => {
    const { facts, model } = resolve({
      ...THREE_LINES,
      engine: { num_gpu_blocks: 77, step_time: { type: "fixed", prefill_ms: 5, decode_ms: 2 } },
    });
    expect(model.name).toBe("fixed");
    expect(facts).toMatchObject({ kvBlocksPerWorker: 77, kvBlocksFrom: "scenario" });
    expect(facts.calibration).toBeNull();
  });

  it("and more blocks than fit are warned of", () => {
    const { warnings } = resolve({ ...THREE_LINES, engine: { num_gpu_blocks: 1_000_000 } });
    expect(warnings.join()).toContain("num_gpu_blocks 1000000 is more than the");
  });

  it("formats, share of memory, engine and its version", () => {
    const blocks = (engine: ScenarioInput["engine"]): number =>
      resolve({ ...THREE_LINES, engine }).knobs.num_gpu_blocks;
    const plain = blocks({});
    expect(blocks({ kv_cache_dtype: "fp8" })).toBeGreaterThan(1.99 * plain);
    expect(blocks({ dtype: "fp8" })).toBeGreaterThan(plain + 1000);
    expect(blocks({ gpu_memory_utilization: 0.5 })).toBeLessThan(plain / 2);
    expect(blocks({ backend_version: "0.20.1" })).toBeLessThan(plain);
    expect(blocks({ backend_version: "0.19.0" })).toBe(plain);
    expect(blocks({ backend_version: "0.22" })).toBeGreaterThan(
      blocks({ backend_version: "0.20" }),
    );
    expect(blocks({ backend: "trtllm" })).not.toBe(plain);
  });

  it("the engine's host floors", () => {
    const stepUs = (backend: "vllm" | "hf"): number => {
      const inputs = { hardware: hardwareOf("h100-sxm", backend) };
      return resolve({ ...THREE_LINES, engine: { backend } }, inputs).model.stepUs(ONE_TOKEN);
    };
    expect(timingOf("hf").asyncScheduling).toBe(false);
    expect(stepUs("hf")).toBeGreaterThan(1.5 * stepUs("vllm"));
  });

  it("a model made elsewhere", () => {
    const model = new FixedStepTime({ prefillUs: 10, decodeUs: 20 });
    expect(resolve(THREE_LINES, { ...H100, model }).model).toBe(model);
    expect(resolve({}, { model }).warnings).toEqual([]);
  });
});

describe("parallelism", () => {
  it("multiplies GPUs, and limits by the data ranks", () => {
    const cluster = { parallelism: { tensor: 2, pipeline: 2, data: 3 } };
    const engine = { num_gpu_blocks: 100, max_num_seqs: 8, max_num_batched_tokens: 512 };
    const { gpusPerWorker, knobs } = resolve({ ...THREE_LINES, cluster, engine });
    expect(gpusPerWorker).toBe(12);
    expect(knobs).toMatchObject({
      num_gpu_blocks: 300,
      max_num_seqs: 24,
      max_num_batched_tokens: 1536,
      ranks: 3,
    });
    const step_time = { type: "kernels", context_parallel: 2 } as const;
    expect(resolve({ ...THREE_LINES, cluster, engine: { step_time } }).gpusPerWorker).toBe(24);
  });

  it("leaves a request on one rank: it has to fit there", () => {
    const run = (data: number) =>
      simulate({
        scenario: scenarioOf({ num_gpu_blocks: 10 }, { cluster: { parallelism: { data } } }),
        trace: traceOf([{ at: 0, input: 200, output: 1 }]),
      }).report;
    expect(run(1).requests.rejected).toBe(1);
    expect(run(4).requests.rejected).toBe(1);
    expect(run(4).kv.blocksPerWorker).toBe(40);
  });

  it("makes steps quicker", () => {
    const stepUs = (tensor: number): number =>
      resolve({ ...THREE_LINES, cluster: { parallelism: { tensor } } }).model.stepUs(ONE_TOKEN);
    expect(stepUs(2)).toBeLessThan(stepUs(1));
  });
});

describe("without model and GPU", () => {
  it("the defaults are those of a scheduler study, and say so", () => {
    const { facts, model, warnings, usdPerGpuHour } = resolve({ trace: "a.jsonl" }, {});
    expect(model.name).toBe("polynomial");
    expect(facts).toMatchObject({
      kvBlocksPerWorker: 16_384,
      kvBlocksFrom: "default",
      gpusPerWorker: 1,
      model: null,
      gpu: null,
      calibration: null,
      dtype: null,
      gpuMemory: null,
      price: null,
    });
    expect(usdPerGpuHour).toBeNull();
    expect(warnings).toEqual([expect.stringContaining("uncalibrated mocker formula")]);
  });

  it("a GPU alone has a price, and both names alone a warning", () => {
    const gpu = resolve({ gpu: "h100" });
    expect(gpu.usdPerGpuHour).toBe(1.55);
    expect(gpu.facts.gpu).toBe("h100-sxm");
    expect(gpu.warnings.join()).toContain("name a model too");
    expect(resolve({ model: MODEL }).warnings.join()).toContain("name a gpu too");
  });

  it("keys that would need them are named", () => {
    const { warnings } = resolve({
      engine: { dtype: "fp8", kv_cache_dtype: "fp8" },
      cluster: { parallelism: { tensor: 4 } },
    });
    expect(warnings.join()).toContain(
      "engine.dtype, engine.kv_cache_dtype, cluster.parallelism: no effect",
    );
  });
});

describe("outside what was measured", () => {
  it("a GPU by the ratio of peaks is marked estimated", () => {
    const { facts, warnings } = resolve(
      { ...THREE_LINES, gpu: "h20" },
      { hardware: hardwareOf("h20") },
    );
    expect(facts).toMatchObject({ calibration: "estimated", calibrationSystem: "h200_sxm" });
    expect(warnings[0]).toMatch(/step times are estimated: NVIDIA H20.*h200_sxm/);
  });

  it("formats and kinds of attention without a table are named", () => {
    const named = (document: ScenarioInput, gpu: string): string =>
      resolve({ ...document, gpu }, { hardware: hardwareOf(gpu) }).warnings.join("\n");
    const b300 = { cluster: { parallelism: { tensor: 8 } } };
    expect(named({ model: "qwen3.5-397b-a17b", ...b300 }, "b300")).toContain("linear attention");
    const int4 = { model: MODEL, engine: { dtype: "int4" as const } };
    expect(named(int4, "h100-sxm")).toContain("int4 matrix products");
    expect(named({ model: "mixtral-8x7b", ...b300 }, "a100-sxm-80")).toContain("bf16 experts");
    // Its dense parts are bf16, its experts were measured.
    expect(named({ model: "gpt-oss-120b" }, "h100-sxm")).not.toContain("outside");
  });

  it("Transformers asks for its scheduler", () => {
    const inputs = { hardware: hardwareOf("h100-sxm", "hf") };
    const warned = (scheduler: "vllm" | "static"): boolean =>
      resolve({ ...THREE_LINES, engine: { backend: "hf", scheduler } }, inputs)
        .warnings.join()
        .includes("engine.scheduler to static");
    expect([warned("vllm"), warned("static")]).toEqual([true, false]);
  });
});

const ranks = (parallelism: NonNullable<ScenarioInput["cluster"]>["parallelism"]) => ({
  ...THREE_LINES,
  cluster: { parallelism },
});

test.each<[string, ScenarioInput, readonly string[]]>([
  ["an unknown model", { ...THREE_LINES, model: "lama-3.1-8b" }, ["model: ", `nearest: ${MODEL}`]],
  ["an unknown GPU", { ...THREE_LINES, gpu: "h100-sxn" }, ["gpu: ", "nearest: h100-sxm"]],
  [
    "a model that does not fit",
    { ...THREE_LINES, model: "llama-3.1-70b" },
    [
      "does not fit: ",
      "the weights alone exceed the GPU",
      "cluster.parallelism.tensor=2, engine.dtype=fp8, engine.dtype=int4, gpu=h200-sxm with cluster.parallelism.tensor=2, gpu=b200",
    ],
  ],
  [
    "a format the GPU lacks",
    { ...THREE_LINES, gpu: "a100", engine: { dtype: "fp8" } },
    ["engine.dtype: ", "has no fp8 arithmetic", "nearest: int8"],
  ],
  [
    "a cache format the GPU lacks",
    { ...THREE_LINES, gpu: "a100", engine: { kv_cache_dtype: "fp8" } },
    ["engine.kv_cache_dtype: ", "nearest: bf16"],
  ],
  ["heads that do not divide", ranks({ tensor: 3 }), ["cluster.parallelism: ", "nearest: tp 2"]],
  ["more stages than layers", ranks({ pipeline: 99 }), ["cluster.parallelism.pipeline: ", "32"]],
  ["experts of a dense model", ranks({ tensor: 2, expert: 2 }), ["cluster.parallelism.expert: "]],
  [
    "GPUs that the parallelism does not take",
    { ...THREE_LINES, cluster: { gpus_per_worker: 8 } },
    ["cluster.gpus_per_worker: ", "expected: 1,", "tensor: 8"],
  ],
  [
    "kernels without a GPU",
    { model: MODEL, engine: { step_time: { type: "kernels" } } },
    ["engine.step_time.type: ", "expected: gpu: NAME"],
  ],
  [
    "a longest request that no pool of this GPU holds",
    { ...THREE_LINES, engine: { max_model_len: 1_000_000 } },
    ["engine.max_model_len: ", "does not fit in the KV cache"],
  ],
])("%s is refused", (_, document, words) => {
  const problem = problemOf(document);
  for (const word of words) expect(problem).toContain(word);
});

test("cards and parameters that did not come are asked for", () => {
  expect(problemOf(THREE_LINES, {})).toContain("no cards came with it");
  expect(problemOf(THREE_LINES, { hardware: { deck } })).toContain("no kernel parameters came");
  const engine = { step_time: { type: "fixed" as const, prefill_ms: 1, decode_ms: 1 } };
  expect(problemOf({ ...THREE_LINES, engine }, { hardware: { deck } })).toBe("accepted");
});

test("the report states what was resolved, and pays for it", () => {
  const scenario = valueOf(
    parseScenario({ ...THREE_LINES, cluster: { workers: 2, parallelism: { tensor: 4 } } }),
  );
  const trace = traceOf([{ at: 0, input: 1000, output: 100 }]);
  const { report } = simulate({ ...H100, scenario, trace });
  const { engine } = report;
  expect(engine).toEqual(resolve(scenario).facts);
  expect(report.kv.blocksPerWorker).toBe(engine.kvBlocksPerWorker);
  expect(report.gpuHours).toBeCloseTo((report.simS * 8) / 3600, 12);
  expect(report.cost?.totalUsd).toBeCloseTo(report.gpuHours * 1.55, 12);
});
