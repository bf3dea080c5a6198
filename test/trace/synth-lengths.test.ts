import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { moments, quantileSorted } from "../../src/trace/inspect-sample.ts";
import {
  checkLengths,
  lengthSampler,
  tableQuantile,
  type LengthSpec,
  type LengthTable,
} from "../../src/trace/lengths.ts";

function draw(spec: LengthSpec, count = 50_000): Uint32Array {
  const sampler = lengthSampler(spec, stream(11, "lengths"));
  return Uint32Array.from({ length: count }, () => sampler.next());
}

const TABLE: LengthTable = {
  kind: "table",
  levels: [0, 0.25, 0.5, 0.75, 1],
  tokens: [10, 100, 400, 400, 5000],
};

describe("length samplers", () => {
  test("constant and uniform", () => {
    expect(new Set(draw({ kind: "constant", tokens: 7 }, 100))).toEqual(new Set([7]));
    const uniform = draw({ kind: "uniform", min: 3, max: 6 }).sort();
    expect([uniform[0], uniform.at(-1)]).toEqual([3, 6]);
    expect(moments(uniform).mean).toBeCloseTo(4.5, 1);
  });

  test("lognormal by mean and median has both; limits pile up", () => {
    const free = draw({ kind: "lognormal-mean", mean: 1100, p50: 750 }).sort();
    expect(moments(free).mean / 1100).toBeCloseTo(1, 1.5);
    expect(quantileSorted(free, 0.5) / 750).toBeCloseTo(1, 1.5);
    const capped = draw({ kind: "lognormal", mu: 7, sigma: 1, min: 500, max: 2000 }).sort();
    expect([capped[0], capped.at(-1)]).toEqual([500, 2000]);
    expect(capped.filter((tokens) => tokens === 2000).length).toBeGreaterThan(1000);
  });

  test("a mixture draws its parts by weight", () => {
    const parts = [
      { weight: 3, of: { kind: "constant", tokens: 1 } },
      { weight: 1, of: { kind: "constant", tokens: 9 } },
    ] as const;
    const nines = draw({ kind: "mixture", parts }).filter((tokens) => tokens === 9).length;
    expect(nines / 50_000).toBeCloseTo(0.25, 1.5);
  });

  test("a table has its quantiles and its atoms", () => {
    const sorted = draw(TABLE).sort();
    expect([sorted[0]! >= 10, sorted.at(-1)! <= 5000]).toEqual([true, true]);
    expect(quantileSorted(sorted, 0.25) / 100).toBeCloseTo(1, 1);
    expect(sorted.filter((tokens) => tokens === 400).length / sorted.length).toBeCloseTo(0.25, 1.5);
    expect(tableQuantile(TABLE, 0.125)).toBeCloseTo(Math.sqrt(10 * 100), 6);
  });

  test("a table's quantile function is monotone and meets its levels", () => {
    const tables = fc
      .array(fc.nat(10_000), { minLength: 2, maxLength: 12 })
      .map((tokens): LengthTable => {
        const sorted = tokens.sort((a, b) => a - b);
        const levels = sorted.map((_, i) => i / (sorted.length - 1));
        return { kind: "table", levels, tokens: sorted };
      });
    fc.assert(
      fc.property(tables, (table) => {
        expect(checkLengths(table, "t")).toBeUndefined();
        let before = -1;
        for (let i = 0; i <= 200; i++) {
          const value = tableQuantile(table, i / 200);
          expect(value).toBeGreaterThanOrEqual(before - 1e-9);
          before = value;
        }
        for (const [i, level] of table.levels.entries()) {
          const found = tableQuantile(table, level);
          expect(Math.abs(found - table.tokens[i]!)).toBeLessThanOrEqual(1e-9 * (1 + found));
        }
      }),
    );
  });

  test.each<[string, LengthSpec]>([
    ["a fraction of a token", { kind: "constant", tokens: 1.5 }],
    ["an empty range", { kind: "uniform", min: 5, max: 4 }],
    ["a mean below the median", { kind: "lognormal-mean", mean: 1, p50: 2 }],
    ["a wild sigma", { kind: "lognormal", mu: 3, sigma: NaN }],
    ["limits that cross", { kind: "lognormal", mu: 3, sigma: 1, min: 10, max: 5 }],
    ["a mixture of nothing", { kind: "mixture", parts: [] }],
    ["levels that do not end at 1", { ...TABLE, levels: [0, 0.2, 0.4, 0.6, 0.8] }],
    ["quantiles that fall", { ...TABLE, tokens: [1, 2, 3, 2, 5] }],
    ["levels without quantiles", { ...TABLE, tokens: [1] }],
  ])("refuses %s", (_, spec) => {
    expect(checkLengths(spec, "input")).toMatchObject({ where: expect.stringContaining("input") });
  });
});
