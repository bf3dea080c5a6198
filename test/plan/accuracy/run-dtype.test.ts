import { expect, test } from "vitest";
import { checkpointFormat } from "../../../src/plan/accuracy/run-dtype.ts";

test("a row's precision becomes the checkpoint that was served", () => {
  const experts = { dtype: "nvfp4", quantizedParts: ["dense", "experts", "shared"] };
  for (const model of ["deepseek-r1", "kimi-k2.5", "glm-5", "minimax-m2.5"])
    expect(checkpointFormat(model, "fp4"), model).toEqual(experts);
  expect(checkpointFormat("llama-3.3-70b", "fp4")).toEqual({ dtype: "nvfp4" });
  expect(checkpointFormat("qwen3-235b-a22b", "fp8")).toEqual({ dtype: "fp8-block" });
  expect(checkpointFormat("llama-3.3-70b", "fp8")).toEqual({ dtype: "fp8" });
  // Published in one format of their own, whatever a table calls it.
  for (const [model, precision] of [
    ["gpt-oss-120b", "fp4"],
    ["kimi-k2.5", "int4"],
    ["deepseek-r1", "fp8"],
  ] as const)
    expect(checkpointFormat(model, precision), model).toEqual({});
});
