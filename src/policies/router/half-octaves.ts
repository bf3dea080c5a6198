/** Bins of positive numbers whose bounds are powers of the square root of two: 2, 2.8, 4, 5.7, 8 … */

/** Natural logarithm of the width of a bin: ln 2 / 2. */
export const HALF_OCTAVE = 0.34657359027997264;

const MOST = 1 << 30;
/** 2^(i + 1/2): the upper half of an octave. */
const UPPER = Float64Array.from({ length: 30 }, (_, i) => (1 << i) * Math.SQRT2);

/** Bin of a number; below 2 the first, from 2^30 on the last, which is 60. */
export function halfOctaveOf(value: number): number {
  if (!(value >= 2)) return 0;
  if (value >= MOST) return 60;
  // Drops the fraction itself.
  const low = 31 - Math.clz32(value);
  return value >= UPPER[low]! ? 2 * low + 1 : 2 * low;
}
