import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kendallTau, quantile, rankPairs, summariesOf } from "../../../src/plan/index.ts";
import type { AccuracyRow } from "../../../src/plan/index.ts";

describe("Kendall's τ", () => {
  test("equal and reversed ranks", () => {
    expect(kendallTau([rankPairs([1, 2, 3, 4], [10, 20, 30, 40])])).toBe(1);
    expect(kendallTau([rankPairs([1, 2, 3, 4], [4, 3, 2, 1])])).toBe(-1);
  });

  // scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]).statistic
  test("ties as τ-b counts them", () => {
    const tau = kendallTau([rankPairs([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])]);
    expect(tau).toBeCloseTo(-0.47140452079103173, 12);
  });

  test("no pair, no τ", () => {
    expect(kendallTau([rankPairs([1], [2])])).toBeNaN();
  });

  test("a monotone change of either list changes nothing", () => {
    const list = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(list, list, (first, second) => {
        const length = Math.min(first.length, second.length);
        const [a, b] = [first.slice(0, length), second.slice(0, length)];
        const cubed = b.map((value) => value * value * value + 3);
        expect(rankPairs(a, cubed)).toEqual(rankPairs(a, b));
        expect(rankPairs(b, a).concordant).toBe(rankPairs(a, b).concordant);
      }),
    );
  });
});

test("quantiles interpolate as NumPy's do", () => {
  const sorted = Float64Array.of(1, 2, 4, 8);
  expect(quantile(sorted, 0)).toBe(1);
  expect(quantile(sorted, 0.5)).toBe(3);
  expect(quantile(sorted, 0.9)).toBeCloseTo(6.8, 12);
  expect(quantile(sorted, 1)).toBe(8);
});

test("errors: mean, median, ninth decile, bias", () => {
  const row = (predicted: number): AccuracyRow => ({
    run: "r",
    family: "silicon",
    group: "g",
    model: "m",
    gpu: "g",
    engine: "vllm",
    moe: false,
    shape: "1/1",
    window: "run",
    metric: "tpotMean",
    flags: [],
    suspect: false,
    measured: 100,
    predicted,
  });
  const [summary, ...others] = summariesOf([row(110), row(80), row(100)]);
  expect(others).toEqual([]);
  expect(summary?.mape).toBeCloseTo(0.1, 12);
  expect(summary?.medianApe).toBeCloseTo(0.1, 12);
  expect(summary?.p90Ape).toBeCloseTo(0.18, 12);
  expect(summary?.bias).toBeCloseTo(-0.1 / 3, 12);
});
