/**
 * Seeded random streams, one per use, and the distributions drawn from them.
 *
 * A stream is named ("arrivals", "router", "worker/17") and depends on the master seed and its name
 * alone: a new consumer with a new name never shifts the numbers of another. The generator is Alea
 * (J. Baagøe, 2010; period ≈ 2^116) from seedrandom: multiplications and additions of float64,
 * hence equal on every engine. Distributions use the deterministic functions of maths.ts.
 */
import alea from "seedrandom/lib/alea.js";
import { exp, ln, pow } from "./maths.ts";
import { invariant } from "./result.ts";

/** The stream of a name under a master seed; the seeds 7 and "7" are the same. */
export function stream(seed: number | string, name: string): Stream {
  const master = String(seed);
  // The length keeps ("1", "2/x") and ("1/2", "x") apart.
  return new Stream(`${master.length}:${master}/${name}`);
}

export class Stream {
  private readonly bits: ReturnType<typeof alea>;
  private spareNormal = NaN;
  private zipfCache: ZipfConstants | undefined;

  /** @param seedText the whole seed; use `stream(seed, name)` to make named streams */
  constructor(seedText: string) {
    this.bits = alea(seedText);
  }

  /** Uniform in [0, 1), 53 bits. */
  next(): number {
    return this.bits.double();
  }

  /** Uniform integer 0 ≤ i < n, for an integer 1 ≤ n ≤ 2^53. */
  int(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Exponential, by inversion. */
  exponential(mean: number): number {
    return -mean * ln(1 - this.next());
  }

  /** Standard normal, by Marsaglia's polar method (1964); draws in pairs and keeps the spare. */
  normal(): number {
    const spare = this.spareNormal;
    if (spare === spare) {
      this.spareNormal = NaN;
      return spare;
    }
    for (;;) {
      const u = 2 * this.next() - 1;
      const v = 2 * this.next() - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * ln(square)) / square);
      this.spareNormal = v * factor;
      return u * factor;
    }
  }

  /** exp(mu + sigma · normal): median exp(mu). */
  lognormal(mu: number, sigma: number): number {
    return exp(mu + sigma * this.normal());
  }

  /**
   * Gamma with mean shape · scale, for shape > 0 (G. Marsaglia and W. W. Tsang, "A simple method
   * for generating gamma variables", ACM TOMS 26, 2000). Shapes below 1 are drawn at shape + 1 and
   * scaled by u^(1/shape), as in that paper's section 6.
   */
  gamma(shape: number, scale: number): number {
    if (shape < 1) {
      const boost = pow(1 - this.next(), 1 / shape);
      return boost * this.gamma(shape + 1, scale);
    }
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = 1 - this.next();
      const xx = x * x;
      // The squeeze of the paper spares the logarithms in most rounds.
      if (u < 1 - 0.0331 * xx * xx) return d * v * scale;
      if (ln(u) < 0.5 * xx + d * (1 - v + ln(v))) return d * v * scale;
    }
  }

  /** Weibull, by inversion; shape 1 is exponential with mean `scale`. */
  weibull(shape: number, scale: number): number {
    return scale * pow(-ln(1 - this.next()), 1 / shape);
  }

  /**
   * Zipf: k of 1…n with probability proportional to k^−s, for s > 0, in O(1) by rejection-inversion
   * (W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
   * distributions", ACM TOMACS 6, 1996).
   */
  zipf(n: number, s: number): number {
    let constants = this.zipfCache;
    if (constants === undefined || constants.n !== n || constants.s !== s) {
      this.zipfCache = constants = zipfConstants(n, s);
    }
    const { low, high, accept } = constants;
    for (;;) {
      const u = high + this.next() * (low - high);
      const x = powerIntegralInverse(u, s);
      const k = Math.min(Math.max(Math.floor(x + 0.5), 1), n);
      if (k - x <= accept || u >= powerIntegral(k + 0.5, s) - pow(k, -s)) return k;
    }
  }

  /**
   * Index drawn in proportion to weights given as running sums (non-decreasing, the last > 0).
   *
   * @throws InvariantError when there are no weights or their sum is not above 0
   */
  pick(cumulativeWeights: ArrayLike<number>): number {
    const length = cumulativeWeights.length;
    const total = length === 0 ? 0 : cumulativeWeights[length - 1]!;
    invariant(total > 0, "pick needs weights with a sum above 0");
    const x = this.next() * total;
    let low = 0;
    let high = length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulativeWeights[middle]! > x) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

type ZipfConstants = {
  readonly n: number;
  readonly s: number;
  readonly low: number;
  readonly high: number;
  readonly accept: number;
};

function zipfConstants(n: number, s: number): ZipfConstants {
  invariant(n >= 1 && s > 0, `zipf needs n ≥ 1 and s > 0, got n ${n} and s ${s}`);
  return {
    n,
    s,
    low: powerIntegral(1.5, s) - 1,
    high: powerIntegral(n + 0.5, s),
    accept: 2 - powerIntegralInverse(powerIntegral(2.5, s) - pow(2, -s), s),
  };
}

// Below this, three terms of the series are exact to a double, and the closed form loses digits.
const SERIES_BELOW = 1e-5;

/** ∫ from 1 to x of t^−s: (x^(1−s) − 1)/(1 − s), or ln x at s = 1. */
function powerIntegral(x: number, s: number): number {
  const logX = ln(x);
  const y = (1 - s) * logX;
  if (Math.abs(y) < SERIES_BELOW) return logX * (1 + (y / 2) * (1 + y / 3));
  return (exp(y) - 1) / (1 - s);
}

function powerIntegralInverse(u: number, s: number): number {
  const y = (1 - s) * u;
  if (Math.abs(y) < SERIES_BELOW) return exp(u * (1 - y * (0.5 - y / 3)));
  return exp(ln(Math.max(1 + y, 0)) / (1 - s));
}
