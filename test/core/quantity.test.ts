import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QuantityUnit } from "../../src/core/index.ts";
import { parseQuantity } from "../../src/core/quantity.ts";

function valueOf(text: string, unit: QuantityUnit): number | string {
  const result = parseQuantity(text, unit);
  return result.ok ? result.value : result.problem.what;
}

describe("parseQuantity", () => {
  const good: readonly (readonly [string, QuantityUnit, number])[] = [
    ["900 GB/s", "byte/s", 900e9],
    ["3.35 TB/s", "byte/s", 3.35e12],
    ["400 Gb/s", "byte/s", 50e9],
    ["400Gbps", "byte/s", 50e9],
    ["400 Gbit/s", "byte/s", 50e9],
    ["141 GiB", "byte", 141 * 2 ** 30],
    ["141 GB", "byte", 141e9],
    ["64 KB", "byte", 64_000],
    ["64 KiB", "byte", 65_536],
    ["2.2 us", "us", 2.2],
    ["2.2 µs", "us", 2.2],
    ["50 ms", "us", 50_000],
    ["50 ms", "s", 0.05],
    ["2 h", "s", 7200],
    ["30 min", "s", 1800],
    ["1 day", "s", 86_400],
    ["1e3 ms", "s", 1],
    ["$2.50/hour", "usd/hour", 2.5],
    ["$ 2.50 per hour", "usd/hour", 2.5],
    ["60 USD/day", "usd/hour", 2.5],
    ["-$3", "usd", -3],
    ["989 TFLOPS", "flop/s", 989e12],
    ["989 TFLOP/s", "flop/s", 989e12],
    ["1.2 kW", "W", 1200],
    ["8192 tokens", "token", 8192],
    ["1 token", "token", 1],
    ["90 %", "fraction", 0.9],
    ["0.9", "fraction", 0.9],
  ];
  it.each(good)("reads %s as %s", (text, unit, expected) => {
    expect(valueOf(text, unit)).toBe(expected);
  });

  const bad: readonly (readonly [string, QuantityUnit, string])[] = [
    ["5 GB", "us", '"5 GB" is a data size, not a time'],
    ["5 GB", "byte/s", '"5 GB" is a data size, not a data rate'],
    ["5 s", "fraction", '"5 s" is a time, not a fraction'],
    ["$5", "usd/hour", '"$5" is an amount of money, not a price per time'],
    ["5 m", "s", '"5 m" is of another dimension, not a time'],
    ["5 parsecs", "s", '"5 parsecs" has the unknown unit "parsecs"'],
    ["5 constructor", "s", '"5 constructor" has the unknown unit "constructor"'],
    ["5 %", "us", '"5 %" has the unknown unit "%"'],
    ["fast", "us", '"fast" does not start with a number'],
    ["", "us", '"" does not start with a number'],
    ["1e400 s", "s", '"1e400 s" is not a finite number'],
    ["1e308 h", "us", '"1e308 h" is beyond the range of numbers'],
  ];
  it.each(bad)("refuses %s as %s", (text, unit, what) => {
    expect(valueOf(text, unit)).toBe(what);
  });

  it("says what was expected and shows an example", () => {
    expect(parseQuantity("5 GB", "us")).toEqual({
      ok: false,
      problem: {
        what: '"5 GB" is a data size, not a time',
        expected: "a time, or a plain number in us",
        remedy: 'write it like "50 ms"',
      },
    });
  });

  it("takes a plain number as being in the unit, digit for digit", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(valueOf(String(x), "us")).toBe(x + 0);
        expect(valueOf(`${x} us`, "us")).toBe(x + 0);
      }),
    );
  });

  it("never throws", () => {
    const units: readonly QuantityUnit[] = ["us", "byte/s", "usd/hour", "fraction"];
    const piece = fc.constantFrom(
      "1",
      "2.5",
      "$",
      "GB",
      "/",
      "s",
      " ",
      "^",
      "-",
      "e",
      "%",
      "hour",
      "*",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 8 }).map((p) => p.join("")),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...units), (text, unit) => {
        const result = parseQuantity(text, unit);
        if (result.ok) expect(Number.isFinite(result.value)).toBe(true);
        else expect(result.problem.remedy).toContain("write it like");
      }),
      { numRuns: 500 },
    );
    expect(valueOf("9".repeat(5000), "us")).toContain("is too long");
  });
});
