/**
 * Mean contexts between which a decode step's time is a straight line.
 *
 * Kernel times bend little with context: knots at every power of two and half-way between keep the
 * chord within 0.1 % of the curve, and windows of attention (powers of two) fall on knots. Between
 * knots the step is affine in the batch's total context, which makes decode runs exact.
 */

/** 0, 2, 3, 4, 6, 8, 12 … 3·2²⁰: the last is beyond every model's context. */
export const KNOTS: Float64Array = Float64Array.from({ length: 43 }, (_, i) =>
  i === 0 ? 0 : (i % 2 === 1 ? 2 : 3) * (1 << ((i - 1) >> 1)),
);

/** Index i of the segment KNOTS[i] ≤ mean < KNOTS[i + 1]; the last one is unbounded. */
export function segmentOf(requests: number, contextTokens: number): number {
  const last = KNOTS.length - 2;
  const mean = contextTokens / requests;
  if (mean < 2) return 0;
  if (mean >= KNOTS[last]!) return last;
  const octave = 31 - Math.clz32(mean);
  let index = 2 * octave - 1;
  if (contextTokens >= KNOTS[index + 1]! * requests) index++;
  return index;
}

/** Number of segments. */
export const SEGMENTS = KNOTS.length - 1;

/**
 * Times in µs for one batch size as a line in total context for each segment i: c0 at 2·i, c1 at 2·i + 1. Side by side, since
 * whoever reads one reads the other.
 */
export type Segments = Float64Array;

/** Lines through neighbouring knots, in the total context of `requests`. */
export function segmentsOf(values: Float64Array, requests: number): Segments {
  const lines = new Float64Array(2 * SEGMENTS);
  for (let i = 0; i < SEGMENTS; i++) {
    const left = KNOTS[i]! * requests;
    const slope = (values[i + 1]! - values[i]!) / (KNOTS[i + 1]! * requests - left);
    lines[2 * i] = values[i]! - slope * left;
    lines[2 * i + 1] = slope;
  }
  return lines;
}
