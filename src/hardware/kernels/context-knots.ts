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

/** Times in µs at the knots for one batch size: c0 and c1 of each segment. */
export type Segments = { readonly c0: Float64Array; readonly c1: Float64Array };

/** Lines through neighbouring knots, in the total context of `requests`. */
export function segmentsOf(values: Float64Array, requests: number): Segments {
  const count = KNOTS.length - 1;
  const c0 = new Float64Array(count);
  const c1 = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const left = KNOTS[i]! * requests;
    const slope = (values[i + 1]! - values[i]!) / (KNOTS[i + 1]! * requests - left);
    c1[i] = slope;
    c0[i] = values[i]! - slope * left;
  }
  return { c0, c1 };
}
