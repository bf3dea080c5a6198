/** Collectives between ranks: latency, bandwidth, and a middle range between both regimes. */

/** t = fixed + bytes·f/bandwidth + step·min(1, √(bytes/1 MB)). */
export type CollectiveParams = {
  readonly fixedUs: number;
  /** Bus bandwidth, bytes/µs. */
  readonly bytesPerUs: number;
  readonly stepUs: number;
};

/** 1 MB: where the protocol switch is over (kernel notes §5.4). */
const SWITCH_BYTES = 1e6;

/** Part of the buffer that crosses one rank's link: all-reduce twice that of the others. */
export function trafficFactor(op: CollectiveOp, ranks: number): number {
  const share = (ranks - 1) / ranks;
  return op === "all-reduce" ? 2 * share : share;
}

export type CollectiveOp = "all-reduce" | "all-gather" | "reduce-scatter" | "all-to-all";

/** Time in µs of one collective on a buffer of `bytes` (the whole one, not a rank's part). */
export function collectiveUs(
  params: CollectiveParams,
  op: CollectiveOp,
  ranks: number,
  bytes: number,
): number {
  if (ranks <= 1 || bytes <= 0) return 0;
  const lineUs = (bytes * trafficFactor(op, ranks)) / params.bytesPerUs;
  const switchUs = params.stepUs * Math.min(1, Math.sqrt(bytes / SWITCH_BYTES));
  return params.fixedUs + lineUs + switchUs;
}
