/** Draws of the uncertain parameters: what they stretch, that they repeat, and what the bands hold. */

import { expect, test } from "vitest";
import {
  findGpu,
  kernelSpreads,
  kernelsStepTime,
  stretchedKernels,
} from "../../src/hardware/index.ts";
import { bandsOf, sampleHardware, sampleInputs, uncertainParts } from "../../src/plan/index.ts";
import { parseScenario } from "../../src/sim/index.ts";
import type { Report, SimulationInputs } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { hardwareFor, hardwareOf, MACHINES } from "../support/hardware.ts";
import { traceOf } from "../support/small-scenarios.ts";
import { simulate } from "../support/simulate.ts";

test.each(MACHINES)(
  "every time of $model on $gpu is made of named parts: all longer by 1.3, the step is",
  ({ model, gpu: gpuName, backend, parallelism }) => {
    const { params, timing } = hardwareOf(gpuName, backend);
    const { gpus, nodes, llms } = hardwareFor(model, gpuName, backend).deck;
    const ranks = { tensor: 1, pipeline: 1, expert: 1, data: 1, ...parallelism };
    const [gpu, node] = [gpus[0]!, nodes[0]];
    const { tensor: tp, expert: ep, data: dp } = ranks;
    // Without throttle, and with one stage: hops between stages are a link's, not a fit's.
    const still = { ...params, throttle: 1 };
    const build = (parts: ReturnType<typeof stretchedKernels>) =>
      valueOf(
        kernelsStepTime({
          model: llms[0]!.card,
          gpu,
          ...(node === undefined ? {} : { node }),
          ...parts,
          layout: { tp, ep, dp },
        }),
      );
    const one = build(stretchedKernels(still, timing, () => 1));
    const plain = build({ params: still, timing });
    // The scale of a whole step is a part of its own, on top of its kernels.
    const longer = build(
      stretchedKernels(still, timing, (name) => (name.endsWith("steps") ? 1 : 1.3)),
    );
    for (const [prompts, tokens, decodes, context] of [
      [0, 0, 1, 10],
      [0, 0, 64, 4000],
      [1, 2048, 0, 0],
      [3, 500, 100, 1000],
    ] as const) {
      const shape = {
        prefillRequests: prompts,
        prefillTokens: prompts * tokens,
        prefillPastTokens: 0,
        prefillPairs: (prompts * tokens * tokens) / 2,
        decodeRequests: decodes,
        decodeContextTokens: decodes * context,
      };
      expect(one.stepUs(shape)).toBeCloseTo(plain.stepUs(shape), 6);
      const ratio = longer.stepUs(shape) / plain.stepUs(shape);
      // Norms and the like are priced from bandwidth, which no draw changes.
      expect(ratio).toBeLessThanOrEqual(1.3 + 1e-9);
      expect(ratio).toBeGreaterThan(1.22);
    }
  },
);

test("a GPU that was not measured is less sure than its peer, and a fit without residuals than one with", () => {
  const { params, timing } = hardwareOf("h100-sxm");
  const own = kernelSpreads(params, timing, false);
  const other = kernelSpreads(params, timing, true);
  const gemm = own.findIndex(({ name }) => name.endsWith("gemm bf16"));
  expect(own[gemm]!.from).toBe("residuals");
  expect(own[gemm]!.sigma).toBeCloseTo(params.gemm["bf16"]!.residuals!.heldOutMedian / 0.6745, 12);
  expect(other[gemm]).toMatchObject({ from: "assumption" });
  for (const [i, spread] of own.entries()) {
    expect(other[i]!.sigma).toBeGreaterThanOrEqual(spread.sigma);
    expect(spread.sigma).toBeGreaterThan(0);
  }
});

function inputs(more: object = {}): SimulationInputs {
  const parsed = parseScenario({ model: "llama-3.1-8b", gpu: "h100-sxm", ...more });
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const rows = Array.from({ length: 40 }, (_, i) => ({
    at: i * 60_000,
    input: 300 + 97 * (i % 7),
    output: 20 + 11 * (i % 5),
  }));
  const hardware = hardwareFor("llama-3.1-8b", "h100-sxm");
  return { scenario: parsed.value, trace: traceOf(rows), hardware };
}

test("a draw is the same whatever else is drawn, and another seed draws otherwise", () => {
  const { hardware } = inputs();
  const draw = (seed: number, sample: number) =>
    sampleHardware(hardware!, "h100-sxm", { seed, sample });
  expect(draw(1, 3)).toEqual(draw(1, 3));
  expect(draw(1, 3).params).not.toEqual(draw(1, 4).params);
  expect(draw(1, 3).params).not.toEqual(draw(2, 3).params);
  const gpu = valueOf(findGpu(draw(1, 3).deck, "h100-sxm"));
  expect(gpu.power.computeW).toBeLessThanOrEqual(gpu.tdpW);
});

test("draws of a run differ, and their bands hold what they should", () => {
  const base = inputs();
  const report = simulate(base).report;
  const draws = Array.from({ length: 40 }, (_, i) => simulate(sampleInputs(base, i)).report);
  expect(new Set(draws.map(({ digest }) => digest)).size).toBe(40);
  const bands = bandsOf(report, draws, 0.9);
  const tpot = bands.find(({ metric }) => metric === "latency.tpotMs.mean")!;
  expect(tpot.value).toBe(report.latency.tpotMs.mean);
  expect(tpot.low).toBeLessThan(tpot.median);
  expect(tpot.median).toBeLessThan(tpot.high);
  // 40 draws, 0.9: two of them below and two above, between ranks 1.95 and 37.05.
  const values = draws.map(({ latency }) => latency.tpotMs.mean!).sort((a, b) => a - b);
  expect(values.filter((value) => value < tpot.low)).toHaveLength(2);
  expect(values.filter((value) => value > tpot.high)).toHaveLength(2);
  expect(tpot.low).toBeCloseTo(values[1]! + 0.95 * (values[2]! - values[1]!), 9);
  // The run itself is one of the likely ones.
  expect(tpot.value).toBeGreaterThan(tpot.low);
  expect(tpot.value).toBeLessThan(tpot.high);
  const wide = bandsOf(report, draws, 0.99).find(({ metric }) => metric === tpot.metric)!;
  expect(wide.low).toBeLessThan(tpot.low);
  expect(wide.high).toBeGreaterThan(tpot.high);
  expect(bands.map(({ metric }) => metric)).toContain("energy.joulesPerOutputToken");
});

test("pools with one GPU vary together", () => {
  const pools = [{ name: "a" }, { name: "b" }];
  const base = inputs({ cluster: { pools } });
  const each = { hardware: base.hardware! };
  const draw = sampleInputs({ ...base, pools: [each, each] }, 0);
  expect(draw.pools![0]).toEqual(draw.pools![1]);
  expect(draw.pools![0]!.hardware).not.toEqual(base.hardware);
});

test("what was never fitted has no band", () => {
  const parsed = parseScenario({ engine: { num_gpu_blocks: 100 } });
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const parts = uncertainParts({ scenario: parsed.value, trace: traceOf([]) });
  expect(!parts.ok && parts.problem.remedy).toContain("model");
});

test("passes beyond the measured tables are named", () => {
  const warningsFor = (input: number): string[] => {
    const parsed = parseScenario({
      model: "llama-3.1-8b",
      gpu: "h200-sxm",
      engine: { max_num_batched_tokens: 40_000 },
    });
    if (!parsed.ok) throw new Error(parsed.problem.what);
    const hardware = hardwareFor("llama-3.1-8b", "h200-sxm");
    const trace = traceOf([{ at: 0, input, output: 4 }]);
    const report: Report = simulate({ scenario: parsed.value, trace, hardware }).report;
    return report.warnings.filter((text) => text.includes("extrapolated"));
  };
  expect(warningsFor(16_384)).toEqual([]);
  expect(warningsFor(32_768)).toEqual([
    "32768 tokens of a prompt in a step are beyond the 16384 that prompt attention was measured with: extrapolated",
  ]);
  expect(warningsFor(35_000)[0]).toBe(
    "35000 tokens in a step are beyond the 32768 that matrix products were measured with: extrapolated",
  );
  expect(warningsFor(131_070)[2]).toContain("131074 tokens in a request");
});
