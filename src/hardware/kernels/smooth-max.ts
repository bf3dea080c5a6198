import { pow } from "../../core/index.ts";

/**
 * (aᵖ + bᵖ)^(1/p): the sum for p = 1, near the larger for a large p. Two limits of a kernel (compute,
 * memory) overlap in part, and p says how well. a, b ≥ 0, p ≥ 1; never overflows.
 */
export function smoothMax(a: number, b: number, p: number): number {
  if (p === 1) return a + b;
  const high = a > b ? a : b;
  const low = a > b ? b : a;
  if (low <= 0) return high;
  return high * pow(1 + pow(low / high, p), 1 / p);
}
