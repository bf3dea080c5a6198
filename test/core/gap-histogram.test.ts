import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeStepUs, Digest, GapHistogram, InvariantError } from "../../src/core/index.ts";

type Run = {
  c0: number;
  c1: number;
  c2: number;
  ctx0: number;
  batch: number;
  firstStep: number;
  steps: number;
  tokens: number;
};

function addRun(histogram: GapHistogram, run: Run): void {
  const { c0, c1, c2, ctx0, batch, firstStep, steps, tokens } = run;
  histogram.addRun(c0, c1, c2, ctx0, batch, firstStep, steps, tokens);
}

function addSteps(histogram: GapHistogram, run: Run): void {
  const { c0, c1, c2, ctx0, batch, firstStep, steps, tokens } = run;
  for (let j = firstStep; j < firstStep + steps; j++) {
    histogram.add(decodeStepUs(c0, c1, c2, ctx0 + batch * j), tokens);
  }
}

function state(histogram: GapHistogram): (number | string)[] {
  const digest = new Digest();
  histogram.addTo(digest);
  const { count, min, max, mean } = histogram;
  return [digest.hex(), count, min, max, mean, histogram.quantile(0.5), histogram.quantile(0.99)];
}

function expectSame(runs: readonly Run[]): void {
  const fast = new GapHistogram();
  const slow = new GapHistogram();
  for (const run of runs) {
    addRun(fast, run);
    addSteps(slow, run);
    expect(state(fast)).toEqual(state(slow));
  }
}

const spread = (from: number, to: number): fc.Arbitrary<number> =>
  fc
    .tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: from, max: to }))
    .map(([mantissa, exponent]) => mantissa * 10 ** exponent);
const sign = fc.constantFrom(-1, 0, 1, 1);
const shape = {
  ctx0: fc.nat(200_000),
  batch: fc.oneof(fc.nat(3), fc.nat(300)),
  firstStep: fc.nat(500),
  steps: fc.oneof(fc.nat(5), fc.nat(2500)),
  tokens: fc.nat(300),
};

/** Coefficients of any sign, c0 raised so that no gap is negative. */
const anyRun: fc.Arbitrary<Run> = fc
  .record({
    ...shape,
    c0: spread(-3, 5),
    c1: spread(-9, 1),
    c2: spread(-16, -5),
    s1: sign,
    s2: sign,
  })
  .map(({ s1, s2, ...run }) => {
    const c1 = run.c1 * s1;
    const c2 = run.c2 * s2;
    const last = run.ctx0 + run.batch * (run.firstStep + run.steps);
    const depth = (Math.abs(Math.min(c1, 0)) + Math.abs(Math.min(c2, 0)) * last) * last;
    return { ...run, c0: run.c0 + 2 * depth, c1, c2 };
  });

/**
 * Parabolas whose vertex lies inside the run, some so flat that rounding decides the order of
 * steps.
 */
const vertexRun: fc.Arbitrary<Run> = fc
  .record({
    ...shape,
    c0: spread(1, 4),
    c2: spread(-24, -6),
    s2: fc.constantFrom(-1, 1),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ s2, at, ...run }) => {
    const c2 = run.c2 * s2;
    const vertex = run.ctx0 + run.batch * (run.firstStep + run.steps * at);
    const last = run.ctx0 + run.batch * (run.firstStep + run.steps);
    const c1 = -2 * c2 * vertex;
    return { ...run, c0: run.c0 + 3 * Math.abs(c2) * last * last, c1, c2 };
  });

/**
 * Huge contexts whose parabola touches a bin's edge at its vertex: steps round to either side of
 * it.
 */
const edgeRun: fc.Arbitrary<Run> = fc
  .record({
    vertex: fc.integer({ min: 1e6, max: 2e9 }),
    depth: fc.double({ min: 1, max: 4000, noNaN: true }),
    s2: fc.constantFrom(-1, 1),
    batch: fc.integer({ min: 1, max: 9 }),
    steps: fc.integer({ min: 1, max: 300 }),
    at: fc.double({ min: -0.5, max: 1.5, noNaN: true }),
    ulps: fc.integer({ min: -40, max: 40 }),
  })
  .map(({ vertex, depth, s2, batch, steps, at, ulps }) => {
    const c2 = (s2 * depth) / vertex / vertex;
    const edgeUs = 1024 + 37 * 2; // bins from 1024 to 2048 are 2 wide
    const c0 = edgeUs + s2 * depth + ulps * 2 ** -43;
    const ctx0 = vertex - Math.round(batch * steps * at);
    return { c0, c1: -2 * c2 * vertex, c2, ctx0, batch, firstStep: 0, steps, tokens: 3 };
  });

describe("GapHistogram.addRun", () => {
  it("equals adding every step, for coefficients of any sign", () => {
    fc.assert(fc.property(fc.array(anyRun, { maxLength: 3 }), expectSame), { numRuns: 400 });
  });

  it("equals adding every step, with the vertex inside the run", () => {
    fc.assert(
      fc.property(vertexRun, (run) => expectSame([run])),
      { numRuns: 400 },
    );
  });

  it("equals adding every step, where rounding alone decides the bin", () => {
    fc.assert(
      fc.property(edgeRun, (run) => expectSame([run])),
      { numRuns: 400 },
    );
  });

  it("equals adding every step, for constants and short or empty runs", () => {
    const base = { c0: 100, c1: 0, c2: 0, ctx0: 10, batch: 8, firstStep: 0, steps: 50, tokens: 8 };
    expectSame([base, { ...base, steps: 0 }, { ...base, tokens: 0 }, { ...base, batch: 0, c1: 1 }]);
    expectSame([
      { ...base, c0: 0 },
      { ...base, c0: 0, c1: 1e-9 },
      { ...base, c2: -1e-9 },
    ]);
    expectSame([{ ...base, batch: 0, c1: 1, c2: -1e-7 }]);
  });

  it("does not change when a run is cut", () => {
    fc.assert(
      fc.property(anyRun, fc.nat(2500), (run, cut) => {
        const head = Math.min(cut, run.steps);
        const whole = new GapHistogram();
        const parts = new GapHistogram();
        addRun(whole, run);
        addRun(parts, { ...run, steps: head });
        addRun(parts, { ...run, firstStep: run.firstStep + head, steps: run.steps - head });
        expect(state(parts)).toEqual(state(whole));
      }),
      { numRuns: 200 },
    );
  });

  it("works in the number of bins, not of steps", () => {
    const histogram = new GapHistogram();
    histogram.addRun(5000, 0.01, 0, 1000, 1, 0, 1e9, 1);
    expect(histogram.count).toBe(1e9);
    expect(histogram.max).toBe(decodeStepUs(5000, 0.01, 0, 1000 + 1e9 - 1));
    const middle = decodeStepUs(5000, 0.01, 0, 1000 + 5e8);
    expect(Math.abs(histogram.quantile(0.5) / middle - 1)).toBeLessThan(0.001);
    expect(Math.abs(histogram.mean / middle - 1)).toBeLessThan(0.001);
  });

  it("merges to the histogram of all runs", () => {
    fc.assert(
      fc.property(anyRun, anyRun, (a, b) => {
        const merged = new GapHistogram();
        const other = new GapHistogram();
        const all = new GapHistogram();
        addRun(merged, a);
        addRun(other, b);
        merged.merge(other);
        addRun(all, b);
        addRun(all, a);
        expect(state(merged)).toEqual(state(all));
      }),
      { numRuns: 100 },
    );
  });

  it("refuses negative gaps and broken weights, and is silent when empty", () => {
    const histogram = new GapHistogram();
    expect(histogram.quantile(0.5)).toBeNaN();
    expect(histogram.mean).toBeNaN();
    expect(() => histogram.add(-1, 1)).toThrow(InvariantError);
    expect(() => histogram.add(1, 0.5)).toThrow(InvariantError);
    expect(() => histogram.addRun(-1, 0, 0, 0, 1, 0, 5, 1)).toThrow(InvariantError);
    expect(() => histogram.addRun(10, -1, 0, 0, 1, 0, 50, 1)).toThrow(InvariantError);
    expect(() => histogram.addRun(NaN, 0, 0, 0, 1, 0, 50, 1)).toThrow(InvariantError);
    expect(histogram.count).toBe(0);
  });
});
