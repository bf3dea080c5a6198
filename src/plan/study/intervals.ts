/** Means with confidence intervals of few samples. */

/** Two-sided 95 % quantiles of Student's t by degrees of freedom 1 … 30 (any table of the distribution). */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
] as const;
/** The normal distribution's. */
const Z95 = 1.96;

export type Interval = {
  readonly mean: number;
  /** Half the width of the 95 % interval; `null`: one sample tells nothing of it. */
  readonly half: number | null;
};

/** Mean and 95 % interval of samples taken as independent. */
export function intervalOf(samples: readonly number[]): Interval {
  const n = samples.length;
  const mean = samples.reduce((sum, one) => sum + one, 0) / n;
  if (n < 2) return { mean, half: null };
  const squares = samples.reduce((sum, one) => sum + (one - mean) * (one - mean), 0);
  const t = T95[n - 2] ?? Z95;
  return { mean, half: t * Math.sqrt(squares / (n - 1) / n) };
}

/** The interval of a − b, where both saw the same traffic sample by sample. */
export function pairedDifference(a: readonly number[], b: readonly number[]): Interval {
  return intervalOf(a.map((value, i) => value - b[i]!));
}
