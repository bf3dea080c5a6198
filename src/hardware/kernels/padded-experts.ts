/**
 * Experts as vLLM computes them with DeepGEMM's contiguous grouped products: every expert of the rank, reached or not, has
 * rows of a whole tile. Until 0.13 the tiles of nobody were computed as well, with the first expert's weights: half a dozen
 * decoding requests cost what sixteen thousand rows do, and a batch of thirty costs no more.
 *
 * Source: vLLM 0.12 deep_gemm_utils.py, compute_aligned_M (rows = tokens · topK + local experts · 127, in whole tiles);
 * vllm-project/vllm#30494 (0.13) marks the tiles of nobody to be skipped. Looked up after runs of Qwen3-235B on vLLM 0.12 took
 * some 50 ms a token with 4 to 20 clients on two H200s and 34 with 14 to 48 on four; nothing was fitted to them. MiniMax-M2 on
 * four H100s with ten clients took 32.2 ms a token with these kernels and 16.4 without (vllm-project/recipes#112): 31.6 and
 * 16.0 here.
 */
import { elementwiseUs } from "./elementwise.ts";
import { type GemmParams, gemmUs } from "./gemm.ts";
import type { KernelDevice } from "./kernel-device.ts";
import type { MoeShape } from "./moe.ts";

/** Names among expert kernels, which the tables do not hold: all tiles are computed, or those of reached experts. */
const ALL_TILES = "deepgemm-padded";
const REACHED_TILES = "deepgemm-skipping";

/** Rows of a tile: DeepGEMM's alignment of contiguous groups. */
const TILE_ROWS = 128;
/** Bytes of a quantised element, a float32 scale for 128 of them included. */
const QUANTIZED_BYTES = 1 + 4 / 128;
const BF16_BYTES = 2;
/** Quantising, two of scattering, activation with quantisation, gathering. */
const SMALL_KERNELS = 5;

export type PaddedExperts = {
  /** The GPU's block-fp8 product. */
  readonly gemm: GemmParams;
  /** Tiles of experts that no token reaches are computed as well. */
  readonly all: boolean;
};

/** The kernel of that name; undefined: it is none of these. */
export function paddedExperts(
  name: string | undefined,
  gemm: GemmParams,
): PaddedExperts | undefined {
  if (name !== ALL_TILES && name !== REACHED_TILES) return undefined;
  return { gemm, all: name === ALL_TILES };
}

/** Rows of `tokens` when each of `experts` has whole tiles. */
function paddedRows(shape: MoeShape, tokens: number, experts: number): number {
  const rows = tokens * shape.topK + experts * (TILE_ROWS - 1);
  return Math.ceil(rows / TILE_ROWS) * TILE_ROWS;
}

/**
 * Time in µs of one layer's experts for `tokens` of all ranks, which reach `active` experts of this one.
 * Rows are quantised before they are scattered, the activation quantises all rows.
 */
export function paddedExpertsUs(
  { gemm, all }: PaddedExperts,
  shape: MoeShape,
  device: KernelDevice,
  tokens: number,
  active: number,
  throttle: number,
  smallKernelUs: number,
): number {
  const { hidden, inter, localExperts } = shape;
  const held = paddedRows(shape, tokens, localExperts);
  const computed = all ? held : paddedRows(shape, tokens, active);
  const params = { ...gemm, quant: 0 };
  const weightBytes = shape.weightBytes * active;
  const format = { compute: shape.compute, weightBytes, rowBytes: QUANTIZED_BYTES };
  const gateUp = (shape.matrices - 1) * inter;
  const activationBytes = held * (gateUp * BF16_BYTES + inter * QUANTIZED_BYTES);
  return (
    gemmUs(params, format, device, computed, gateUp, hidden, throttle) +
    gemmUs(params, format, device, computed, hidden, inter, throttle) +
    elementwiseUs(device, smallKernelUs, SMALL_KERNELS, activationBytes)
  );
}
