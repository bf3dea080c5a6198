/** Kernels that versions of vLLM compute block-fp8 experts with on Hopper, and norms over the heads of all ranks. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  findModel,
  kernelsCoverage,
  kernelsStepTime,
  splitOf,
  timingAt,
} from "../../src/hardware/index.ts";
import type { KernelsLayout, ModelCard, StepShape } from "../../src/hardware/index.ts";
import { valueOf } from "./cards-support.ts";
import { deck, kernelsOf, paramsOf, timingOf } from "./kernels-support.ts";

function decode(requests: number, context = 1000): StepShape {
  return {
    prefillRequests: 0,
    prefillTokens: 0,
    prefillPastTokens: 0,
    prefillPairs: 0,
    decodeRequests: requests,
    decodeContextTokens: requests * context,
  };
}

type Pair = readonly [gpu: string, model: string];

/** GPU time of a decode step, µs. */
function gpuUs(
  version: string,
  requests: number,
  layout: KernelsLayout,
  [gpu, model]: Pair = ["h200-sxm", "qwen3-235b-a22b"],
): number {
  const timing = timingAt(timingOf("vllm"), version);
  const blocks = { dtype: "fp8-block", ...layout } as const;
  return kernelsOf(gpu, model, blocks, timing).parts(decode(requests)).gpuUs;
}

describe("experts in whole tiles", () => {
  it("cost the same for few requests and for many, until tiles of nobody are skipped", () => {
    const ofBatches = (version: string): number =>
      gpuUs(version, 24, { tp: 2 }) / gpuUs(version, 4, { tp: 2 });
    expect(ofBatches("0.12.0")).toBeLessThan(1.3);
    expect(ofBatches("0.13.0")).toBeGreaterThan(1.4);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (requests) => {
        const layout = { tp: 2 };
        const skipped = gpuUs("0.13.0", requests, layout);
        expect(gpuUs("0.12.0", requests, layout)).toBeGreaterThanOrEqual(skipped);
      }),
      { numRuns: 30 },
    );
  });

  it("add what was measured on MiniMax-M2: 16.4 ms a token without, 32.2 with", () => {
    // Four H100s, ten clients (vllm-project/recipes#112): no row of any table here.
    const on: Pair = ["h100-sxm", "minimax-m2.5"];
    const addedMs =
      (gpuUs("0.12.0", 10, { tp: 4 }, on) - gpuUs("0.10.0", 10, { tp: 4 }, on)) / 1000;
    expect(Math.abs(addedMs / 15.8 - 1)).toBeLessThan(0.1);
  });

  it("are left to Triton where eight ranks share an expert, on other GPUs and before 0.11", () => {
    expect(gpuUs("0.12.0", 8, { tp: 8, ep: 1 })).toBe(gpuUs("0.10.0", 8, { tp: 8, ep: 1 }));
    const blackwell: Pair = ["b200", "qwen3-235b-a22b"];
    expect(gpuUs("0.12.0", 8, { tp: 4 }, blackwell)).toBe(gpuUs("0.17.0", 8, { tp: 4 }, blackwell));
    expect(gpuUs("0.10.0", 8, { tp: 4 })).toBe(gpuUs("0.17.0", 8, { tp: 4 }));
  });

  it("of TensorRT-LLM work on the tiles that are filled: a small batch costs little more than its weights", () => {
    const timing = timingAt(timingOf("trtllm"), "1.1.0");
    const us = (requests: number, moeKernel: string): number => {
      const layout = { tp: 8, ep: 8, dtype: "fp8-block", moeKernel } as const;
      return kernelsOf("b200", "deepseek-r1", layout, timing).parts(decode(requests)).gpuUs;
    };
    // From 64 requests on the fullest rank reaches nearly all of its experts: no tile is empty.
    for (const requests of [1, 4, 16, 32]) {
      const masked = us(requests, "deepgemm-masked");
      expect(masked).toBeLessThan(us(requests, "deepgemm-padded"));
      // Ten small kernels more than the contiguous layout, in 58 layers.
      expect(masked - us(requests, "deepgemm-skipping")).toBeLessThan(58 * 10 * 2 + 1);
    }
  });

  it("are said to be composed, not measured", () => {
    const gaps = (version: string): readonly string[] =>
      kernelsCoverage({
        model: valueOf(findModel(deck, "qwen3-235b-a22b")).card,
        gpu: deck.gpus.find(({ id }) => id === "h200-sxm")!,
        params: paramsOf("h200_sxm"),
        timing: timingAt(timingOf("vllm"), version),
        dtype: "fp8-block",
        kvDtype: "bf16",
      }).gaps;
    expect(gaps("0.12.0").join()).toMatch(/DeepGEMM/);
    expect(gaps("0.18.0").join()).not.toMatch(/DeepGEMM/);
  });

  it("yield to a kernel that the layout asks for", () => {
    const layout = { tp: 4, moeKernel: "triton" };
    expect(gpuUs("0.12.0", 8, layout)).toBe(gpuUs("0.10.0", 8, layout));
    expect(valueOf(splitOf(valueOf(findModel(deck, "qwen3-235b-a22b")).card, layout)).tp).toBe(4);
  });
});

describe("norms of queries and keys over all heads", () => {
  const card = valueOf(findModel(deck, "minimax-m2.5")).card;
  /** The same model with a norm for each head. */
  const narrow: ModelCard = {
    ...card,
    groups: card.groups.map((group) =>
      group.attention.kind === "gqa"
        ? { ...group, attention: { ...group.attention, qkNorm: 2 * group.attention.headDim } }
        : group,
    ),
  };
  const gpu = deck.gpus.find(({ id }) => id === "h200-sxm")!;
  const timing = timingOf("vllm");
  const us = (model: ModelCard, tp: number): number => {
    const layout = { tp, dtype: "bf16" } as const;
    const spec = { model, gpu, params: paramsOf("h200_sxm"), timing, layout };
    return valueOf(kernelsStepTime(spec)).parts(decode(8)).gpuUs;
  };

  it("need the other ranks' sums, one all-reduce a layer", () => {
    expect(us(card, 1)).toBe(us(narrow, 1));
    const perLayerUs = (us(card, 4) - us(narrow, 4)) / 62;
    // Two small kernels and the latency of an all-reduce: 5 to 10 µs in the tables.
    expect(perLayerUs).toBeGreaterThan(5);
    expect(perLayerUs).toBeLessThan(16);
  });
});
