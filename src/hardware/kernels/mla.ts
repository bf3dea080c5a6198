/** Multi-head latent attention: decode over the compressed cache, prefill over expanded heads. */
import type { KernelDevice } from "./kernel-device.ts";
import { smoothMax } from "./smooth-max.ts";

/**
 * t = fixed + ((F/(compute·bf16 peak))ᵖ + (bytes/(memory·HBM))ᵖ)^(1/p) + wave·B·tiles/SMs
 *   + split·√(L/1024)/max(1, B·tiles/SMs)
 */
export type MlaDecodeParams = {
  readonly compute: number;
  readonly memory: number;
  readonly fixedUs: number;
  readonly waveUs: number;
  readonly power: number;
  /** Reduction over a context that is split for want of requests. */
  readonly splitUs: number;
  /** Times `memory` with 16 heads or fewer, which other kernels serve. */
  readonly fewHeads: number;
};

export type MlaHeads = {
  readonly heads: number;
  readonly kvRank: number;
  readonly ropeDim: number;
  readonly kvBytes: number;
};

/** Heads of one tile: the absorbed kernels keep 64 query heads beside one latent tile (FlashMLA). */
const HEAD_TILE = 64;

const FEW_HEADS = 16;

/** Context of the unit of `splitUs`. */
const SPLIT_UNIT = 1024;

/** Time in µs of absorbed decode attention for `requests` of `contextTokens` each. */
export function mlaDecodeUs(
  params: MlaDecodeParams,
  at: MlaHeads,
  device: KernelDevice,
  requests: number,
  contextTokens: number,
): number {
  if (requests <= 0) return 0;
  const key = at.kvRank + at.ropeDim;
  const headTiles = Math.ceil(at.heads / HEAD_TILE);
  const heads = headTiles * HEAD_TILE;
  const flop = 2 * requests * heads * contextTokens * (key + at.kvRank);
  const bytes = requests * (contextTokens * key * at.kvBytes + 2 * at.heads * (key + at.kvRank));
  const computeUs = flop / (params.compute * device.bf16FlopPerUs);
  const memory = params.memory * (at.heads <= FEW_HEADS ? params.fewHeads : 1);
  const memoryUs = bytes / (memory * device.hbmBytesPerUs);
  const waves = (requests * headTiles) / device.sms;
  const splitUs = (params.splitUs * Math.sqrt(contextTokens / SPLIT_UNIT)) / Math.max(1, waves);
  const streamUs = smoothMax(computeUs, memoryUs, params.power);
  return params.fixedUs + streamUs + params.waveUs * waves + splitUs;
}
