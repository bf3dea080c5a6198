import { describe, expect, test } from "vitest";
import { curveRates, monotoneCurve } from "../../src/trace/arrival-rates.ts";
import { checkArrivals, meanRatePerS, stationary } from "../../src/trace/arrival-spec.ts";
import type { ArrivalSpec } from "../../src/trace/arrival-spec.ts";
import { arrivalProcess } from "../../src/trace/arrivals.ts";
import { stream } from "../../src/core/index.ts";
import { indexOfDispersion } from "../../src/trace/inspect-arrivals.ts";

const BURSTS: ArrivalSpec = {
  kind: "modulated",
  perS: [1, 9],
  leavePerS: [
    [0, 0.1],
    [0.3, 0],
  ],
};
const ON_OFF: ArrivalSpec = {
  kind: "on-off",
  onMeanS: 10,
  offMinS: 5,
  offMu: 1,
  offSigma: 0.5,
  inside: BURSTS,
};
const DAY: ArrivalSpec = {
  kind: "curve",
  hourlyPerS: Array.from({ length: 24 }, (_, hour) => 2 + (hour % 7)),
  jitterSd: 0.1,
  jitterTimeS: 600,
};
const DAY_US = 86_400e6;

const SPECS: readonly ArrivalSpec[] = [
  { kind: "constant", perS: 4 },
  { kind: "poisson", perS: 4 },
  { kind: "gamma", perS: 4, shape: 0.25 },
  { kind: "gamma", perS: 4, shape: 4 },
  { ...BURSTS, shape: 0.9 },
  ON_OFF,
  DAY,
];

function arrivals(spec: ArrivalSpec, count: number, seed = 1, rateScale = 1): Float64Array {
  const process = arrivalProcess(spec, { seed, name: "a", rateScale });
  return Float64Array.from({ length: count }, () => process.next());
}

describe.each(SPECS)("arrivals $kind", (spec) => {
  test("are whole µs, in order, and repeat with the seed", () => {
    const times = arrivals(spec, 20_000);
    expect(times.every((t, i) => Number.isInteger(t) && (i === 0 || t >= times[i - 1]!))).toBe(
      true,
    );
    expect(arrivals(spec, 20_000)).toEqual(times);
    if (spec.kind !== "constant") expect(arrivals(spec, 20_000, 2)).not.toEqual(times);
  });

  test("keep the mean rate, and follow the rate scale", () => {
    for (const rateScale of [1, 2]) {
      const process = arrivalProcess(spec, { seed: 5, name: "a", rateScale });
      let count = 0;
      while (process.next() < DAY_US) count++;
      const perS = count / (DAY_US / 1e6);
      expect(perS / (rateScale * meanRatePerS(spec))).toBeCloseTo(1, 1);
    }
  });
});

test("dispersion is 1 for Poisson, 1 ÷ shape for Gamma over long windows, 0 for constant", () => {
  const dispersion = (spec: ArrivalSpec): number => indexOfDispersion(arrivals(spec, 4e5), 60e6);
  expect(dispersion({ kind: "poisson", perS: 4 })).toBeCloseTo(1, 0.5);
  expect(dispersion({ kind: "gamma", perS: 4, shape: 0.25 }) / 4).toBeCloseTo(1, 0.5);
  expect(dispersion({ kind: "gamma", perS: 4, shape: 4 }) * 4).toBeCloseTo(1, 0.5);
  expect(dispersion({ kind: "constant", perS: 4 })).toBeLessThan(0.01);
});

test("a Markov chain's long-run shares are those of its balance equations", () => {
  const [low = 0, high = 0] = stationary([
    [0, 0.1],
    [0.3, 0],
  ]);
  expect(low).toBeCloseTo(0.75, 9);
  expect(high).toBeCloseTo(0.25, 9);
  expect(meanRatePerS(BURSTS)).toBeCloseTo(3, 9);
});

test("the monotone curve keeps the mean, stays within neighbours and repeats", () => {
  const hourly = [3, 9, 9, 1, 4, 30];
  const curve = monotoneCurve(hourly);
  let sum = 0;
  const steps = 6000;
  for (let i = 0; i < steps; i++) {
    const hour = ((i + 0.5) / steps) * hourly.length;
    const value = curve(hour);
    const at = Math.floor(hour - 0.5);
    const a = hourly[(at + hourly.length) % hourly.length]!;
    const b = hourly[(at + 1) % hourly.length]!;
    expect(value).toBeGreaterThanOrEqual(Math.min(a, b) - 1e-9);
    expect(value).toBeLessThanOrEqual(Math.max(a, b) + 1e-9);
    expect(curve(hour + 6)).toBeCloseTo(value, 9);
    sum += value;
  }
  expect(sum / steps).toBeCloseTo(hourly.reduce((x, y) => x + y) / hourly.length, 4);
});

test("the curve's jitter has unit mean and the spread that was asked for", () => {
  const spec = { kind: "curve", hourlyPerS: [1], jitterSd: 0.2, jitterTimeS: 60 } as const;
  const rates = curveRates(spec, stream(3, "jitter"));
  let sum = 0;
  let squares = 0;
  const pieces = 100_000;
  for (let i = 0; i < pieces; i++) {
    sum += rates.perS;
    squares += rates.perS * rates.perS;
    rates.advance();
  }
  const mean = sum / pieces;
  expect(mean).toBeCloseTo(1, 1.5);
  expect(Math.sqrt(squares / pieces - mean * mean)).toBeCloseTo(0.2, 1.5);
});

test.each<[string, ArrivalSpec]>([
  ["a rate of 0", { kind: "poisson", perS: 0 }],
  ["a negative rate", { kind: "constant", perS: -1 }],
  ["a rate that is no number", { kind: "poisson", perS: NaN }],
  ["a shape of 0", { kind: "gamma", perS: 1, shape: 0 }],
  [
    "a chain that is trapped",
    {
      ...BURSTS,
      leavePerS: [
        [0, 0],
        [1, 0],
      ],
    },
  ],
  ["a chain of the wrong shape", { ...BURSTS, leavePerS: [[0, 1]] }],
  ["a silent chain", { ...BURSTS, perS: [0, 0] }],
  ["an ON time of 0", { ...ON_OFF, onMeanS: 0 } as ArrivalSpec],
  ["an empty curve", { ...DAY, hourlyPerS: [] } as ArrivalSpec],
  ["a curve's negative jitter", { ...DAY, jitterSd: -1 } as ArrivalSpec],
])("refuses %s, with the place", (_, spec) => {
  expect(checkArrivals(spec, "flows[0].arrivals")?.where).toContain("flows[0].arrivals");
});
