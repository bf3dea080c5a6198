import { expect, test } from "vitest";
import { inferencexSetup } from "../../../src/plan/accuracy/engine-setup.ts";

test("a model whose script was not read runs with the engine's defaults, not with another model's flags", () => {
  const row = { engine: "sglang", precision: "fp8", input: 1024, output: 1024 } as const;
  const setupOf = (model: string, gpu: string) =>
    inferencexSetup({ ...row, model, gpu, concurrency: 64, tp: 8, dp: 1, month: "2026-01" });
  const hopper = setupOf("kimi-k2.5", "h200-sxm");
  expect(hopper.knobs).toMatchObject({ maxBatchedTokens: 8192, fraction: 0.85 });
  expect(hopper.kvDtype).toBe("bf16");
  const blackwell = setupOf("kimi-k2.5", "b200");
  expect(blackwell.knobs).toMatchObject({ maxBatchedTokens: 16384, maxPrefillTokens: 16384 });
  expect(blackwell.kvDtype).toBe("fp8");
  expect(setupOf("deepseek-v3", "b200").knobs).toMatchObject({
    maxBatchedTokens: 32768,
    maxNumSeqs: 128,
  });
});
