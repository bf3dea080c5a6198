/** Routed experts: one fused kernel for routing, both projections and the weighted sum. */
import { pow } from "../../core/index.ts";
import type { ExpertPlacement } from "./expert-slots.ts";
import type { GroupChoice } from "../model-card.ts";
import { crowdingVariance } from "./group-choice.ts";
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
  /** Experts of the whole model, and those on this rank, copies among them. */
  readonly experts: number;
  readonly localExperts: number;
  readonly choice?: GroupChoice;
  /** Copies and places of experts; absent: one of each, ranks filled in turn. */
  readonly placement?: ExpertPlacement;
  readonly weightBytes: number;
  readonly compute: ComputeFormat;
  /** What the power cap leaves, FLOP/µs. */
  readonly flopPerUsMax?: number;
};

/** Experts of a rank that `tokens` reach when all tokens choose the least used ones in turn. */
export function balancedExperts(shape: MoeShape, tokens: number): number {
  return Math.min(
    shape.localExperts,
    Math.max(1, (tokens * shape.topK * shape.localExperts) / shape.experts),
  );
}

/**
 * Lasting differences in the popularity of experts: standard deviation over mean when a layer has 256
 * of them. The wider an expert, the more topics it averages: with n experts (and for a rank that holds
 * one n-th of them) it is √(n ÷ 256) times as large. With this value the gamma law of `reachedExperts`
 * reaches about as many experts as the "power law 1.2" rows of the tables do: of gpt-oss's 128 experts
 * 45, 59 and 97 with 16, 32 and 64 tokens (from their time over that of balanced rows; 48, 74 and 101
 * here); AIConfigurator chose that law because its latencies match whole models (kernel notes §3.8).
 * Assumption: the root, and the 256 it starts from. Both were taken after runs of Llama 4 Scout (vLLM, open
 * loop) and of DeepSeek-R1 were seen to fit worse with one spread for all: those runs do not test it.
 */
const POPULARITY_SKEW = 0.8;
const POPULARITY_EXPERTS = 256;

/** Variance of the popularity of a layer's experts, over the mean squared. */
export function popularityVariance(experts: number): number {
  return (POPULARITY_SKEW * POPULARITY_SKEW * experts) / POPULARITY_EXPERTS;
}

/**
 * Expected experts of a rank that `tokens` choices of topK out of all reach. The first token reaches
 * topK different ones; x further choices for each expert leave out E[exp(−w·x)] = (1 + s²·x)^(−1/s²) of
 * the rest when popularity w follows a gamma law.
 */
export function reachedExperts(shape: MoeShape, tokens: number): number {
  if (tokens <= 0) return 0;
  const chosen = shape.topK / (shape.placement?.drawn ?? shape.experts);
  const variance = shape.placement?.variance ?? popularityVariance(shape.experts);
  const further = 1 + variance * chosen * Math.max(0, tokens - 1);
  const missed = (1 - chosen) * pow(further, -1 / variance);
  return shape.localExperts * (1 - missed);
}

/**
 * Experts that `tokens` reach on the fullest of the ranks. Every layer ends when its last rank does, and
 * ranks draw their experts anew in each layer, so a step sees the expected maximum over ranks: with
 * few tokens it is the number of experts to stream, not of rows, that differs between ranks.
 */
export function busiestExperts(shape: MoeShape, tokens: number): number {
  const { experts, localExperts, placement } = shape;
  const mean = reachedExperts(shape, tokens);
  const ranks = placement?.ranks ?? Math.round(experts / localExperts);
  if (ranks <= 1) return mean;
  // Each expert is reached or not; all ranks together are reached by a fixed number of choices.
  const free = 1 - mean / localExperts;
  const choices =
    shape.choice === undefined
      ? 0
      : tokens * crowdingVariance({ ...shape, choice: shape.choice }, ranks);
  // Of choices more than the mean, the part reaches a new expert that is free yet.
  const spread = Math.sqrt(mean * free * (1 - 1 / ranks) + choices * free * free);
  return Math.min(localExperts, mean + spread * expectedMaximum(ranks));
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
  const others = (shape.placement?.slots ?? shape.experts) / shape.localExperts - 1;
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
  const { flopPerUsMax } = shape;
  // Tile rows that are empty switch little.
  const cappedUs = flopPerUsMax === undefined ? 0 : (2 * weights * worked) / flopPerUsMax;
  const busyUs = smoothMax((flop / peak) * throttle, memoryUs, params.power);
  return fixedUs + Math.max(busyUs, cappedUs) + streamUs;
}

/**
 * Mean over layers of the busiest rank's load over the mean load. Layers route independently, so a
 * step sees the expectation of the maximum rather than one layer's draw: the spread of the popularity
 * of a rank's experts together, to which the scatter of a finite batch is added. The expected maximum
 * of n normal draws is taken as √(2 ln n)-like values, tabulated. A placement says which ranks may be the
 * busiest, and how far their loads are known beforehand.
 */
export function imbalance(ranks: number, rowsPerRank: number, placement?: ExpertPlacement): number {
  if (ranks <= 1 || rowsPerRank <= 0) return 1;
  const skew = placement?.skew ?? POPULARITY_SKEW * Math.sqrt(ranks / POPULARITY_EXPERTS);
  const scatter = Math.sqrt(skew * skew + 1 / rowsPerRank);
  return (placement?.load ?? 1) * (1 + scatter * expectedMaximum(placement?.ranks ?? ranks));
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
