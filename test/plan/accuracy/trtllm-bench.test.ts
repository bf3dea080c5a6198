import { describe, expect, it } from "vitest";
import { findModel } from "../../../src/hardware/index.ts";
import { benchLimits } from "../../../src/plan/index.ts";
import { deck } from "../../hardware/kernels-support.ts";
import { valueOf } from "../../hardware/cards-support.ts";

const GIB = 2 ** 30;

function limits(model: string, tp: number, input: number, output: number, gib: number) {
  const layout = { tp, dtype: "fp8", kvDtype: "fp8" } as const;
  const run = { layout, visibleBytes: gib * GIB, input, output, fraction: 0.95 };
  return valueOf(benchLimits(valueOf(findModel(deck, model)).card, run));
}

describe("the limits that trtllm-bench chooses", () => {
  it("follow the cache it thinks it has, rounded up", () => {
    // (139.8 − 7.48) GiB · 0.95 over 64 KiB · 3000 tokens: 686.5 requests; 1030 tokens a step.
    expect(limits("llama-3.1-8b", 1, 1000, 2000, 139.8)).toEqual({ batch: 768, tokens: 2048 });
    // (139.8 − 65.7) GiB · 0.95 over 160 KiB · 2176: 212.
    expect(limits("llama-3.1-70b", 1, 128, 2048, 139.8)).toEqual({ batch: 224, tokens: 2048 });
    // 4,200 and more are cut to 4096; two tokens for each.
    expect(limits("llama-3.1-8b", 1, 128, 128, 139.8)).toEqual({ batch: 4096, tokens: 8192 });
  });

  it("leave room for one prompt beside a full batch, and for few requests at least", () => {
    // 40 requests of 22,000 tokens: 64 places; a prompt of 20,000 is not cut.
    expect(limits("llama-3.1-8b", 1, 20_000, 2000, 70)).toEqual({ batch: 64, tokens: 20_064 });
    const wide = limits("llama-3.1-70b", 8, 5000, 500, 79.2);
    expect(wide.tokens).toBeGreaterThanOrEqual(5000 + wide.batch);
  });

  it("grow with the ranks, whose heads they count once each", () => {
    const [two, eight] = [2, 8].map((tp) => limits("llama-3.1-70b", tp, 1000, 1000, 79.2).batch);
    expect(eight).toBeGreaterThan(4 * two!);
  });
});
