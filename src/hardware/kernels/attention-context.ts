/** Attention of new prompt tokens over their past and one another. */
import type { KernelDevice } from "./kernel-device.ts";

/**
 * t = fixed + F/(compute·bf16 peak·occupancy) + bytes/(memory·HBM), where F counts whole tiles on the
 * causal diagonal: `diagonal` tiles of 128 keys more a query tile than the triangle holds.
 */
export type ContextAttentionParams = {
  readonly compute: number;
  readonly memory: number;
  readonly fixedUs: number;
  readonly diagonal: number;
};

/** Query rows of one tile (FlashAttention 2 and later, head dimension 128). */
const TILE = 128;

/** One step's prefill attention in one layer, on one rank. */
export type ContextAttentionShape = {
  readonly requests: number;
  readonly newTokens: number;
  readonly pastTokens: number;
  /** Σ new·(past + new/2). */
  readonly pairs: number;
};

export type AttentionHeads = {
  readonly heads: number;
  readonly kvHeads: number;
  /** Query and key width of a head, and value width. */
  readonly keyDim: number;
  readonly valueDim: number;
  readonly kvBytes: number;
};

/** Time in µs. `throttle` stretches the compute part. */
export function contextAttentionUs(
  params: ContextAttentionParams,
  at: AttentionHeads,
  device: KernelDevice,
  shape: ContextAttentionShape,
  throttle: number,
): number {
  const { requests, newTokens } = shape;
  if (requests <= 0) return 0;
  const tiles = Math.ceil(newTokens / requests / TILE) * requests;
  const pairs = shape.pairs + (tiles * TILE * TILE * params.diagonal) / 2;
  const flop = 2 * at.heads * (at.keyDim + at.valueDim) * pairs;
  const occupancy = Math.min(1, (at.heads * tiles) / device.sms);
  const width = at.keyDim + at.valueDim;
  const bytes =
    2 * newTokens * at.heads * width +
    at.kvBytes * at.kvHeads * width * (newTokens + shape.pastTokens);
  return (
    params.fixedUs +
    (flop / (params.compute * device.bf16FlopPerUs * occupancy)) * throttle +
    bytes / (params.memory * device.hbmBytesPerUs)
  );
}
