import { exp, type Problem } from "../core/index.ts";

/** An arrival process, as plain data. Rates are per second. */
export type ArrivalSpec =
  | { readonly kind: "constant"; readonly perS: number }
  | { readonly kind: "poisson"; readonly perS: number }
  /** Gamma-distributed gaps; shape 1 is Poisson, below 1 burstier; CV = 1 ÷ √shape. */
  | { readonly kind: "gamma"; readonly perS: number; readonly shape: number }
  | ModulatedSpec
  | OnOffSpec
  | CurveSpec;

/**
 * A rate that jumps between states (a Markov-modulated Poisson process; with `shape`, Gamma gaps
 * within it). `leavePerS[i][j]` is the rate of jumps from state i to state j.
 */
export type ModulatedSpec = {
  readonly kind: "modulated";
  readonly perS: readonly number[];
  readonly leavePerS: readonly (readonly number[])[];
  readonly shape?: number;
};

/** A modulated stream in exponential ON periods, silent in OFF periods of at least `offMinS`. */
export type OnOffSpec = {
  readonly kind: "on-off";
  readonly onMeanS: number;
  readonly offMinS: number;
  /** Lognormal time beyond `offMinS`: ln of its median in s, and sigma. */
  readonly offMu: number;
  readonly offSigma: number;
  readonly inside: ModulatedSpec;
};

/**
 * Poisson on a rate that follows hourly means, repeating after the last, times exp of an
 * Ornstein–Uhlenbeck process of unit mean.
 */
export type CurveSpec = {
  readonly kind: "curve";
  readonly hourlyPerS: readonly number[];
  /** Stationary standard deviation of the logarithm of the rate around the curve; 0: none. */
  readonly jitterSd: number;
  /** Time constant of that process, s. */
  readonly jitterTimeS: number;
};

/** The long-run mean rate of a spec, per s. */
export function meanRatePerS(spec: ArrivalSpec): number {
  switch (spec.kind) {
    case "constant":
    case "poisson":
    case "gamma":
      return spec.perS;
    case "modulated": {
      const share = stationary(spec.leavePerS);
      return spec.perS.reduce((sum, perS, i) => sum + perS * share[i]!, 0);
    }
    case "on-off": {
      const offS = spec.offMinS + exp(spec.offMu + (spec.offSigma * spec.offSigma) / 2);
      return (meanRatePerS(spec.inside) * spec.onMeanS) / (spec.onMeanS + offS);
    }
    case "curve":
      return spec.hourlyPerS.reduce((sum, perS) => sum + perS, 0) / spec.hourlyPerS.length;
  }
}

/** Long-run shares of time of the states of a continuous-time Markov chain. */
export function stationary(leavePerS: readonly (readonly number[])[]): number[] {
  const n = leavePerS.length;
  const out = leavePerS.map((row, i) =>
    row.reduce((sum, rate, j) => sum + (i === j ? 0 : rate), 0),
  );
  const fastest = Math.max(...out);
  let share = out.map(() => 1 / n);
  if (fastest === 0) return share;
  // Powers of the uniformised chain; 20,000 steps settle chains whose rates differ a thousandfold.
  for (let step = 0; step < 20_000; step++) {
    const next = share.map((p, i) => p * (1 - out[i]! / (2 * fastest)));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (i !== j) next[j] = next[j]! + (share[i]! * leavePerS[i]![j]!) / (2 * fastest);
      }
    }
    share = next;
  }
  return share;
}

/** What is wrong with an arrival process, if anything. `where` names it. */
export function checkArrivals(spec: ArrivalSpec, where: string): Problem | undefined {
  const wrong = (what: string, expected: string): Problem => ({ what, where, expected });
  if (spec.kind === "modulated") return checkModulated(spec, where);
  if (spec.kind === "on-off") {
    if (!(spec.onMeanS > 0) || !(spec.offMinS >= 0)) {
      return wrong(`ON lasts ${spec.onMeanS} s, OFF ≥ ${spec.offMinS} s`, "ON > 0, OFF ≥ 0");
    }
    if (!(spec.offMu >= -10 && spec.offMu <= 20) || !(spec.offSigma >= 0 && spec.offSigma <= 10)) {
      return wrong("the OFF time is out of range", "offMu from −10 to 20, offSigma from 0 to 10");
    }
    return checkModulated(spec.inside, `${where}.inside`);
  }
  if (spec.kind === "curve") {
    if (!(spec.jitterSd >= 0 && spec.jitterSd <= 5) || !(spec.jitterTimeS > 0)) {
      return wrong("the jitter is out of range", "jitterSd from 0 to 5, jitterTimeS > 0");
    }
    return checkRates(spec.hourlyPerS, `${where}.hourlyPerS`);
  }
  if (spec.kind === "gamma" && !(spec.shape >= 0.01 && spec.shape <= 1000)) {
    return wrong(`shape is ${spec.shape}`, "0.01 to 1000");
  }
  return checkRates([spec.perS], `${where}.perS`);
}

function checkModulated(spec: ModulatedSpec, where: string): Problem | undefined {
  const n = spec.perS.length;
  if (spec.leavePerS.length !== n || spec.leavePerS.some((row) => row.length !== n)) {
    return { what: "leavePerS has the wrong shape", where, expected: `${n} rows of ${n} rates` };
  }
  if (spec.leavePerS.some((row) => row.some((rate) => !(rate >= 0 && rate <= MAX_PER_S)))) {
    return { what: "a rate of leavePerS is out of range", where, expected: `0 to ${MAX_PER_S}` };
  }
  const isTrapped = spec.leavePerS.some((row, i) => row.every((rate, j) => i === j || rate === 0));
  if (n > 1 && isTrapped) {
    return { what: "a state is never left", where, expected: "a way out of every state" };
  }
  if (spec.shape !== undefined && !(spec.shape >= 0.01 && spec.shape <= 1000)) {
    return { what: `shape is ${spec.shape}`, where, expected: "0.01 to 1000" };
  }
  return checkRates(spec.perS, `${where}.perS`);
}

/** One arrival per µs on average is the finest that integer µs can tell apart. */
const MAX_PER_S = 1e6;

function checkRates(perS: readonly number[], where: string): Problem | undefined {
  const odd = perS.find((rate) => !(rate >= 0 && rate <= MAX_PER_S));
  if (odd !== undefined)
    return { what: `a rate is ${odd}`, where, expected: `0 to ${MAX_PER_S}/s` };
  if (perS.some((rate) => rate > 0)) return undefined;
  return { what: "no rate is above 0", where, expected: "at least one positive rate" };
}
