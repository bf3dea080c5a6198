/**
 * Experts as vLLM computes them with DeepGEMM's contiguous grouped products: every expert of the rank, reached or not, has
 * rows of a whole tile. Until 0.13 the tiles of nobody were computed as well, with the first expert's weights: half a dozen
 * decoding requests cost what sixteen thousand rows do, and a batch of thirty costs no more.
 *
 * Source: vLLM 0.12 deep_gemm_utils.py, compute_aligned_M (rows = tokens · topK + local experts · 127, in whole tiles);
 * vllm-project/vllm#30494 (0.13) marks the tiles of nobody to be skipped. Looked up after runs of Qwen3-235B on vLLM 0.12 took
 * some 50 ms a token with 4 to 20 clients on two H200s and 34 with 14 to 48 on four; nothing was fitted to them. MiniMax-M2 on
 * four H100s with ten clients took 32.2 ms a token with these kernels and 16.4 without (vllm-project/recipes#112): 31.6 and
 * 16.0 here. TensorRT-LLM's use of the same library was looked up after runs of DeepSeek-R1 on B200 were 8 to 23 % slower than
 * with its own kernels; what is counted is its code, nothing was fitted.
 */
import { elementwiseUs } from "./elementwise.ts";
import { type GemmParams, gemmUs } from "./gemm.ts";
import type { KernelDevice } from "./kernel-device.ts";
import type { MoeShape } from "./moe.ts";

/** Rows of a tile: DeepGEMM's alignment of contiguous groups. */
const TILE_ROWS = 128;
/** Bytes of a quantised element, a float32 scale for 128 of them included. */
const QUANTIZED_BYTES = 1 + 4 / 128;
const BF16_BYTES = 2;

/** How an engine uses these products. */
type Layout = {
  /** Tiles of experts that no token reaches are computed as well. */
  readonly allTiles: boolean;
  /** The activation passes over the rows of all tiles, computed or not. */
  readonly allActivated: boolean;
  /** Kernels around the two products. */
  readonly smallKernels: number;
};

/** Quantising, two of scattering, activation with quantisation, gathering (vLLM 0.12 deep_gemm_moe.py). */
const CONTIGUOUS_KERNELS = 5;
/**
 * Permutation (four), tokens of each expert (four), quantising into the tiles, activation, quantising, scales of either
 * product's rows, gathering, finalising (TensorRT-LLM 1.1 fused_moe_deepgemm.py).
 */
const MASKED_KERNELS = 15;

/** Names among expert kernels, none of which the tables hold. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  "deepgemm-padded": { allTiles: true, allActivated: true, smallKernels: CONTIGUOUS_KERNELS },
  "deepgemm-skipping": { allTiles: false, allActivated: true, smallKernels: CONTIGUOUS_KERNELS },
  // TensorRT-LLM's on Blackwell: every expert has rows of its own, the kernel works on the filled ones.
  "deepgemm-masked": { allTiles: false, allActivated: false, smallKernels: MASKED_KERNELS },
};

export type PaddedExperts = {
  /** The GPU's block-fp8 product. */
  readonly gemm: GemmParams;
  readonly layout: Layout;
};

/** The kernel of that name; undefined: it is none of these. */
export function paddedExperts(
  name: string | undefined,
  gemm: GemmParams,
): PaddedExperts | undefined {
  const layout = LAYOUTS[name ?? ""];
  return layout === undefined ? undefined : { gemm, layout };
}

/** Rows of whole tiles for `rows` over `experts`. */
function paddedRows(rows: number, experts: number): number {
  return Math.ceil((rows + experts * (TILE_ROWS - 1)) / TILE_ROWS) * TILE_ROWS;
}

/**
 * Time in µs of one layer's experts for `tokens` of all ranks, which bring `rows` to this one's experts and
 * reach `active` of them. Rows are quantised before they are scattered; the activation quantises its own.
 */
export function paddedExpertsUs(
  { gemm, layout }: PaddedExperts,
  shape: MoeShape,
  device: KernelDevice,
  load: { readonly tokens: number; readonly rows: number; readonly active: number },
  throttle: number,
  smallKernelUs: number,
): number {
  const { hidden, inter, localExperts } = shape;
  const held = paddedRows(load.tokens * shape.topK, localExperts);
  const computed = layout.allTiles ? held : paddedRows(load.rows, load.active);
  const params = { ...gemm, quant: 0 };
  const weightBytes = shape.weightBytes * load.active;
  const format = { compute: shape.compute, weightBytes, rowBytes: QUANTIZED_BYTES };
  const gateUp = (shape.matrices - 1) * inter;
  const activated = layout.allActivated ? held : computed;
  const activationBytes = activated * (gateUp * BF16_BYTES + inter * QUANTIZED_BYTES);
  return (
    gemmUs(params, format, device, computed, gateUp, hidden, throttle) +
    gemmUs(params, format, device, computed, hidden, inter, throttle) +
    elementwiseUs(device, smallKernelUs, layout.smallKernels, activationBytes)
  );
}
