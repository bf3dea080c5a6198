/** What `engine.backend` alone decides, and that every key can still be set. */

import { expect, test } from "vitest";
import { createSimulation, parseScenario, scenarioJsonSchema } from "../../src/sim/index.ts";
import type { Scenario } from "../../src/sim/index.ts";
import { hardwareFor } from "../support/hardware.ts";
import { traceOf } from "../support/small-scenarios.ts";
import { simulate } from "../support/simulate.ts";

function engineOf(document: object): Scenario["engine"] {
  const parsed = parseScenario(document);
  if (!parsed.ok) throw new Error(parsed.problem.what);
  return parsed.value.engine;
}

test.each([
  ["vllm", "vllm", 16, 256],
  ["sglang", "sglang", 1, 2048],
  ["trtllm", "tensorrt_llm", 32, 2048],
  ["hf", "static", 16, 256],
])(
  "%s: scheduler %s, blocks of %i tokens, %i requests",
  (backend, scheduler, block_size, max_num_seqs) => {
    expect(engineOf({ engine: { backend } })).toMatchObject({
      scheduler,
      block_size,
      max_num_seqs,
    });
  },
);

test("without a backend it is vLLM, with keys set it is what they say", () => {
  expect(engineOf({})).toMatchObject({ backend: "vllm", scheduler: "vllm", block_size: 16 });
  const engine = { backend: "sglang", scheduler: "vllm", block_size: 64, max_num_seqs: 32 };
  expect(engineOf({ engine })).toMatchObject(engine);
});

test("a complete scenario is a valid scenario with the same meaning", () => {
  const once = parseScenario({ engine: { backend: "trtllm" } });
  expect(once.ok && parseScenario(once.value)).toEqual(once);
});

test("editors still complete the keys, and unknown ones are still refused", () => {
  const engine = scenarioJsonSchema().properties?.["engine"];
  expect(Object.keys(engine?.properties ?? {})).toEqual(
    expect.arrayContaining(["scheduler", "block_size", "max_num_seqs", "backend"]),
  );
  expect(engine?.additionalProperties).toBe(false);
  const wrong = parseScenario({ engine: { sheduler: "vllm" } });
  expect(!wrong.ok && wrong.problem.remedy).toContain("scheduler");
});

test("model, gpu and backend are enough: the worker runs on the engine's own rules", () => {
  const named = { model: "llama-3.1-8b", gpu: "h100-sxm", engine: { backend: "sglang" } } as const;
  const parsed = parseScenario(named);
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const hardware = hardwareFor("llama-3.1-8b", "h100-sxm", "sglang");
  const trace = traceOf([{ at: 0, input: 1000, output: 20 }]);
  const { engine, requests, kv } = simulate({ scenario: parsed.value, trace, hardware }).report;
  expect(requests.completed).toBe(1);
  // One token a block: the pool is counted in tokens, as SGLang does.
  expect(kv.blocksPerWorker).toBe(engine.kvTokensPerWorker);
  expect(engine).toMatchObject({ backend: "sglang", maxNumSeqs: 2048 });
});

/** 45 layers of 64 × 128 × 128 float32 and a tail of 3 × 12,288 bf16, over eight ranks. */
const STATE_BYTES = (45 * (64 * 128 * 128 * 4 + 3 * 12_288 * 2)) / 8;

test("layers with linear attention keep their states, which bound the batch", () => {
  const hardware = hardwareFor("qwen3.5-397b-a17b", "b200", "sglang");
  const run = (engine: object) => {
    const parsed = parseScenario({
      model: "qwen3.5-397b-a17b",
      gpu: "b200",
      cluster: { parallelism: { tensor: 8 } },
      engine: { backend: "sglang", ...engine },
    });
    if (!parsed.ok) throw new Error(parsed.problem.what);
    const trace = traceOf([{ at: 0, input: 100, output: 2 }]);
    return simulate({ scenario: parsed.value, trace, hardware }).report;
  };
  const cached = run({});
  const { gpuMemory, maxNumSeqs } = cached.engine;
  expect(gpuMemory!.stateBytes).toBeCloseTo(0.9 * gpuMemory!.kvBytes, -3);
  expect(maxNumSeqs).toBe(Math.floor(gpuMemory!.stateBytes / (5 * STATE_BYTES)));
  expect(cached.warnings.join()).toContain(`max_num_seqs is ${String(maxNumSeqs)}`);
  // Without the radix cache a request needs one state, not five.
  const plain = run({ enable_prefix_caching: false });
  const { stateBytes } = plain.engine.gpuMemory!;
  expect(plain.engine.maxNumSeqs).toBe(Math.min(2048, Math.floor(stateBytes / STATE_BYTES)));
});

test("a pool with another backend has that backend's rules, one with the same keeps the scenario's keys", () => {
  const parsed = parseScenario({
    engine: { block_size: 64 },
    cluster: {
      pools: [
        { name: "a" },
        { name: "b", engine: { backend: "trtllm" } },
        { name: "c", engine: { backend: "sglang", max_num_seqs: 100 } },
      ],
    },
  });
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const trace = traceOf([{ at: 0, input: 10, output: 2 }]);
  const simulation = createSimulation({ scenario: parsed.value, trace });
  if (!simulation.ok) throw new Error(simulation.problem.what);
  const knobs = simulation.value.pools.map(({ engine }) => engine.knobs);
  expect(knobs.map((one) => [one.scheduler, one.block_size, one.max_num_seqs])).toEqual([
    ["vllm", 64, 256],
    ["tensorrt_llm", 32, 2048],
    ["sglang", 1, 100],
  ]);
});
