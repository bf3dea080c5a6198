import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError, type Result } from "../../src/core/index.ts";
import {
  createStepTime,
  decodeRunUs,
  FixedStepTime,
  LINEAR_PRESETS,
  LinearStepTime,
  PolynomialStepTime,
  stepTimeMeta,
  TableStepTime,
  type DecodeRun,
  type LinearCoefficients,
  type ProfileTable,
  type StepShape,
  type StepTimeModel,
  type StepTimeSpec,
} from "../../src/hardware/index.ts";

const EMPTY: StepShape = {
  prefillRequests: 0,
  prefillTokens: 0,
  prefillPastTokens: 0,
  prefillPairs: 0,
  decodeRequests: 0,
  decodeContextTokens: 0,
};

const prefill = (tokens: number, past = 0, requests = 1): StepShape => ({
  ...EMPTY,
  prefillRequests: requests,
  prefillTokens: tokens,
  prefillPastTokens: past,
  prefillPairs: tokens * (past + tokens / 2),
});

const decode = (requests: number, contextTokens: number): StepShape => ({
  ...EMPTY,
  decodeRequests: requests,
  decodeContextTokens: contextTokens,
});

const both = (a: StepShape, b: StepShape): StepShape => ({
  ...a,
  decodeRequests: b.decodeRequests,
  decodeContextTokens: b.decodeContextTokens,
});

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.problem.what);
  return result.value;
}

const time = fc.double({ min: 1, max: 1e6, noNaN: true });
const coefficients: fc.Arbitrary<LinearCoefficients> = fc.record({
  baseUs: time,
  prefillFixedUs: fc.double({ min: 0, max: 1e5, noNaN: true }),
  tokenUs: fc.double({ min: 0, max: 100, noNaN: true }),
  pairUs: fc.double({ min: 0, max: 0.01, noNaN: true }),
  decodeRequestUs: fc.double({ min: 0, max: 100, noNaN: true }),
  contextTokenUs: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** Axes with gaps of alike size; times on both sides of the 1 ms floor. */
const axis = fc
  .array(fc.integer({ min: 100, max: 3000 }), { minLength: 2, maxLength: 6 })
  .map((gaps) => {
    let at = 0;
    return Float64Array.from(gaps, (gap) => (at += gap));
  });
const table: fc.Arbitrary<ProfileTable> = fc.tuple(axis, axis, axis).chain(([isl, kv, context]) => {
  const times = (count: number): fc.Arbitrary<Float64Array> =>
    fc
      .array(fc.double({ min: 0.2, max: 30, noNaN: true }), { minLength: count, maxLength: count })
      .map((ms) => Float64Array.from(ms));
  return fc.record({
    prefillTokens: fc.constant(isl),
    prefillMs: times(isl.length),
    decodeKvTokens: fc.constant(kv),
    decodeContext: fc.constant(context),
    decodeMs: times(kv.length * context.length),
  });
});

const capacity = fc.integer({ min: 1, max: 1_000_000 });
const mixed = fc.constantFrom("sum" as const, "fused" as const);
const models: Record<string, fc.Arbitrary<StepTimeModel>> = {
  fixed: fc
    .record({ prefillUs: time, decodeUs: time, fused: fc.boolean() })
    .map((times) => new FixedStepTime(times)),
  linear: coefficients.map((k) => new LinearStepTime(k)),
  polynomial: fc
    .record({ kvCapacityTokens: capacity, mixed })
    .map((options) => new PolynomialStepTime(options)),
  table: fc.tuple(table, mixed).map(([t, m]) => new TableStepTime(t, { mixed: m })),
};

const batch = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 8000 }))
  .chain(([requests, mean]) =>
    fc.tuple(
      fc.constant(requests),
      fc.integer({ min: requests * mean, max: requests * (mean + 1) - 1 }),
    ),
  );

/** Totals to look at inside a run's validity: its ends and some between. */
function probes(from: number, end: number): number[] {
  const last = Math.min(end - 1, from + 5_000_000);
  const span = last - from;
  return [0, 0.001, 0.1, 0.5, 0.9, 0.999, 1].map((part) => from + Math.floor(span * part));
}

const run: DecodeRun = { c0: NaN, c1: NaN, c2: NaN, contextEnd: NaN };

for (const [name, model] of Object.entries(models)) {
  describe(`${name}: laws of every step-time model`, () => {
    it("decodeRun is stepUs over its whole range, for every batch it can meet", () => {
      fc.assert(
        fc.property(model, batch, (m, [requests, context]) => {
          m.decodeRun(requests, context, run);
          expect(run.contextEnd).toBeGreaterThan(context);
          for (const at of probes(context, run.contextEnd)) {
            const us = m.stepUs(decode(requests, at));
            const scale = Math.abs(run.c0) + Math.abs(run.c1 * at) + Math.abs(run.c2 * at * at);
            expect(us).toBeGreaterThan(0);
            expect(Math.abs(decodeRunUs(run, at) - us)).toBeLessThanOrEqual(1e-12 * us);
            // Any other order of evaluation agrees up to rounding of the terms.
            const plain = run.c0 + run.c1 * at + run.c2 * at * at;
            expect(Math.abs(plain - us)).toBeLessThanOrEqual(1e-12 * Math.max(us, scale));
          }
        }),
        { numRuns: 400 },
      );
    });

    it("following runs from one to the next reaches any context", () => {
      fc.assert(
        fc.property(model, batch, (m, [requests, context]) => {
          let at = context;
          let runs = 0;
          while (at < context + 1_000_000 && runs < 1000) {
            m.decodeRun(requests, at, run);
            expect(run.contextEnd).toBeGreaterThan(at);
            at = run.contextEnd;
            runs++;
          }
          expect(runs).toBeLessThan(50);
        }),
        { numRuns: 100 },
      );
    });

    it("takes time for every step that holds anything, and none for an empty one", () => {
      const shape = fc.tuple(
        batch,
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 0, max: 8192 }),
        fc.integer({ min: 0, max: 100_000 }),
      );
      fc.assert(
        fc.property(model, shape, (m, [[decodes, context], requests, extra, past]) => {
          const tokens = requests + extra;
          const parts = [
            m.stepUs(prefill(tokens, past, requests)),
            m.stepUs(decode(decodes, context)),
          ];
          const whole = m.stepUs(both(prefill(tokens, past, requests), decode(decodes, context)));
          for (const us of [...parts, whole]) {
            expect(us).toBeGreaterThanOrEqual(1);
            expect(us).toBeLessThan(Infinity);
          }
          expect(m.stepUs(EMPTY)).toBe(0);
        }),
        { numRuns: 200 },
      );
    });
  });
}

describe("polynomial", () => {
  const model = new PolynomialStepTime({ kvCapacityTokens: 100_000 });
  const fused = new PolynomialStepTime({ kvCapacityTokens: 100_000, mixed: "fused" });

  it("gives NVIDIA's numbers", () => {
    // 4.209989e-7·8192² + 1.518344e-2·8192 + 16.50142 by hand: 28.25288… + 124.38274… + 16.50142
    expect(model.stepUs(prefill(8192))).toBeCloseTo(169_137.0, 0);
    expect(model.stepUs(decode(1, 50_000))).toBeCloseTo(26_310, 9);
    expect(model.stepUs(decode(7, 100_000))).toBeCloseTo(34_010, 9);
    expect(model.stepUs(decode(7, 250_000))).toBeCloseTo(34_010, 9);
    expect(model.stepUs(decode(1, 0))).toBeCloseTo(5740, 9);
  });

  it("adds prefill and decode as theirs, or pays the decode constant once", () => {
    const shape = both(prefill(512), decode(3, 20_000));
    const sum = model.stepUs(prefill(512)) + model.stepUs(decode(3, 20_000));
    expect(model.stepUs(shape)).toBeCloseTo(sum, 6);
    expect(fused.stepUs(shape)).toBeCloseTo(sum - 5740, 6);
    expect(fused.stepUs(prefill(512))).toBe(model.stepUs(prefill(512)));
    expect(fused.stepUs(decode(3, 20_000))).toBe(model.stepUs(decode(3, 20_000)));
  });

  it("counts prompt tokens from integer means, as theirs", () => {
    // 3 requests, 100 new and 50 past: 3 · (⌊150/3⌋ − ⌊50/3⌋) = 3 · (50 − 16) = 102 tokens.
    expect(model.stepUs(prefill(100, 50, 3))).toBe(model.stepUs(prefill(102)));
    expect(fused.stepUs(prefill(100, 50, 3))).toBe(fused.stepUs(prefill(100)));
    // 3 requests, 5 new: 3 · ⌊5/3⌋ = 3 tokens.
    expect(model.stepUs(prefill(5, 0, 3))).toBe(model.stepUs(prefill(3)));
  });

  it("switches from the quadratic to the constant at the full pool", () => {
    model.decodeRun(10, 99_999, run);
    expect(run.contextEnd).toBe(100_000);
    model.decodeRun(10, 100_000, run);
    expect(run).toEqual({
      c0: model.stepUs(decode(10, 100_000)),
      c1: 0,
      c2: 0,
      contextEnd: Infinity,
    });
  });
});

describe("linear", () => {
  it("is the sum of its six terms", () => {
    const k = {
      baseUs: 1000,
      prefillFixedUs: 200,
      tokenUs: 3,
      pairUs: 0.5,
      decodeRequestUs: 7,
      contextTokenUs: 0.25,
    };
    const model = new LinearStepTime(k);
    // 1000 + 200 + 3·(10 + 4) + 0.5·10·(6 + 5) + 7·4 + 0.25·400
    expect(model.stepUs(both(prefill(10, 6), decode(4, 400)))).toBe(1425);
    expect(model.stepUs(decode(4, 400))).toBe(1140);
    expect(model.stepUs(prefill(10, 6))).toBe(1285);
  });

  it("ships the measured sets in µs", () => {
    const tp1 = new LinearStepTime();
    expect(tp1.stepUs(decode(1, 1000))).toBeCloseTo(12_500 + 42 + 58, 9);
    const tp4 = new LinearStepTime(LINEAR_PRESETS["qwen3-32b-b300-tp4"]);
    expect(tp4.stepUs(prefill(1000))).toBeCloseTo(5900 + 1700 + 14_700 + 235.5, 9);
  });

  it("accepts negative coefficients only where no step can take less than 1 µs", () => {
    const free = fc.double({ min: -50, max: 50, noNaN: true });
    const arbitrary = fc.record({
      baseUs: free,
      prefillFixedUs: free,
      tokenUs: free,
      pairUs: free,
      decodeRequestUs: free,
      contextTokenUs: free,
    });
    const corners = [0, 1, 2, 1000, 1e6].flatMap((p) =>
      [0, 1, 2, 1000].flatMap((d) =>
        [0, 1e6].flatMap((past) =>
          [1, 1e5].map((mean) => ({
            ...(p > 0 ? prefill(p, past) : EMPTY),
            decodeRequests: d,
            decodeContextTokens: d * mean,
          })),
        ),
      ),
    );
    const steps = corners.filter((s) => s.prefillRequests + s.decodeRequests > 0);
    const accepted = { all: 0, baseUs: 0, prefillFixedUs: 0, decodeRequestUs: 0 };
    fc.assert(
      fc.property(arbitrary, (k) => {
        const made = createStepTime({ type: "linear", ...k }, { kvCapacityTokens: 1e6 });
        if (!made.ok) return;
        accepted.all++;
        for (const name of ["baseUs", "prefillFixedUs", "decodeRequestUs"] as const) {
          if (k[name] < 0) accepted[name]++;
        }
        for (const step of steps) expect(made.value.stepUs(step)).toBeGreaterThan(0.999);
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(Math.min(...Object.values(accepted))).toBeGreaterThan(10);
  });
});

describe("fixed", () => {
  it("adds the parts of a mixed step, or takes the larger one", () => {
    const shape = both(prefill(10), decode(4, 400));
    expect(new FixedStepTime({ prefillUs: 5, decodeUs: 3 }).stepUs(shape)).toBe(8);
    expect(new FixedStepTime({ prefillUs: 5, decodeUs: 3, fused: true }).stepUs(shape)).toBe(5);
    expect(new FixedStepTime({ prefillUs: 2, decodeUs: 3, fused: true }).stepUs(shape)).toBe(3);
  });
});

describe("createStepTime", () => {
  const context = { kvCapacityTokens: 1024 };
  const problemOf = (spec: StepTimeSpec, kvCapacityTokens = 1024): string => {
    const made = createStepTime(spec, { kvCapacityTokens });
    return made.ok ? "none" : `${made.problem.where}: ${made.problem.what}`;
  };

  it("makes each model under its name", () => {
    const specs: StepTimeSpec[] = [
      { type: "fixed", prefillUs: 1, decodeUs: 1 },
      { type: "linear", preset: "qwen3-32b-b300-tp4", baseUs: 9 },
      { type: "polynomial", mixed: "fused" },
    ];
    for (const spec of specs) {
      expect(value(createStepTime(spec, context)).name).toBe(spec.type);
    }
    const linear = value(createStepTime({ type: "linear", baseUs: 9 }, context));
    expect(linear.stepUs(decode(1, 1000))).toBeCloseTo(9 + 42 + 58, 9);
  });

  it("refuses what would let a step take no time", () => {
    expect(problemOf({ type: "fixed", prefillUs: 0, decodeUs: 5 })).toContain("prefillUs");
    expect(problemOf({ type: "fixed", prefillUs: 5, decodeUs: NaN })).toContain("decodeUs");
    expect(problemOf({ type: "linear", contextTokenUs: -1e-9 })).toContain("contextTokenUs");
    expect(problemOf({ type: "linear", pairUs: Infinity })).toContain("pairUs");
    expect(problemOf({ type: "linear", decodeRequestUs: -42.1 })).toContain("decodeRequestUs");
    expect(problemOf({ type: "linear", prefillFixedUs: -12_542 })).toContain("one prompt token");
    expect(problemOf({ type: "linear", baseUs: -42 })).toContain("one decode request");
    expect(problemOf({ type: "polynomial" }, 0)).toContain("kvCapacityTokens");
    expect(problemOf({ type: "polynomial" }, 10.5)).toContain("kvCapacityTokens");
    expect(problemOf({ type: "table" })).toContain("no profile");
    expect(() => new FixedStepTime({ prefillUs: 0, decodeUs: 1 })).toThrow(InvariantError);
  });

  it("documents every model, with defaults that make one", () => {
    expect(stepTimeMeta.map((meta) => meta.type)).toEqual([
      "fixed",
      "linear",
      "polynomial",
      "table",
      "kernels",
    ]);
    for (const meta of stepTimeMeta) {
      for (const knob of meta.knobs) {
        expect(knob.source).not.toBe("");
        if (knob.range !== undefined) {
          expect(knob.default).toBeGreaterThanOrEqual(knob.range[0]);
          expect(knob.default).toBeLessThanOrEqual(knob.range[1]);
        } else {
          expect(knob.options).toContain(knob.default);
        }
      }
      // These two need more than knobs: a profile, cards.
      if (meta.type === "table" || meta.type === "kernels") continue;
      const defaults = Object.fromEntries(meta.knobs.map((knob) => [knob.name, knob.default]));
      const spec = { ...defaults, type: meta.type } as unknown as StepTimeSpec;
      expect(createStepTime(spec, context).ok).toBe(true);
    }
  });
});
