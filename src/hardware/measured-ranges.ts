/**
 * The domain that each kind of kernel was measured on, as the parameter file records it. Beyond it the closed forms are
 * extrapolated.
 */

import type { KernelDomain } from "./kernels/kernel-params.ts";
import type { Attention, Ffn, ModelCard } from "./model-card.ts";

/** What a run can have more of than was measured. */
export type MeasuredQuantity =
  "stepTokens" | "expertTokens" | "promptTokens" | "decodeRequests" | "contextTokens";

/** Most of a quantity that kernels of a kind were measured with. */
export type MeasuredRange = {
  readonly kernels: string;
  readonly quantity: MeasuredQuantity;
  readonly most: number;
};

type Place = readonly [section: keyof KernelDomain, column: string];

/** The limits that matter for a model, one for each kind of kernel; none where nothing was recorded. */
export function measuredRanges(
  domain: KernelDomain,
  { groups }: ModelCard,
): readonly MeasuredRange[] {
  const found: MeasuredRange[] = [];
  // A context reaches one token beyond those that are in the cache.
  const add = (
    kernels: string,
    quantity: MeasuredQuantity,
    [section, column]: Place,
    beyond = 0,
  ): void => {
    const range = domain[section]?.[column];
    if (range !== undefined) found.push({ kernels, quantity, most: range[1] + beyond });
  };
  add("matrix products", "stepTokens", ["gemm", "m"]);
  if (groups.some(({ ffn }) => ffn.kind === "moe")) {
    add("experts", "expertTokens", ["moe", "tokens"]);
  }
  if (groups.some(({ attention }) => attention.kind === "gqa")) {
    add("prompt attention", "promptTokens", ["contextAttention", "isl"]);
    add("decode attention", "decodeRequests", ["decodeAttention", "batch_size"]);
    add("decode attention", "contextTokens", ["decodeAttention", "kv_len"]);
  }
  if (groups.some(({ attention }) => attention.kind === "mla")) {
    add("prompt latent attention", "promptTokens", ["contextMla", "isl"]);
    add("decode latent attention", "decodeRequests", ["decodeMla", "batch_size"]);
    add("decode latent attention", "contextTokens", ["decodeMla", "step"], 1);
  }
  return found;
}

/** Shapes of one group of layers that lie outside those measured, in words. */
export function shapesBeyond(
  domain: KernelDomain,
  hidden: number,
  attention: Attention,
  ffn: Ffn,
): readonly string[] {
  const isWithin = (value: number, [section, column]: Place): boolean => {
    const range = domain[section]?.[column];
    return range === undefined || (value >= range[0] && value <= range[1]);
  };
  const found: string[] = [];
  if (attention.kind === "gqa" && !isWithin(attention.headDim, ["decodeAttention", "head_dim"])) {
    found.push(`attention heads of ${attention.headDim}`);
  }
  if (ffn.kind === "dense") return found;
  const { experts, topK, inter } = ffn;
  const isMeasured =
    isWithin(hidden, ["moe", "hidden"]) &&
    isWithin(inter, ["moe", "inter"]) &&
    isWithin(topK, ["moe", "topk"]) &&
    isWithin(experts, ["moe", "experts"]);
  if (!isMeasured) found.push(`experts of ${hidden} × ${inter}, ${topK} of ${experts}`);
  return found;
}
