/** Collectives between ranks: latency, bandwidth, and a middle range between both regimes. */

/** t = fixed + bytes·f/bandwidth + step·min(1, √(bytes/switch)). */
export type CollectiveParams = {
  readonly fixedUs: number;
  /** Bus bandwidth, bytes/µs. */
  readonly bytesPerUs: number;
  readonly stepUs: number;
  /** Size from which on the bandwidth is reached: by then one protocol after the other has taken over. */
  readonly switchBytes: number;
};

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
  const switchUs = params.stepUs * Math.min(1, Math.sqrt(bytes / params.switchBytes));
  return params.fixedUs + lineUs + switchUs;
}
