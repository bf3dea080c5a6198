import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exp, ln, pow } from "../../src/core/index.ts";

function bits(x: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** Distance in units of the last place. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const order = (x: number): bigint => {
    const word = BigInt.asIntN(64, BigInt(`0x${bits(x)}`));
    return word < 0n ? -(word & 0x7fff_ffff_ffff_ffffn) : word;
  };
  const distance = order(a) - order(b);
  return Number(distance < 0n ? -distance : distance);
}

describe("deterministic maths", () => {
  // V8's own functions are within 1 ulp of the true value, so 2 ulp apart at most.
  it("stays within 2 ulp of the engine's functions", () => {
    const any = fc.double({ min: -700, max: 700, noNaN: true });
    const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(any, (x) => ulps(exp(x), Math.exp(x)) <= 2),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(positive, (x) => ulps(ln(x), Math.log(x)) <= 2),
      { numRuns: 3000 },
    );
    const base = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
    const exponent = fc.double({ min: -20, max: 20, noNaN: true });
    fc.assert(
      fc.property(base, exponent, (b, e) => ulps(pow(b, e), Math.pow(b, e)) <= 2),
      { numRuns: 3000 },
    );
  });

  it("keeps its bits", () => {
    // A change here changes every recorded digest: it must be seen, and meant.
    const xs = [0.1, 0.5, 1, 1.5, 2.718281828459045, 3.141592653589793, 10, 100.25, 1e-5, 700];
    expect(xs.map((x) => [bits(exp(x)), bits(ln(x)), bits(pow(x, 1.7))].join(" "))).toEqual([
      "3ff1aec7b35a00d4 c0026bb1bbb55515 3f946e75df96dc9a",
      "3ffa61298e1e069c bfe62e42fefa39ef 3fd3b2c47bff8329",
      "4005bf0a8b14576a 0000000000000000 3ff0000000000000",
      "4011ed3fe64fc541 3fd9f323ecbf984c 3fffe077ea4184ba",
      "402e4efb75e4527a 3ff0000000000000 4015e552770df8a6",
      "403724046eb09339 3ff250d048e7a1bd 401c00efc5a85106",
      "40d5829dcf950560 40026bb1bbb55516 40490f3253c017a0",
      "48f8c39b9134bac4 40126e4046808320 40a3b5247fce8453",
      "3ff0000a7c5e340e c027069e2aa2aa5b 3e2b29ec0fbe4538",
      "7f0d945df4f8ec8e 401a344e6741ebab 40f0c2e214779475",
    ]);
  });

  it("knows the special cases", () => {
    expect([exp(0), exp(-Infinity), exp(Infinity), exp(NaN), exp(-1000)]).toEqual([
      1,
      0,
      Infinity,
      NaN,
      0,
    ]);
    expect([ln(1), ln(0), ln(-1), ln(Infinity)]).toEqual([0, -Infinity, NaN, Infinity]);
    expect([pow(2, 10), pow(0, 0), pow(4, 0.5), pow(-8, 3), pow(-1, 0.5)]).toEqual([
      1024,
      1,
      2,
      -512,
      NaN,
    ]);
  });
});
