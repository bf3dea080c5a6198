/** Attention of one new token a request over its whole context. */
import type { AttentionHeads } from "./attention-context.ts";
import type { KernelDevice } from "./kernel-device.ts";
import { smoothMax } from "./smooth-max.ts";

/**
 * t = fixed + (sᵖ + (wave·B·kv/SMs)ᵖ)^(1/p) + ramp·s/(s + fixed) + split·√(L/1024)/max(1, B·kv/SMs), where
 * s = bytes/(memory·HBM): streaming of keys and values, a cost per wave of (request, key head) pairs, the
 * latency that the table's short streams, warm in the L2 cache, do not have, and the reduction over a
 * context that is split for want of pairs.
 */
export type DecodeAttentionParams = {
  readonly memory: number;
  readonly fixedUs: number;
  readonly waveUs: number;
  readonly splitUs: number;
  readonly rampUs: number;
  readonly power: number;
};

/** Part of a fit's name: of heads that have keys of their own each, which another kernel serves. */
export const UNGROUPED = "ungrouped";

/** Context of the unit of `splitUs`. */
const SPLIT_UNIT = 1024;

/** Query heads of one key head that one tile holds; above, keys are read again (kernel notes §5.3). */
const GROUP_MAX = 16;

/** Time in µs for `requests` of `contextTokens` each (a mean; need not be whole). */
export function decodeAttentionUs(
  params: DecodeAttentionParams,
  at: AttentionHeads,
  device: KernelDevice,
  requests: number,
  contextTokens: number,
): number {
  if (requests <= 0) return 0;
  const width = at.keyDim + at.valueDim;
  const reads = Math.max(1, Math.ceil(at.heads / at.kvHeads / GROUP_MAX));
  const kv = at.kvBytes * at.kvHeads * width * contextTokens * reads;
  const bytes = requests * (kv + 2 * at.heads * width);
  const waves = (requests * at.kvHeads * reads) / device.sms;
  const streamUs = bytes / (params.memory * device.hbmBytesPerUs);
  const splitUs = (params.splitUs * Math.sqrt(contextTokens / SPLIT_UNIT)) / Math.max(1, waves);
  const rampUs = (params.rampUs * streamUs) / (streamUs + params.fixedUs);
  const busyUs = smoothMax(streamUs, params.waveUs * waves, params.power);
  return params.fixedUs + busyUs + rampUs + splitUs;
}
