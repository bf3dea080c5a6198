/** Step times for the laws against naive engines. */

import fc from "fast-check";

/**
 * Coefficients whose sums float64 holds exactly, so that adding step by step and the closed form of a run cannot differ
 * in the last bit; halves and eighths of a microsecond test the rounding.
 */
export const stepTimes = fc.oneof(
  fc.record({
    type: fc.constant("fixed" as const),
    prefill_ms: fc.constantFrom(0.5, 20, 0.0625),
    decode_ms: fc.constantFrom(0.0625, 1, 7.25),
    mixed: fc.constantFrom("sum" as const, "fused" as const),
  }),
  fc.record({
    type: fc.constant("linear" as const),
    base_us: fc.constantFrom(1, 900.5, 8000),
    prefill_fixed_us: fc.constantFrom(0, 1000),
    token_us: fc.constantFrom(0, 0.375, 40),
    pair_us: fc.constantFrom(0, 1 / 512),
    decode_request_us: fc.constantFrom(0, 3.25),
    decode_context_us: fc.constantFrom(0, 1 / 16, 1.625),
  }),
);
