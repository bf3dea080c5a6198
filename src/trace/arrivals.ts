import { stream, type Stream } from "../core/index.ts";
import { curveRates, modulatedRates, onOffRates, type RateSource } from "./arrival-rates.ts";
import type { ArrivalSpec } from "./arrival-spec.ts";

/** Yields arrivals, integer µs, never decreasing. */
export type ArrivalProcess = { next(): number };

const US_PER_S = 1e6;

/**
 * The process of a spec that has passed `checkArrivals`, from time 0. `name` names its random
 * streams; `rateScale` multiplies every rate and leaves sojourns and the hours of the day as they
 * are.
 */
export function arrivalProcess(
  spec: ArrivalSpec,
  options: {
    readonly seed: number | string;
    readonly name: string;
    readonly rateScale?: number;
  },
): ArrivalProcess {
  const { seed, name, rateScale = 1 } = options;
  const gaps = stream(seed, name);
  switch (spec.kind) {
    case "constant":
      return constantGaps(US_PER_S / (spec.perS * rateScale));
    case "poisson":
      return renewal(() => gaps.exponential(US_PER_S / (spec.perS * rateScale)));
    case "gamma": {
      const scaleUs = US_PER_S / (spec.perS * rateScale * spec.shape);
      return renewal(() => gaps.gamma(spec.shape, scaleUs));
    }
    case "modulated":
      return modulated(
        modulatedRates(spec, stream(seed, `${name}/states`)),
        unitGaps(gaps, spec.shape),
        rateScale,
      );
    case "on-off":
      return modulated(
        onOffRates(spec, stream(seed, `${name}/states`), stream(seed, `${name}/periods`)),
        unitGaps(gaps, spec.inside.shape),
        rateScale,
      );
    case "curve":
      return modulated(
        curveRates(spec, stream(seed, `${name}/jitter`)),
        unitGaps(gaps, undefined),
        rateScale,
      );
  }
}

function constantGaps(gapUs: number): ArrivalProcess {
  let count = 0;
  return { next: () => Math.round(gapUs * ++count) };
}

function renewal(gapUs: () => number): ArrivalProcess {
  let nowUs = 0;
  return { next: () => Math.round((nowUs += gapUs())) };
}

function unitGaps(random: Stream, shape: number | undefined): () => number {
  if (shape === undefined || shape === 1) return () => random.exponential(1);
  return () => random.gamma(shape, 1 / shape);
}

/**
 * Gaps of unit mean, stretched by the time a rate that is constant in pieces needs for them: exact
 * for Poisson, with no rejected draw as thinning would have, and no draw shifts when a rate
 * changes.
 */
function modulated(rates: RateSource, gap: () => number, rateScale: number): ArrivalProcess {
  let nowS = 0;
  return {
    next: () => {
      let need = gap() / rateScale;
      for (;;) {
        const left = (rates.untilS - nowS) * rates.perS;
        if (need < left) break;
        need -= left;
        nowS = rates.untilS;
        rates.advance();
      }
      nowS += need / rates.perS;
      return Math.round(nowS * US_PER_S);
    },
  };
}
