import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Digest } from "../../src/core/index.ts";

function digestOf(add: (digest: Digest) => void): string {
  const digest = new Digest();
  add(digest);
  return digest.hex();
}

const ofNumbers = (xs: readonly number[]): string =>
  digestOf((d) => xs.forEach((x) => d.addF64(x)));

describe("Digest", () => {
  it("keeps its values", () => {
    // Frozen on first writing: recorded digests of scenarios depend on them.
    expect(new Digest().hex()).toBe("91c0f6230adff6247c7c2d81417b6ae8");
    expect(ofNumbers([0, 1, -1.5, 1e300, Infinity, NaN])).toBe("fc2c459cc98688ca017279b90cc14c1b");
    expect(digestOf((d) => d.addText("Headworks ∆"))).toBe("755a251927afe4f8d6f2492e883b21be");
    expect(digestOf((d) => [1, 2, 0xffffffff].forEach((x) => d.addU32(x)))).toBe(
      "5dcae5a15c742ff50a4220efdb0f2595",
    );
  });

  it("takes −0 as 0, any NaN as one, and an unsigned word as its signed twin", () => {
    expect(ofNumbers([-0])).toBe(ofNumbers([0]));
    const payload = new Float64Array(new Uint32Array([1, 0xfff80001]).buffer)[0]!;
    expect(ofNumbers([payload])).toBe(ofNumbers([NaN]));
    expect(digestOf((d) => d.addU32(-1))).toBe(digestOf((d) => d.addU32(0xffffffff)));
  });

  it("reads without ending", () => {
    const digest = new Digest();
    digest.addF64(1);
    expect(digest.hex()).toBe(digest.hex());
    digest.addF64(2);
    expect(digest.hex()).toBe(ofNumbers([1, 2]));
  });

  it("depends on order, length and text boundaries", () => {
    expect(ofNumbers([1, 2])).not.toBe(ofNumbers([2, 1]));
    expect(ofNumbers([0])).not.toBe(ofNumbers([0, 0]));
    const text = (...parts: string[]): string =>
      digestOf((d) => parts.forEach((part) => d.addText(part)));
    expect(text("ab", "c")).not.toBe(text("a", "bc"));
    expect(text("a")).not.toBe(text("a\0"));
  });

  it("differs for any two sequences of different numbers", () => {
    const list = fc.array(fc.double(), { maxLength: 12 });
    fc.assert(
      fc.property(list, list, (a, b) => {
        const same = a.length === b.length && a.every((x, i) => x === b[i] || Object.is(x, b[i]));
        expect(ofNumbers(a) === ofNumbers(b)).toBe(same);
      }),
      { numRuns: 500 },
    );
  });

  it("has no collision in either half, and flips half of the bits, on small changes", () => {
    // Swaps, small increments and shifts of a realistic result are what must never go unseen.
    const base = Array.from({ length: 40 }, (_, i) => 1000 + 17 * i);
    const seen = new Set<string>([ofNumbers(base)]);
    let changed = 0;
    let variants = 0;
    const reference = BigInt(`0x${ofNumbers(base)}`);
    for (let i = 0; i < base.length; i++) {
      for (let j = 0; j < base.length; j++) {
        if (i === j) continue;
        const moved = [...base];
        moved[i]! += 1;
        moved[j]! -= 1;
        const hex = ofNumbers(moved);
        seen.add(hex.slice(0, 16));
        seen.add(`low ${hex.slice(16)}`);
        variants++;
        const difference = (BigInt(`0x${hex}`) ^ reference).toString(2);
        changed += [...difference].filter((bit) => bit === "1").length;
      }
    }
    expect(seen.size).toBe(1 + 2 * variants);
    expect(changed / variants).toBeGreaterThan(63);
    expect(changed / variants).toBeLessThan(65);
  });
});
