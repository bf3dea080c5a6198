/**
 * Log-linear bins: every power of two is cut into 512 bins of equal width, read directly from the
 * top bits of the float64 (exponent and 9 mantissa bits). No logarithm, so all engines agree.
 *
 * A bin is at most 2^-9 of its lower edge wide, so its midpoint is within 2^-10 < 0.1 % of every
 * value in it. Values below 2^-20 (a millionth of the unit, zero included) share bin 0.
 */
import { InvariantError } from "./result.ts";

const MANTISSA_BITS = 9;
const HIGH_SHIFT = 20 - MANTISSA_BITS; // the high word of a float64 holds 20 mantissa bits
const FLOOR_EXPONENT = -20;
const FLOOR = 1 / (1 << -FLOOR_EXPONENT);
const BIAS = 1023; // IEEE 754 binary64
/** Top bits of `FLOOR`, less one, because bin 0 lies below the floor. */
const OFFSET = ((BIAS + FLOOR_EXPONENT) << MANTISSA_BITS) - 1;
const HALF_BIN = 1 << (HIGH_SHIFT - 1);

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);
f64[0] = 1; // 0x3ff00000_00000000: the word that is not zero is the high one
const HIGH = u32[0] === 0 ? 1 : 0;
const LOW = 1 - HIGH;

/** Stated bound of the relative error of a value read back from its bin (values ≥ 2^-20). */
export const BIN_RELATIVE_ERROR = 0.001;

/**
 * Bin of a finite value; values below 2^-20, negative ones included, are in bin 0. Non-decreasing.
 */
export function binOf(value: number): number {
  if (!(value >= FLOOR)) return 0;
  f64[0] = value;
  return (u32[HIGH]! >>> HIGH_SHIFT) - OFFSET;
}

/** The smallest value above the bin: `binOf(x) > bin` exactly when `x >= binUpperEdge(bin)`. */
export function binUpperEdge(bin: number): number {
  return edge(bin + 1 + OFFSET, 0);
}

/** The smallest value of the bin. */
export function binLowerEdge(bin: number): number {
  return bin === 0 ? 0 : edge(bin + OFFSET, 0);
}

/** The value that stands for the bin: its midpoint; 0 for bin 0. */
export function binMidpoint(bin: number): number {
  return bin === 0 ? 0 : edge(bin + OFFSET, HALF_BIN);
}

function edge(topBits: number, below: number): number {
  u32[LOW] = 0;
  u32[HIGH] = (topBits << HIGH_SHIFT) | below;
  return f64[0]!;
}

// Assumption: an eighth of an octave of room, so that drift seldom reallocates.
const GROWTH_MARGIN = 64;

/**
 * Weights by bin in a dense window that grows to the bins in use. Weights are integers below 2^53.
 */
export class BinCounts {
  /** Weight of bin `first + i`; read it in place, and again after any `add`. */
  weights = new Float64Array(0);
  /** Upper edge of bin `first + i`, so that a walk over bins need not compute them. */
  edges = new Float64Array(0);
  first = 0;
  /** Bin 0 apart: zeros are common, and a window from 0 to the others would be mostly empty. */
  floorWeight = 0;

  add(bin: number, weight: number): void {
    if (bin === 0) {
      this.floorWeight += weight;
      return;
    }
    const at = bin - this.first;
    if (at < 0 || at >= this.weights.length) {
      this.cover(bin, bin);
      this.weights[bin - this.first]! += weight;
    } else {
      this.weights[at]! += weight;
    }
  }

  merge(other: BinCounts): void {
    this.floorWeight += other.floorWeight;
    const length = other.weights.length;
    if (length === 0) return;
    this.cover(other.first, other.first + length - 1);
    const shift = other.first - this.first;
    for (let i = 0; i < length; i++) this.weights[shift + i]! += other.weights[i]!;
  }

  /**
   * Bin of the item at a rank (0-based) when all weight is laid out in order of value.
   *
   * @throws InvariantError when the rank is not below the total weight
   */
  binAtRank(rank: number): number {
    let seen = this.floorWeight;
    if (rank < seen) return 0;
    const weights = this.weights;
    for (let i = 0; i < weights.length; i++) {
      seen += weights[i]!;
      if (rank < seen) return this.first + i;
    }
    throw new InvariantError(`rank ${rank} is not below the total weight ${seen}`);
  }

  /** Σ weight · midpoint, summed in order of the bins: a function of the weights alone. */
  midpointSum(): number {
    let sum = 0;
    const weights = this.weights;
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!;
      if (weight !== 0) sum += weight * binMidpoint(this.first + i);
    }
    return sum;
  }

  /** Calls back with each bin of non-zero weight, ascending. */
  forEach(visit: (bin: number, weight: number) => void): void {
    if (this.floorWeight !== 0) visit(0, this.floorWeight);
    const weights = this.weights;
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!;
      if (weight !== 0) visit(this.first + i, weight);
    }
  }

  /** Widens the window to hold bins `from` ≥ 1 to `to`. */
  cover(from: number, to: number): void {
    const length = this.weights.length;
    if (length === 0) {
      this.first = Math.max(1, from - GROWTH_MARGIN);
      this.weights = new Float64Array(to + GROWTH_MARGIN + 1 - this.first);
      this.fillEdges();
      return;
    }
    const last = this.first + length - 1;
    if (from >= this.first && to <= last) return;
    const first = from < this.first ? Math.max(1, from - GROWTH_MARGIN) : this.first;
    const weights = new Float64Array((to > last ? to + GROWTH_MARGIN : last) + 1 - first);
    weights.set(this.weights, this.first - first);
    this.weights = weights;
    this.first = first;
    this.fillEdges();
  }

  private fillEdges(): void {
    this.edges = new Float64Array(this.weights.length);
    for (let i = 0; i < this.edges.length; i++) this.edges[i] = binUpperEdge(this.first + i);
  }
}
