/** Summaries of samples of numbers, as the trace statistics need them. */

export type Numbers = Float64Array | Uint32Array;

/**
 * The q-quantile of an ascending sample, linearly interpolated between order statistics at rank
 * (n−1)·q; NaN when empty.
 */
export function quantileSorted(sorted: Numbers, q: number): number {
  const n = sorted.length;
  if (n === 0) return NaN;
  const rank = (n - 1) * q;
  const low = Math.floor(rank);
  const a = sorted[low]!;
  const b = sorted[Math.min(low + 1, n - 1)]!;
  return a + (b - a) * (rank - low);
}

/** Mean and population standard deviation; NaN when empty. */
export function moments(sample: Numbers): { readonly mean: number; readonly sd: number } {
  const n = sample.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += sample[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (sample[i]! - mean) * (sample[i]! - mean);
  return { mean, sd: Math.sqrt(squares / n) };
}

/** Spearman's rank correlation with ties at their mean rank; NaN when either sample is constant. */
export function spearman(a: Uint32Array, b: Uint32Array): number {
  const ranksA = meanRanks(a);
  const ranksB = meanRanks(b);
  const n = a.length;
  const middle = (n + 1) / 2;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < n; i++) {
    const x = ranksA[i]! - middle;
    const y = ranksB[i]! - middle;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Rank of each value, 1-based, ties at the mean of their ranks. */
function meanRanks(sample: Uint32Array): Float64Array {
  const sorted = sample.slice().sort();
  const ranks = new Float64Array(sample.length);
  for (let i = 0; i < sample.length; i++) {
    const value = sample[i]!;
    ranks[i] = (lowerBound(sorted, value) + 1 + lowerBound(sorted, value + 1)) / 2;
  }
  return ranks;
}

/** Index of the first element ≥ value of an ascending sample. */
export function lowerBound(sorted: Numbers, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A finite number as itself, anything else as null: JSON has no NaN. */
export function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Weighted values, for quantiles where many blocks share one value. */
export class WeightedSample {
  private values = new Float64Array(1024);
  private weights = new Float64Array(1024);
  private size = 0;

  add(value: number, weight: number): void {
    if (this.size === this.values.length) {
      this.values = grown(this.values);
      this.weights = grown(this.weights);
    }
    this.values[this.size] = value;
    this.weights[this.size++] = weight;
  }

  /** The smallest value with at least the share q of the weight at or below it, for each q. */
  quantiles(levels: readonly number[]): number[] {
    const order = new Uint32Array(this.size);
    for (let i = 0; i < this.size; i++) order[i] = i;
    const values = this.values;
    order.sort((a, b) => values[a]! - values[b]!);
    let total = 0;
    for (let i = 0; i < this.size; i++) total += this.weights[i]!;
    return levels.map((q) => {
      let below = 0;
      for (const at of order) {
        below += this.weights[at]!;
        if (below >= q * total) return values[at]!;
      }
      return NaN;
    });
  }
}

function grown(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const next = new Float64Array(array.length * 2);
  next.set(array);
  return next;
}
