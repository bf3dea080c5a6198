/**
 * Attention of models with an indexer (DeepSeek V3.2, GLM-5). Prompts no longer than what a
 * query reads are dense, like those of other latent attention; longer ones run absorbed, every query over
 * `topK` cached latents, with the rank's heads padded to the kernel's.
 *
 * Source: SGLang nsa_backend.py, set_nsa_prefill_impl (dense up to index_topk on Hopper and Blackwell) and the
 * padding before flash_mla_sparse_fwd (64 heads on Hopper, 128 on Blackwell); looked up after prompts of
 * 8,000 tokens of GLM-5 on eight H200s came out 560 ms too quick, those of 1,000 by 120 ms, and decode steps by
 * 2 to 3 ms: those rows do not test it. The rates are
 * kernels' on H800 (alibaba/InferSim bench_data/dsa, Apache-2.0): 4,096 queries of 128 heads in 3.6 to 3.8 ms
 * whatever the context, and scores of the indexer at 0.50 to 0.59 of the fp8 peak.
 */
import type { MlaAttention } from "../model-card.ts";
import type { ContextAttentionShape } from "./attention-context.ts";
import type { KernelDevice } from "./kernel-device.ts";
import { flopPerUs } from "./kernel-device.ts";

/** Part of the bf16 peak that the sparse kernel reaches, and of the fp8 peak that scoring does. */
const SPARSE_COMPUTE = 0.64;
const SCORE_COMPUTE = 0.56;

/** Heads of one tile of the kernel, on Hopper and on Blackwell. */
const HEAD_TILES = { hopper: 64, blackwell: 128 };

/**
 * Small kernels of the indexer in a decode step, its projections aside: rotary embedding, queries and keys put
 * together again, Hadamard transform, quantisation, two scalings of the weights, scores, top-k (SGLang
 * nsa_indexer.py; what it does to keys at the same time on another stream is not counted).
 */
export const INDEXER_KERNELS = 9;

/** Whether the prompts of a step read chosen tokens only: their mean context is longer than that. */
export function isSparse({ index }: MlaAttention, shape: ContextAttentionShape): boolean {
  return index !== undefined && shape.newTokens + shape.pastTokens > shape.requests * index.topK;
}

/** Time in µs of scoring every key of the prompts' contexts in one layer, on each rank. */
export function indexScoresUs(
  { index }: MlaAttention,
  device: KernelDevice,
  pairs: number,
): number {
  if (index === undefined) return 0;
  const flop = 2 * index.heads * index.dim * pairs;
  return flop / (SCORE_COMPUTE * flopPerUs(device, "fp8"));
}

/** Time in µs of one layer's sparse attention of `newTokens` for a rank with `heads` heads. */
export function sparsePrefillUs(
  { index, kvRank, ropeDim }: MlaAttention,
  device: KernelDevice,
  heads: number,
  newTokens: number,
): number {
  // Blackwell is what computes in 4 bits.
  const tile = HEAD_TILES[device.fp4FlopPerUs > 0 ? "blackwell" : "hopper"];
  const padded = Math.ceil(heads / tile) * tile;
  const flop = 2 * padded * newTokens * (index?.topK ?? 0) * (2 * kvRank + ropeDim);
  return flop / (SPARSE_COMPUTE * device.bf16FlopPerUs);
}
