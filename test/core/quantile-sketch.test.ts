import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Digest, InvariantError, nearestRank, QuantileSketch } from "../../src/core/index.ts";

const values = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
});
const fractions = [0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

function sketchOf(xs: readonly number[], exactLimit?: number): QuantileSketch {
  const sketch = new QuantileSketch(exactLimit === undefined ? {} : { exactLimit });
  for (const x of xs) sketch.add(x);
  return sketch;
}

function digestOf(sketch: QuantileSketch): string {
  const digest = new Digest();
  sketch.addTo(digest);
  return digest.hex();
}

function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(0.001 * expected + 2 ** -20);
}

describe("QuantileSketch", () => {
  it("is nearest-rank and exact while small", () => {
    expect(nearestRank(4, 0.5)).toBe(2); // 1.5 rounds up
    expect(nearestRank(5, 2)).toBe(4);
    expect(nearestRank(5, -1)).toBe(0);
    const sketch = sketchOf([40, 10, 30, 20]);
    expect([0, 0.25, 0.5, 1].map((q) => sketch.quantile(q))).toEqual([10, 20, 30, 40]);
    expect([sketch.count, sketch.sum, sketch.mean, sketch.min, sketch.max]).toEqual([
      4, 100, 25, 10, 40,
    ]);
    expect(sketch.exact).toBe(true);
    fc.assert(
      fc.property(values, (xs) => {
        const sorted = [...xs].sort((a, b) => a - b);
        const sketch = sketchOf(xs);
        for (const q of fractions) {
          expect(sketch.quantile(q)).toBe(sorted[nearestRank(xs.length, q)]! + 0);
        }
      }),
    );
  });

  it("keeps the stated error once binned, with exact extremes and sum", () => {
    fc.assert(
      fc.property(values, (xs) => {
        const exact = sketchOf(xs);
        const binned = sketchOf(xs, 0);
        expect(binned.exact).toBe(false);
        for (const q of fractions) expectNear(binned.quantile(q), exact.quantile(q));
        expect(binned.quantile(0)).toBe(exact.min);
        expect(binned.quantile(1)).toBe(exact.max);
        expect([binned.sum, binned.mean]).toEqual([exact.sum, exact.mean]);
      }),
    );
  });

  it("leaves exact mode at the limit, whichever way it is reached", () => {
    expect(sketchOf([1, 2, 3], 3).exact).toBe(true);
    expect(sketchOf([1, 2, 3, 4], 3).exact).toBe(false);
    const weighted = sketchOf([1, 2]);
    weighted.add(5, 0);
    expect(weighted.exact).toBe(true);
    weighted.add(5, 7);
    expect([weighted.exact, weighted.count, weighted.quantile(0.5)]).toEqual([false, 9, 5]);
  });

  it("counts a weight as that many values", () => {
    const weighted = fc.array(fc.tuple(fc.nat(100_000), fc.nat(5)), { maxLength: 50 });
    fc.assert(
      fc.property(weighted, (pairs) => {
        const once = new QuantileSketch({ exactLimit: 0 });
        const each = new QuantileSketch({ exactLimit: 0 });
        for (const [value, weight] of pairs) {
          once.add(value, weight);
          for (let i = 0; i < weight; i++) each.add(value);
        }
        expect(digestOf(once)).toBe(digestOf(each));
      }),
    );
  });

  it("merges to what one sketch of all values holds, in any split and order", () => {
    // Integers, so that the sum is exact in any order.
    const list = fc.array(fc.nat(1_000_000), { maxLength: 40 });
    fc.assert(
      fc.property(list, list, list, fc.nat(130), (a, b, c, exactLimit) => {
        const all = digestOf(sketchOf([...a, ...b, ...c], exactLimit));
        const left = sketchOf(a, exactLimit);
        left.merge(sketchOf(b, exactLimit));
        left.merge(sketchOf(c, exactLimit));
        const right = sketchOf(c, exactLimit);
        right.merge(sketchOf([...b, ...a], exactLimit));
        expect(digestOf(left)).toBe(all);
        expect(digestOf(right)).toBe(all);
      }),
    );
    const self = sketchOf([1, 2, 3]);
    self.merge(self);
    expect(digestOf(self)).toBe(digestOf(sketchOf([1, 1, 2, 2, 3, 3])));
  });

  it("gives the same digest whether looked at or not, and in any order", () => {
    const looked = new QuantileSketch();
    for (const x of [5, 1, 4]) {
      looked.add(x);
      looked.quantile(0.5);
    }
    expect(digestOf(looked)).toBe(digestOf(sketchOf([1, 4, 5])));
    expect(digestOf(sketchOf([1, 4, 5]))).not.toBe(digestOf(sketchOf([1, 3, 6])));
  });

  it("says nothing when empty and refuses what is not a value", () => {
    const sketch = new QuantileSketch();
    expect([sketch.mean, sketch.min, sketch.max, sketch.quantile(0.5)]).toEqual([
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
    expect([sketch.count, sketch.sum]).toEqual([0, 0]);
    for (const bad of [-1, NaN, Infinity]) expect(() => sketch.add(bad)).toThrow(InvariantError);
    for (const bad of [-1, NaN, 0.5]) expect(() => sketch.add(1, bad)).toThrow(InvariantError);
    expect(sketch.count).toBe(0);
    sketch.add(-0);
    expect(Object.is(sketch.quantile(0), 0)).toBe(true);
  });
});
