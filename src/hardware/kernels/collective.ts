/** Collectives between ranks: latency, bandwidth, and a middle range between both regimes. */

/**
 * t = fixed + bytes·f/bandwidth + step·min(1, √(bytes/switch)); of an engine's own all-reduce up to `oneShotBytesMax`
 * t = oneShot + bytes·(ranks − 1)/oneShotBandwidth instead.
 *
 * In a one-shot kernel every rank reads the whole message of every other, in one go; in larger messages
 * ranks reduce a part each and gather the parts (two-shot, rings). Engines go from one to the other at a
 * size, where the tables have a kink: 3.4 + 28.7 us/MiB for eight H200 up to 512 KiB, then 26 us.
 */
export type CollectiveParams = {
  readonly fixedUs: number;
  /** Bus bandwidth, bytes/µs. */
  readonly bytesPerUs: number;
  readonly stepUs: number;
  /** Size from which on the bandwidth is reached: by then one protocol after the other has taken over. */
  readonly switchBytes: number;
  /** The three are there together. */
  readonly oneShotUs?: number;
  /** Bytes/µs that a rank reads from the others. */
  readonly oneShotBytesPerUs?: number;
  readonly oneShotBytesMax?: number;
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
  if (bytes <= (params.oneShotBytesMax ?? 0)) return oneShotReduceUs(params, ranks, bytes);
  const lineUs = (bytes * trafficFactor(op, ranks)) / params.bytesPerUs;
  const switchUs = params.stepUs * Math.min(1, Math.sqrt(bytes / params.switchBytes));
  return params.fixedUs + lineUs + switchUs;
}

/** Time in µs of an all-reduce by the one-shot kernel, whatever the size; as any where none was measured. */
export function oneShotReduceUs(params: CollectiveParams, ranks: number, bytes: number): number {
  const { oneShotUs: fixedUs, oneShotBytesPerUs } = params;
  if (fixedUs === undefined || oneShotBytesPerUs === undefined) {
    return collectiveUs(params, "all-reduce", ranks, bytes);
  }
  return ranks <= 1 || bytes <= 0 ? 0 : fixedUs + (bytes * (ranks - 1)) / oneShotBytesPerUs;
}
