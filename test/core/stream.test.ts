import { describe, expect, it } from "vitest";
import { InvariantError, stream } from "../../src/core/index.ts";
import type { Stream } from "../../src/core/index.ts";

const N = 20_000;

function draw(name: string, one: (random: Stream) => number): number[] {
  const random = stream(20_261_120, name);
  return Array.from({ length: N }, () => one(random));
}

/** Kolmogorov–Smirnov distance of a sample to a distribution function, times √n. */
function ks(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  let worst = 0;
  sorted.forEach((x, i) => {
    const p = cdf(x);
    worst = Math.max(worst, p - i / sorted.length, (i + 1) / sorted.length - p);
  });
  return worst * Math.sqrt(sorted.length);
}

// The Kolmogorov distribution passes 1.95 with probability 0.001; seeds are fixed, so no test
// flickers.
const KS_LIMIT = 1.95;

function mean(xs: readonly number[]): number {
  return xs.reduce((sum, x) => sum + x, 0) / xs.length;
}

function variance(xs: readonly number[]): number {
  const m = mean(xs);
  return mean(xs.map((x) => (x - m) ** 2));
}

/**
 * Mean and variance within 4.5 standard errors (`kurtosis`: fourth central moment over variance²).
 */
function expectMoments(xs: readonly number[], m: number, v: number, kurtosis: number): void {
  expect(Math.abs(mean(xs) - m)).toBeLessThan(4.5 * Math.sqrt(v / xs.length));
  expect(Math.abs(variance(xs) - v)).toBeLessThan(4.5 * v * Math.sqrt((kurtosis - 1) / xs.length));
}

/** Abramowitz and Stegun 7.1.26: |error| ≤ 1.5e-7, far below what 20,000 draws can tell. */
function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const poly =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const half = (poly * Math.exp(-z * z)) / 2;
  return x < 0 ? half : 1 - half;
}

describe("named streams", () => {
  it("depend on seed and name alone", () => {
    const first = stream(7, "arrivals");
    const alone = Array.from({ length: 5 }, () => first.next());
    const other = stream(7, "lengths");
    const again = stream("7", "arrivals");
    const interleaved = Array.from({ length: 5 }, () => {
      other.normal();
      return again.next();
    });
    expect(interleaved).toEqual(alone);
    const next = (seed: number | string, name: string): number => stream(seed, name).next();
    expect(next(8, "arrivals")).not.toBe(alone[0]);
    expect(next(7, "arrivals2")).not.toBe(alone[0]);
    expect(next("1", "2/x")).not.toBe(next("1/2", "x"));
  });

  it("keep their numbers", () => {
    // A change here changes every recorded digest: it must be seen, and meant.
    const random = stream(42, "golden");
    expect([
      random.next(),
      random.int(1000),
      random.exponential(100),
      random.normal(),
      random.normal(),
      random.lognormal(6, 1.1),
      random.gamma(0.3, 2),
      random.gamma(4, 2),
      random.weibull(0.7, 10),
      random.zipf(1000, 1.2),
      random.zipf(1000, 1),
    ]).toEqual([
      0.07526030932934158, 194, 31.752600895450346, -1.5649210700411167, -0.28942543309107666,
      255.91299910145366, 0.00010927349500123046, 7.0299294672306, 4.3886033684707435, 1, 2,
    ]);
  });

  it("are independent between neighbouring names and seeds", () => {
    const firsts = Array.from({ length: 4000 }, (_, i) => stream(1, `worker/${i}`).next());
    expect(ks(firsts, (x) => x)).toBeLessThan(KS_LIMIT);
    const seeds = Array.from({ length: 4000 }, (_, i) => stream(i, "arrivals").next());
    expect(ks(seeds, (x) => x)).toBeLessThan(KS_LIMIT);
    const correlation = (xs: readonly number[]): number => {
      const products = xs.slice(1).map((x, i) => (x - 0.5) * (xs[i]! - 0.5) * 12);
      return mean(products) * Math.sqrt(products.length);
    };
    expect(Math.abs(correlation(firsts))).toBeLessThan(4);
    expect(Math.abs(correlation(seeds))).toBeLessThan(4);
  });
});

describe("distributions", () => {
  it("next is uniform in [0, 1), int covers its range evenly", () => {
    const xs = draw("uniform", (random) => random.next());
    expect(ks(xs, (x) => x)).toBeLessThan(KS_LIMIT);
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...xs)).toBeLessThan(1);
    const counts = Array.from({ length: 7 }, () => 0);
    for (const i of draw("int", (random) => random.int(7))) counts[i]! += 1;
    const expected = N / 7;
    const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chi2).toBeLessThan(22.46); // χ² with 6 degrees of freedom at 0.001
  });

  it("exponential and Weibull follow their distribution functions", () => {
    const xs = draw("exponential", (random) => random.exponential(250));
    expect(ks(xs, (x) => 1 - Math.exp(-x / 250))).toBeLessThan(KS_LIMIT);
    expectMoments(xs, 250, 250 ** 2, 9);
    const ws = draw("weibull", (random) => random.weibull(0.6, 40));
    expect(ks(ws, (x) => 1 - Math.exp(-((x / 40) ** 0.6)))).toBeLessThan(KS_LIMIT);
  });

  it("normal and lognormal follow their distribution functions, pairs uncorrelated", () => {
    const xs = draw("normal", (random) => random.normal());
    expect(ks(xs, normalCdf)).toBeLessThan(KS_LIMIT);
    expectMoments(xs, 0, 1, 3);
    const products = xs.slice(1).map((x, i) => x * xs[i]!);
    expect(Math.abs(mean(products)) * Math.sqrt(N)).toBeLessThan(4);
    const ls = draw("lognormal", (random) => random.lognormal(6, 1.2));
    expect(ks(ls, (x) => normalCdf((Math.log(x) - 6) / 1.2))).toBeLessThan(KS_LIMIT);
  });

  it.each([0.05, 0.5, 0.99, 1, 2.5, 80])("gamma of shape %d has its moments", (shape) => {
    const xs = draw(`gamma/${shape}`, (random) => random.gamma(shape, 3));
    expectMoments(xs, shape * 3, shape * 9, 3 + 6 / shape);
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(0);
  });

  it("gamma of integer and half shapes follows its distribution function", () => {
    const exponential = draw("gamma/one", (random) => random.gamma(1, 5));
    expect(ks(exponential, (x) => 1 - Math.exp(-x / 5))).toBeLessThan(KS_LIMIT);
    const erlang = draw("gamma/three", (random) => random.gamma(3, 5));
    const erlangCdf = (x: number): number => {
      const y = x / 5;
      return 1 - Math.exp(-y) * (1 + y + (y * y) / 2);
    };
    expect(ks(erlang, erlangCdf)).toBeLessThan(KS_LIMIT);
    // Half a squared normal is gamma of shape 1/2: the branch below shape 1.
    const half = draw("gamma/half", (random) => random.gamma(0.5, 1));
    expect(ks(half, (x) => 2 * normalCdf(Math.sqrt(2 * x)) - 1)).toBeLessThan(KS_LIMIT);
  });

  it.each([
    [1, 1],
    [2, 1],
    [10, 1],
    [50, 0.5],
    [50, 0.9999999],
    [50, 1.0000001],
    [1000, 1.2],
    [100_000, 2],
  ])("zipf(%d, %d) has its probabilities", (n, s) => {
    const xs = draw(`zipf/${n}/${s}`, (random) => random.zipf(n, s));
    const weights = Array.from({ length: n }, (_, i) => (i + 1) ** -s);
    const total = weights.reduce((sum, w) => sum + w, 0);
    const counts = new Map<number, number>();
    for (const k of xs) counts.set(k, (counts.get(k) ?? 0) + 1);
    expect(xs.every((k) => Number.isInteger(k) && k >= 1 && k <= n)).toBe(true);
    // Pearson's χ² over ranks that expect 20 draws or more, the others together.
    let chi2 = 0;
    let cells = 0;
    let restExpected = N;
    let restSeen = N;
    weights.forEach((weight, i) => {
      const expected = (N * weight) / total;
      if (expected < 20) return;
      const seen = counts.get(i + 1) ?? 0;
      chi2 += (seen - expected) ** 2 / expected;
      restExpected -= expected;
      restSeen -= seen;
      cells++;
    });
    if (restExpected > 1) chi2 += (restSeen - restExpected) ** 2 / restExpected;
    expect(chi2).toBeLessThan(cells + 4.5 * Math.sqrt(2 * cells) + 4.5);
  });

  it("pick follows the weights and skips empty ones", () => {
    const cumulative = Float64Array.of(0, 1, 1, 4, 4);
    const xs = draw("pick", (random) => random.pick(cumulative));
    expect(new Set(xs)).toEqual(new Set([1, 3]));
    const share = xs.filter((i) => i === 1).length / N;
    expect(Math.abs(share - 0.25)).toBeLessThan(4.5 * Math.sqrt((0.25 * 0.75) / N));
    expect(() => stream(1, "x").pick([])).toThrow(InvariantError);
    expect(() => stream(1, "x").pick([0, 0])).toThrow(InvariantError);
    expect(() => stream(1, "x").zipf(0, 1)).toThrow(InvariantError);
  });
});
