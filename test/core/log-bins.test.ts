import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BIN_RELATIVE_ERROR,
  BinCounts,
  binLowerEdge,
  binMidpoint,
  binOf,
  binUpperEdge,
} from "../../src/core/index.ts";

const anyValue = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true, maxExcluded: true });
const plainValue = fc.double({ min: 0, max: 1e12, noNaN: true });

describe("log-linear bins", () => {
  it("hold every value between their edges, within the stated error of the midpoint", () => {
    fc.assert(
      fc.property(fc.oneof(anyValue, plainValue), (value) => {
        const bin = binOf(value);
        expect(binLowerEdge(bin)).toBeLessThanOrEqual(value);
        expect(binUpperEdge(bin)).toBeGreaterThan(value);
        if (bin > 0) {
          const error = Math.abs(binMidpoint(bin) - value) / value;
          expect(error).toBeLessThanOrEqual(BIN_RELATIVE_ERROR);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("join without gap or overlap", () => {
    for (const bin of [0, 1, 2, 511, 512, 513, 20_000, 40_000]) {
      expect(binLowerEdge(bin + 1)).toBe(binUpperEdge(bin));
      expect(binOf(binUpperEdge(bin))).toBe(bin + 1);
      expect(binOf(binLowerEdge(bin))).toBe(bin);
      expect(binOf(binMidpoint(bin))).toBe(bin);
    }
    expect(binUpperEdge(0)).toBe(2 ** -20);
    expect(binOf(Number.MIN_VALUE)).toBe(0);
    expect(binOf(-3)).toBe(0);
    expect(binUpperEdge(binOf(Number.MAX_VALUE))).toBe(Infinity);
  });

  it("count, merge and rank like a plain map", () => {
    const adds = fc.array(fc.tuple(fc.nat(3000), fc.integer({ min: 1, max: 9 })), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(adds, adds, (mine, theirs) => {
        const counts = new BinCounts();
        const other = new BinCounts();
        const oracle = new Map<number, number>();
        for (const [bin, weight] of [...mine, ...theirs]) {
          oracle.set(bin, (oracle.get(bin) ?? 0) + weight);
        }
        mine.forEach(([bin, weight]) => counts.add(bin, weight));
        theirs.forEach(([bin, weight]) => other.add(bin, weight));
        counts.merge(other);
        const seen: [number, number][] = [];
        counts.forEach((bin, weight) => seen.push([bin, weight]));
        const expected = [...oracle].sort((a, b) => a[0] - b[0]);
        expect(seen).toEqual(expected);
        const flat = expected.flatMap(([bin, weight]) => Array.from({ length: weight }, () => bin));
        flat.forEach((bin, rank) => expect(counts.binAtRank(rank)).toBe(bin));
        expect(() => counts.binAtRank(flat.length)).toThrow();
      }),
    );
  });
});
