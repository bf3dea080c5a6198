/**
 * Quantiles of a stream of non-negative values: exact while few, within 0.1 % when many, mergeable.
 */
import type { Digest } from "./digest.ts";
import { binMidpoint, BinCounts, binOf } from "./log-bins.ts";
import { InvariantError } from "./result.ts";

const EXACT_LIMIT = 65_536; // assumption: half a MiB at most per sketch, and a sort of a few ms
const VALUES_MIN = 64;

/**
 * Keeps the values themselves up to `exactLimit` of them; beyond it, or once a value of another
 * weight than 1 comes, counts them in log-linear bins (see log-bins.ts). Quantiles are
 * nearest-rank: the value at 0-based rank round((n − 1)·q), halves rounded up, where n is the total
 * weight. Binned, they are midpoints of bins, clamped to [min, max]: relative error ≤ 0.1 % for
 * values ≥ 2^-20, and the first and last rank exact.
 *
 * Reading never changes what a later reading or `addTo` gives, and neither does the order of
 * additions, except for the rounding of `sum` (exact for integers below 2^53).
 */
export class QuantileSketch {
  private readonly exactLimit: number;
  private values: Float64Array | undefined;
  private valueCount = 0;
  private sorted = true;
  private bins: BinCounts | undefined;
  private total = 0;
  private weightedSum = 0;
  private least = Infinity;
  private greatest = -Infinity;

  /** @param options.exactLimit number of values to keep before binning; default 65,536 */
  constructor(options: { readonly exactLimit?: number } = {}) {
    this.exactLimit = options.exactLimit ?? EXACT_LIMIT;
  }

  /** Total weight. */
  get count(): number {
    return this.total;
  }

  /** Σ value · weight, from the values themselves, not from bins. */
  get sum(): number {
    return this.weightedSum;
  }

  /** NaN when empty. */
  get mean(): number {
    return this.weightedSum / this.total;
  }

  /** NaN when empty. */
  get min(): number {
    return this.total === 0 ? NaN : this.least;
  }

  /** NaN when empty. */
  get max(): number {
    return this.total === 0 ? NaN : this.greatest;
  }

  /** Whether quantiles are exact values. */
  get exact(): boolean {
    return this.bins === undefined;
  }

  /**
   * Adds a value, `weight` times.
   *
   * @param value finite and ≥ 0, in any unit
   * @param weight integer ≥ 0; any other than 1 (and 0, which adds nothing) ends exact mode
   * @throws InvariantError on a value that is negative, NaN or infinite, or such a weight
   */
  add(value: number, weight = 1): void {
    if (!(value >= 0 && value < Infinity)) {
      throw new InvariantError(`sketch value ${value} is not finite and ≥ 0`);
    }
    if (weight !== 1) {
      if (!(weight >= 0 && Number.isInteger(weight))) {
        throw new InvariantError(`sketch weight ${weight} is not an integer ≥ 0`);
      }
      if (weight === 0) return;
    }
    const bins = this.bins;
    if (bins !== undefined) bins.add(binOf(value), weight);
    else if (weight === 1 && this.valueCount < this.exactLimit) this.keep(value);
    else this.toBins().add(binOf(value), weight);
    this.total += weight;
    this.weightedSum += value * weight;
    if (value < this.least) this.least = value;
    if (value > this.greatest) this.greatest = value;
  }

  /** Adds everything the other sketch holds; stays exact when both are and the limit allows. */
  merge(other: QuantileSketch): void {
    if (other.total === 0) return;
    const count = other.valueCount;
    const { values, bins } = other;
    if (bins !== undefined) {
      this.toBins().merge(bins);
    } else if (this.bins === undefined && this.valueCount + count <= this.exactLimit) {
      for (let i = 0; i < count; i++) this.keep(values![i]!);
    } else {
      const mine = this.toBins();
      for (let i = 0; i < count; i++) mine.add(binOf(values![i]!), 1);
    }
    this.total += other.total;
    this.weightedSum += other.weightedSum;
    this.least = Math.min(this.least, other.least);
    this.greatest = Math.max(this.greatest, other.greatest);
  }

  /**
   * The value at rank round((count − 1)·q), halves up; NaN when empty.
   *
   * @param q fraction; clamped to [0, 1]
   */
  quantile(q: number): number {
    if (this.total === 0) return NaN;
    const rank = nearestRank(this.total, q);
    if (this.bins === undefined) return this.sortedValues()[rank]!;
    if (rank === 0) return this.least;
    if (rank >= this.total - 1) return this.greatest;
    const middle = binMidpoint(this.bins.binAtRank(rank));
    return Math.min(Math.max(middle, this.least), this.greatest);
  }

  /** Adds the state (counts, sum, extremes, values or bins in order) to a digest. */
  addTo(digest: Digest): void {
    digest.addF64(this.total);
    digest.addF64(this.weightedSum);
    digest.addF64(this.min);
    digest.addF64(this.max);
    if (this.bins === undefined) {
      const values = this.sortedValues();
      for (let i = 0; i < values.length; i++) digest.addF64(values[i]!);
      return;
    }
    this.bins.forEach((bin, weight) => {
      digest.addU32(bin);
      digest.addF64(weight);
    });
  }

  private keep(value: number): void {
    let values = this.values;
    if (values === undefined || this.valueCount === values.length) {
      const room = Math.min(Math.max(VALUES_MIN, 2 * this.valueCount), this.exactLimit);
      const grown = new Float64Array(room);
      if (values !== undefined) grown.set(values);
      this.values = values = grown;
    }
    values[this.valueCount++] = value + 0; // −0 becomes 0
    this.sorted = false;
  }

  private sortedValues(): Float64Array {
    const values = (this.values ?? new Float64Array(0)).subarray(0, this.valueCount);
    if (!this.sorted) values.sort();
    this.sorted = true;
    return values;
  }

  private toBins(): BinCounts {
    if (this.bins !== undefined) return this.bins;
    const bins = new BinCounts();
    for (let i = 0; i < this.valueCount; i++) bins.add(binOf(this.values![i]!), 1);
    this.bins = bins;
    this.values = undefined;
    this.valueCount = 0;
    return bins;
  }
}

/** Rank round((n − 1)·q), halves up, with q clamped to [0, 1]. */
export function nearestRank(n: number, q: number): number {
  return Math.round((n - 1) * Math.min(Math.max(q, 0), 1));
}
