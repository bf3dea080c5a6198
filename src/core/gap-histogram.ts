/**
 * Inter-token gaps weighted by tokens, with whole decode runs added in closed form.
 *
 * A decode run of k steps gives every request k gaps, and the gaps follow a polynomial. Adding them
 * one by one would cost O(steps) and undo what fast-forward wins; finding where the polynomial
 * crosses from bin to bin costs O(bins crossed · log steps). Both give bit-identical histograms, so
 * that digests of fast-forward and step-by-step runs are equal: counts are integers, extremes are
 * extremes of the same evaluated numbers, and the mean is a function of the counts.
 */
import type { Digest } from "./digest.ts";
import { BinCounts, binLowerEdge, binMidpoint, binOf, binUpperEdge } from "./log-bins.ts";
import { nearestRank } from "./quantile-sketch.ts";
import { InvariantError } from "./result.ts";

// Evaluating the polynomial in Horner form errs by at most 8 half-ulps of its terms' magnitudes;
// the slack is 2^6 half-ulps, room for the split at the vertex too.
const SLACK_RELATIVE = 1 / (1 << 23) / (1 << 24); // 2^-47

/**
 * Decode step time c0 + c1·context + c2·context², µs. The one expression for it: a caller that adds
 * single gaps and one that adds runs must round alike.
 */
export function decodeStepUs(c0: number, c1: number, c2: number, context: number): number {
  return c0 + (c1 + c2 * context) * context;
}

export class GapHistogram {
  private readonly bins = new BinCounts();
  private total = 0;
  private least = Infinity;
  private greatest = -Infinity;

  // The monotone piece being added: step j = origin + direction · k, gaps non-decreasing in k up to
  // slack.
  private c0 = 0;
  private c1 = 0;
  private c2 = 0;
  private base = 0; // context at k = 0
  private stride = 0; // context per k, signed
  private slack = 0;

  /** Total tokens. */
  get count(): number {
    return this.total;
  }

  /** Shortest gap, µs, exact; NaN when empty. */
  get min(): number {
    return this.total === 0 ? NaN : this.least;
  }

  /** Longest gap, µs, exact; NaN when empty. */
  get max(): number {
    return this.total === 0 ? NaN : this.greatest;
  }

  /** Mean of the bins' midpoints weighted by tokens: relative error ≤ 0.1 %; NaN when empty. */
  get mean(): number {
    return this.total === 0 ? NaN : this.clamp(this.bins.midpointSum() / this.total);
  }

  /**
   * Adds one gap that `tokens` tokens saw.
   *
   * @param gapUs finite and ≥ 0
   * @param tokens integer ≥ 0
   * @throws InvariantError on other values
   */
  add(gapUs: number, tokens: number): void {
    checkGap(gapUs);
    checkTokens(tokens);
    if (tokens !== 0) this.addOne(gapUs, tokens);
  }

  /**
   * Adds the gaps of a decode run: t(j) = decodeStepUs(c0, c1, c2, ctx0 + batch·j) for the `steps`
   * steps from `firstStep`, each with `tokensPerStep` tokens; the same as `add` for every step.
   *
   * @param ctx0 total context of the batch at step 0, tokens ≥ 0
   * @param batch context that each step adds, tokens ≥ 0
   * @throws InvariantError when a gap is negative or not finite, or the tokens are no integer ≥ 0
   */
  addRun(
    c0: number,
    c1: number,
    c2: number,
    ctx0: number,
    batch: number,
    firstStep: number,
    steps: number,
    tokensPerStep: number,
  ): void {
    checkTokens(tokensPerStep);
    if (tokensPerStep === 0 || steps <= 0) return;
    this.c0 = c0;
    this.c1 = c1;
    this.c2 = c2;
    this.slack = 0;
    const context = ctx0 + batch * firstStep;
    const last = context + batch * (steps - 1);
    const rising = c1 >= 0;
    if (rising === c2 >= 0 || c1 === 0 || c2 === 0 || batch === 0) {
      // Coefficients of one sign: every operation of the expression is monotone, rounding included.
      this.addPiece(context, last, batch, steps, (c1 === 0 ? c2 : c1) >= 0, tokensPerStep);
      return;
    }
    const scale = Math.abs(c0) + (Math.abs(c1) + Math.abs(c2) * last) * last;
    this.slack = scale * SLACK_RELATIVE;
    // Steps before the vertex of the parabola, which is at context −c1 / 2·c2 > 0.
    const before = Math.ceil((-c1 / (2 * c2) - context) / batch);
    const head = Math.min(Math.max(before, 0), steps);
    const vertex = context + batch * head;
    if (head > 0) this.addPiece(context, vertex - batch, batch, head, rising, tokensPerStep);
    if (head < steps) this.addPiece(vertex, last, batch, steps - head, !rising, tokensPerStep);
  }

  /** Adds all that the other histogram holds. */
  merge(other: GapHistogram): void {
    if (other.total === 0) return;
    this.bins.merge(other.bins);
    this.total += other.total;
    this.least = Math.min(this.least, other.least);
    this.greatest = Math.max(this.greatest, other.greatest);
  }

  /**
   * Gap at rank round((count − 1)·q), halves up, over tokens: a bin's midpoint (relative error ≤
   * 0.1 % above 2^-20 µs), clamped to [min, max]; the first and last rank are exact. NaN when
   * empty.
   *
   * @param q fraction; clamped to [0, 1]
   */
  quantile(q: number): number {
    if (this.total === 0) return NaN;
    const rank = nearestRank(this.total, q);
    if (rank === 0) return this.least;
    if (rank >= this.total - 1) return this.greatest;
    return this.clamp(binMidpoint(this.bins.binAtRank(rank)));
  }

  /** The bins in use, ascending: upper edges (µs) and tokens. */
  bars(): { readonly upperUs: Float64Array; readonly tokens: Float64Array } {
    const upperUs: number[] = [];
    const tokens: number[] = [];
    this.bins.forEach((bin, weight) => {
      upperUs.push(binUpperEdge(bin));
      tokens.push(weight);
    });
    return { upperUs: Float64Array.from(upperUs), tokens: Float64Array.from(tokens) };
  }

  /** Adds the state (count, extremes, bins in order) to a digest. */
  addTo(digest: Digest): void {
    digest.addF64(this.total);
    digest.addF64(this.min);
    digest.addF64(this.max);
    this.bins.forEach((bin, weight) => {
      digest.addU32(bin);
      digest.addF64(weight);
    });
  }

  private clamp(gapUs: number): number {
    return Math.min(Math.max(gapUs, this.least), this.greatest);
  }

  private addOne(gapUs: number, tokens: number): void {
    this.bins.add(binOf(gapUs), tokens);
    this.total += tokens;
    if (gapUs < this.least) this.least = gapUs;
    if (gapUs > this.greatest) this.greatest = gapUs;
  }

  /** Adds `steps` steps on one side of the vertex, from the contexts of its first and last step. */
  private addPiece(
    from: number,
    to: number,
    batch: number,
    steps: number,
    rising: boolean,
    tokens: number,
  ): void {
    // A falling piece is walked from its end: then gaps never fall from k to k + 1, but for
    // rounding.
    this.base = rising ? from : to;
    this.stride = rising ? batch : -batch;
    const leastUs = this.gapAt(0);
    const greatestUs = this.gapAt(steps - 1);
    checkGap(leastUs);
    checkGap(greatestUs);
    this.total += steps * tokens;
    if (this.isSteep(steps)) {
      if (leastUs < this.least) this.least = leastUs;
      if (greatestUs > this.greatest) this.greatest = greatestUs;
      this.addSteep(steps, tokens, leastUs, greatestUs);
      return;
    }
    this.noteExtremes(leastUs, greatestUs, steps);
    const slack = this.slack;
    for (let k = 0; k < steps;) {
      const gapUs = this.gapAt(k);
      const bin = binOf(gapUs);
      const upper = binUpperEdge(bin);
      let end = k + 1;
      // So near an edge that a later step may round across it, steps are added one by one. Without
      // slack this never holds.
      const ambiguous = gapUs + slack >= upper || (bin > 0 && gapUs - slack < binLowerEdge(bin));
      if (!ambiguous) {
        const edge = upper - slack;
        end = greatestUs < edge ? steps : this.firstAtLeast(edge, k, steps - 1);
      }
      this.bins.add(bin, (end - k) * tokens);
      k = end;
    }
  }

  /** Whether each step of the piece is longer than the one before by more than rounding could hide. */
  private isSteep(steps: number): boolean {
    // The slope is linear in the context, so its least value is at one of the ends.
    const last = this.base + this.stride * (steps - 1);
    const atFirst = (this.c1 + 2 * this.c2 * this.base) * this.stride;
    const atLast = (this.c1 + 2 * this.c2 * last) * this.stride;
    const rounding = (this.c0 + Math.abs(this.c1 * last)) * SLACK_RELATIVE;
    const least = 8 * Math.max(this.slack, rounding);
    return atFirst > least && atLast > least;
  }

  /** A piece of strictly rising steps: from each bin the tangent leads to the next one's first step. */
  private addSteep(steps: number, tokens: number, leastUs: number, greatestUs: number): void {
    const { c0, c1, c2, base, stride, bins } = this;
    const firstBin = binOf(leastUs);
    if (firstBin === 0 || greatestUs < binUpperEdge(firstBin)) {
      this.addFlat(firstBin, steps, tokens, greatestUs);
      return;
    }
    bins.cover(firstBin, binOf(greatestUs));
    const { weights, edges } = bins;
    let i = firstBin - bins.first;
    let edgeUs = edges[i]!;
    let gapUs = leastUs;
    let start = 0;
    while (edgeUs <= greatestUs) {
      const slope = (c1 + 2 * c2 * (base + stride * start)) * stride;
      let k = Math.min(start + Math.ceil((edgeUs - gapUs) / slope), steps - 1);
      if (k <= start) k = start + 1;
      gapUs = decodeStepUs(c0, c1, c2, base + stride * k);
      // The tangent misses by the curvature and by rounding: a step or two.
      while (gapUs < edgeUs) gapUs = decodeStepUs(c0, c1, c2, base + stride * ++k);
      while (k - 1 > start) {
        const before = decodeStepUs(c0, c1, c2, base + stride * (k - 1));
        if (before < edgeUs) break;
        gapUs = before;
        k--;
      }
      weights[i]! += (k - start) * tokens;
      start = k;
      do edgeUs = edges[++i]!;
      while (gapUs >= edgeUs);
    }
    weights[i]! += (steps - start) * tokens;
  }

  /** A piece that stays in its first bin, or begins in bin 0, which has no window. */
  private addFlat(firstBin: number, steps: number, tokens: number, greatestUs: number): void {
    if (greatestUs < binUpperEdge(firstBin)) this.bins.add(firstBin, steps * tokens);
    else for (let k = 0; k < steps; k++) this.bins.add(binOf(this.gapAt(k)), tokens);
  }

  /** Shortest and longest gap of a piece whose ends are given. */
  private noteExtremes(leastUs: number, greatestUs: number, steps: number): void {
    if (leastUs < this.least) this.least = leastUs;
    if (greatestUs > this.greatest) this.greatest = greatestUs;
    const slack = this.slack;
    if (slack === 0) return;
    // Only steps within the slack of an end can lie beyond it.
    const low = leastUs + slack;
    const lowEnd = greatestUs < low ? steps : this.firstAtLeast(low, -1, steps - 1);
    for (let k = 1; k < lowEnd; k++) this.least = Math.min(this.least, this.gapAt(k));
    const highStart = this.firstAtLeast(greatestUs - slack, -1, steps - 1);
    for (let k = highStart; k < steps; k++) {
      this.greatest = Math.max(this.greatest, this.gapAt(k));
    }
  }

  private gapAt(k: number): number {
    return decodeStepUs(this.c0, this.c1, this.c2, this.base + this.stride * k);
  }

  /**
   * A step `k` with gap(k) ≥ `edgeUs` and gap(k − 1) < `edgeUs`, where `before` is known to lie
   * below the edge (or is −1) and `after` not. Starts from where the tangent crosses the edge:
   * exact for a line.
   */
  private firstAtLeast(edgeUs: number, before: number, after: number): number {
    let low = before;
    let high = after;
    const context = this.base + this.stride * low;
    const slope = (this.c1 + 2 * this.c2 * context) * this.stride;
    const guess = low + Math.ceil((edgeUs - this.gapAt(low)) / slope);
    if (guess > low && guess < high) {
      let reach = 1;
      if (this.gapAt(guess) >= edgeUs) {
        high = guess;
        while (high - reach > low && this.gapAt(high - reach) >= edgeUs) {
          high -= reach;
          reach *= 2;
        }
        low = Math.max(low, high - reach);
      } else {
        low = guess;
        while (low + reach < high && this.gapAt(low + reach) < edgeUs) {
          low += reach;
          reach *= 2;
        }
        high = Math.min(high, low + reach);
      }
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.gapAt(middle) >= edgeUs) high = middle;
      else low = middle;
    }
    return high;
  }
}

function checkGap(gapUs: number): void {
  if (!(gapUs >= 0 && gapUs < Infinity)) {
    throw new InvariantError(`gap ${gapUs} µs is not finite and ≥ 0`);
  }
}

function checkTokens(tokens: number): void {
  if (!(tokens >= 0 && Number.isInteger(tokens))) {
    throw new InvariantError(`gap weight ${tokens} is not an integer ≥ 0`);
  }
}
