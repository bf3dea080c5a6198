import { describe, expect, it } from "vitest";
import { leaveOneOut, modelFamily } from "../../../src/plan/index.ts";
import type { AccuracyRow } from "../../../src/plan/index.ts";

/** Runs of one engine whose predictions are `ratio` times what was measured. */
function rows(engine: string, model: string, ratio: number, count = 1): AccuracyRow[] {
  return Array.from({ length: count }, (_, i) => ({
    run: `${engine} ${model} ${i}`,
    family: "silicon",
    group: model,
    model,
    gpu: "h100-sxm",
    engine,
    moe: false,
    shape: "1/1",
    window: "run",
    metric: "tpotMean",
    measured: 10,
    predicted: 10 * ratio,
    flags: [],
    suspect: false,
  }));
}

describe("one group left out after the other", () => {
  it("a factor that all groups share comes out, and takes their error away", () => {
    const all = ["llama-3", "qwen3", "yi-34b"].flatMap((model) => rows("vllm", model, 0.8));
    const out = leaveOneOut(all)!;
    expect(out.groups.map(({ models }) => models)).toEqual(["llama", "qwen", "yi"]);
    for (const { scalar } of out.groups) expect(scalar).toBeCloseTo(1.25, 9);
    expect([out.shipped, out.fitted, out.leftOut].map((one) => Math.round(one * 1e9))).toEqual([
      0.2e9, 0, 0,
    ]);
  });

  it("what helps one group alone is not chosen for it, and not carried to other engines", () => {
    const odd = rows("vllm", "qwen3", 0.5, 50);
    const all = [...rows("vllm", "llama-3", 1), ...rows("vllm", "yi-34b", 1), ...odd];
    const out = leaveOneOut([...all, ...rows("sglang", "glm-5", 2)])!;
    const of = (models: string) => out.groups.find((group) => group.models === models)!;
    // The other groups need no factor, however many rows the odd one has.
    expect(of("qwen")).toMatchObject({ scalar: 1, scaledMape: 0.5, mape: 0.5, bias: -0.5 });
    // Alone with its engine: nothing to choose a factor on.
    expect(of("glm").scalar).toBe(1);
    expect(leaveOneOut([])).toBeNull();
  });

  it("families go by the letters of a model's name", () => {
    expect(["llama-3.1-70b", "qwen3-32b", "gpt-oss-120b"].map(modelFamily)).toEqual([
      "llama",
      "qwen",
      "gpt",
    ]);
  });
});
