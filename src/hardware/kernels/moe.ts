/** Routed experts: one fused kernel for routing, both projections and the weighted sum. */
import { pow } from "../../core/index.ts";
import type { ComputeFormat, KernelDevice } from "./kernel-device.ts";
import { flopPerUs } from "./kernel-device.ts";
import { smoothMax } from "./smooth-max.ts";

/**
 * t = fixed + expert·local + ((F/(compute·peak))ᵖ + (weights/(memory·HBM))ᵖ)^(1/p) + rows/(stream·HBM),
 * where F counts `pad` rows more for every active expert: its last tile is partly empty; and both
 * efficiencies fall with the width of an expert on the rank: × inter/(inter + narrow).
 */
export type MoeParams = {
  readonly compute: number;
  readonly memory: number;
  readonly fixedUs: number;
  readonly stream: number;
  readonly power: number;
  readonly pad: number;
  /** Cost of an expert of the rank, whether tokens reach it or not. */
  readonly expertUs: number;
  /** Inner width at which experts are half as efficient as wide ones. */
  readonly narrow: number;
  /** Part of the rows of other ranks' experts that the kernel works on all the same. */
  readonly leak: number;
};

export type MoeShape = {
  readonly hidden: number;
  /** Inner width of an expert on this rank: after tensor parallel splitting. */
  readonly inter: number;
  readonly matrices: number;
  readonly topK: number;
  /** Experts of the whole model, and those on this rank. */
  readonly experts: number;
  readonly localExperts: number;
  readonly weightBytes: number;
  readonly compute: ComputeFormat;
};

/** Experts of a rank that `tokens` reach when all tokens choose the least used ones in turn. */
export function balancedExperts(shape: MoeShape, tokens: number): number {
  return Math.min(
    shape.localExperts,
    Math.max(1, (tokens * shape.topK * shape.localExperts) / shape.experts),
  );
}

/** Expected experts of a rank that `tokens` independent choices of topK out of all reach. */
export function randomExperts(shape: MoeShape, tokens: number): number {
  const miss = pow(1 - shape.topK / shape.experts, tokens);
  return shape.localExperts * (1 - miss);
}

/** Time in µs of `rows` (token, expert) pairs on this rank, over `active` of its experts. */
export function moeUs(
  params: MoeParams,
  shape: MoeShape,
  device: KernelDevice,
  rows: number,
  active: number,
  throttle: number,
): number {
  const others = shape.experts / shape.localExperts - 1;
  const worked = rows * (1 + params.leak * others);
  const weights = shape.matrices * shape.hidden * shape.inter;
  const flop = 2 * weights * (worked + params.pad * active);
  const width = shape.inter / (shape.inter + params.narrow);
  const peak = flopPerUs(device, shape.compute) * params.compute * width;
  const memoryUs =
    (weights * shape.weightBytes * active) / (params.memory * width * device.hbmBytesPerUs);
  // Rows in and out in bf16, gathered and scattered, and the activations between the projections.
  const bytes = worked * (4 * shape.hidden + 6 * shape.inter);
  const streamUs = bytes / (params.stream * device.hbmBytesPerUs);
  const fixedUs = params.fixedUs + params.expertUs * shape.localExperts;
  return fixedUs + smoothMax((flop / peak) * throttle, memoryUs, params.power) + streamUs;
}

/**
 * Mean over layers of the busiest rank's load over the mean load. Layers route independently, so a
 * step sees the expectation of the maximum rather than one layer's draw: `skew` is the lasting
 * imbalance of rank loads (standard deviation over mean), to which the scatter of a finite batch is
 * added. The expected maximum of n normal draws is taken as √(2 ln n)-like values, tabulated.
 */
export function imbalance(ranks: number, rowsPerRank: number, skew: number): number {
  if (ranks <= 1 || rowsPerRank <= 0) return 1;
  const scatter = Math.sqrt(skew * skew + 1 / rowsPerRank);
  return 1 + scatter * expectedMaximum(ranks);
}

/** Expected maximum of 2, 4, 8 … standard normal draws (Harter 1961, rounded to three digits). */
const NORMAL_MAXIMA = [0, 0.564, 1.029, 1.424, 1.766, 2.07, 2.344, 2.594, 2.825];

function expectedMaximum(draws: number): number {
  const level = 31 - Math.clz32(draws);
  const low = NORMAL_MAXIMA[Math.min(level, NORMAL_MAXIMA.length - 1)] ?? 0;
  const high = NORMAL_MAXIMA[Math.min(level + 1, NORMAL_MAXIMA.length - 1)] ?? low;
  const base = 1 << level;
  return low + ((high - low) * (draws - base)) / base;
}
