/** Matrix products: rows × weights, with the quantisation of the rows where the format needs it. */
import type { ComputeFormat, KernelDevice } from "./kernel-device.ts";
import { flopPerUs } from "./kernel-device.ts";
import { smoothMax } from "./smooth-max.ts";

/**
 * Fitted behaviour of one GPU and format.
 * t = fixed + kLoop·k/4096 + ((F/(compute·peak·√wave))ᵖ + (bytes/(memory·HBM))ᵖ)^(1/p) + Q/(quant·HBM)
 */
export type GemmParams = {
  /** Part of the tensor peak that large products reach. */
  readonly compute: number;
  /** Part of HBM bandwidth that weight streaming reaches. */
  readonly memory: number;
  readonly fixedUs: number;
  /** Part of HBM bandwidth at which rows are quantised; 0 when they stay bf16. */
  readonly quant: number;
  /** Overlap of compute and memory, ≥ 1. */
  readonly power: number;
  /** Latency of the reduction loop for 4096 steps of k. */
  readonly kLoopUs: number;
};

/** How a weight format is computed. */
export type GemmFormat = {
  readonly compute: ComputeFormat;
  readonly weightBytes: number;
  /** Bytes of one element of the rows as the tensor core reads it. */
  readonly rowBytes: number;
  /** What the power cap leaves, FLOP/µs: no product is quicker. */
  readonly flopPerUsMax?: number;
};

/** Tile edge of the wave count; assumption: 128 × 128 output tiles, as cuBLAS and CUTLASS use most. */
const TILE = 128;

/** Rows (and columns of k) per unit of the loop latency. */
const K_UNIT = 4096;

/** Share of the last wave of output tiles that works; 1 while one wave holds them all. */
function waveFill(device: KernelDevice, m: number, n: number): number {
  const tiles = Math.ceil(m / TILE) * Math.ceil(n / TILE);
  if (tiles <= device.sms) return 1;
  return tiles / (Math.ceil(tiles / device.sms) * device.sms);
}

/**
 * Time in µs of an m × k by k × n product. `throttle` ≥ 1 stretches the compute part: sustained work
 * runs at the power cap, the tables were measured in bursts.
 */
export function gemmUs(
  params: GemmParams,
  format: GemmFormat,
  device: KernelDevice,
  m: number,
  n: number,
  k: number,
  throttle: number,
): number {
  const peak = flopPerUs(device, format.compute) * params.compute;
  const flop = 2 * m * n * k;
  const computeUs = (flop / (peak * Math.sqrt(waveFill(device, m, n)))) * throttle;
  const bytes = format.weightBytes * n * k + format.rowBytes * m * k + 2 * m * n;
  const memoryUs = bytes / (params.memory * device.hbmBytesPerUs);
  const quantUs =
    params.quant === 0
      ? 0
      : ((2 + format.rowBytes) * m * k) / (params.quant * device.hbmBytesPerUs);
  const loopUs = (params.kLoopUs * k) / K_UNIT;
  const cappedUs = format.flopPerUsMax === undefined ? 0 : flop / format.flopPerUsMax;
  const busyUs = Math.max(cappedUs, smoothMax(computeUs, memoryUs, params.power));
  return params.fixedUs + loopUs + busyUs + quantUs;
}
