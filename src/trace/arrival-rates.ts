import { exp, type Stream } from "../core/index.ts";
import { stationary, type CurveSpec, type ModulatedSpec, type OnOffSpec } from "./arrival-spec.ts";

/**
 * A rate that is constant in pieces: `perS` holds until `untilS`, then `advance` brings the next.
 */
export type RateSource = { perS: number; untilS: number; advance(): void };

/** The rates of a Markov chain, started in its long-run distribution. */
export function modulatedRates(spec: ModulatedSpec, random: Stream): RateSource {
  const { perS, leavePerS } = spec;
  const out = leavePerS.map((row, i) =>
    row.reduce((sum, rate, j) => sum + (i === j ? 0 : rate), 0),
  );
  let state = pickIndex(stationary(leavePerS), random.next());
  const sojourn = (): number => (out[state]! > 0 ? random.exponential(1 / out[state]!) : Infinity);
  const source: RateSource = {
    perS: perS[state]!,
    untilS: sojourn(),
    advance: () => {
      const row = leavePerS[state]!;
      const leave = row.map((rate, j) => (j === state ? 0 : rate / out[state]!));
      state = pickIndex(leave, random.next());
      source.perS = perS[state]!;
      source.untilS += sojourn();
    },
  };
  return source;
}

/** ON and OFF periods in turn, beginning with ON; inside ON the chain goes on where it stopped. */
export function onOffRates(spec: OnOffSpec, states: Stream, periods: Stream): RateSource {
  const inside = modulatedRates(spec.inside, states);
  let isOn = true;
  let periodEndS = periods.exponential(spec.onMeanS);
  /** Wall time minus the time of the chain, which stands still while OFF. */
  let pausedS = 0;
  const source: RateSource = {
    perS: inside.perS,
    untilS: Math.min(periodEndS, inside.untilS),
    advance: () => {
      if (source.untilS < periodEndS) {
        inside.advance();
      } else if (isOn) {
        const offS = spec.offMinS + exp(spec.offMu + spec.offSigma * periods.normal());
        isOn = false;
        pausedS += offS;
        periodEndS += offS;
      } else {
        isOn = true;
        periodEndS += periods.exponential(spec.onMeanS);
      }
      source.perS = isOn ? inside.perS : 0;
      source.untilS = isOn ? Math.min(periodEndS, inside.untilS + pausedS) : periodEndS;
    },
  };
  return source;
}

const HOUR_S = 3600;
/** assumption: finer than any drift the curves resolve, 360 pieces an hour. */
const PIECE_S = 10;

/** The curve's rate in pieces of 10 s. */
export function curveRates(spec: CurveSpec, random: Stream): RateSource {
  const hourly = monotoneCurve(spec.hourlyPerS);
  const { jitterSd, jitterTimeS } = spec;
  const keep = exp(-PIECE_S / jitterTimeS);
  const kick = jitterSd * Math.sqrt(1 - keep * keep);
  let jitter = jitterSd === 0 ? 0 : jitterSd * random.normal();
  let piece = 0;
  const rateAt = (): number => {
    // E exp(x) = exp(sd² ÷ 2), divided out so that the curve stays the mean.
    const factor = jitterSd === 0 ? 1 : exp(jitter - (jitterSd * jitterSd) / 2);
    return hourly(((piece + 0.5) * PIECE_S) / HOUR_S) * factor;
  };
  const source: RateSource = {
    perS: rateAt(),
    untilS: PIECE_S,
    advance: () => {
      piece++;
      if (jitterSd > 0) jitter = keep * jitter + kick * random.normal();
      source.perS = rateAt();
      source.untilS = (piece + 1) * PIECE_S;
    },
  };
  return source;
}

/**
 * A periodic monotone cubic (Fritsch and Carlson 1980) through hourly means placed at half past;
 * the argument is in hours. Its mean over the period is that of the hourly values: the integral of
 * a piece is the trapezoid plus (slope₀ − slope₁) ÷ 12, and the slopes cancel around the period.
 */
export function monotoneCurve(hourly: readonly number[]): (hour: number) => number {
  const n = hourly.length;
  const at = (i: number): number => hourly[((i % n) + n) % n]!;
  const slope = hourly.map((_, i) => {
    const before = at(i) - at(i - 1);
    const after = at(i + 1) - at(i);
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  });
  return (hour) => {
    const i = Math.floor(hour - 0.5);
    const t = hour - 0.5 - i;
    const from = ((i % n) + n) % n;
    const to = (from + 1) % n;
    const s = 1 - t;
    return (
      hourly[from]! * (1 + 2 * t) * s * s +
      slope[from]! * t * s * s +
      hourly[to]! * t * t * (3 - 2 * t) -
      slope[to]! * t * t * s
    );
  };
}

/** The index whose share of [0, 1) holds u. */
function pickIndex(shares: readonly number[], u: number): number {
  let below = 0;
  for (let i = 0; i + 1 < shares.length; i++) {
    below += shares[i]!;
    if (u < below) return i;
  }
  return shares.length - 1;
}
