/** From a checkpoint's weight format to the kernel that computes with it on a given GPU. */
import type { WeightDtype } from "../model-card.ts";
import { WEIGHT_BYTES } from "../model-card.ts";
import type { EngineTiming } from "./engine-timing.ts";
import type { GemmFormat, GemmParams } from "./gemm.ts";
import type { KernelDevice } from "./kernel-device.ts";
import type { Fits, KernelParams } from "./kernel-params.ts";
import type { MoeParams } from "./moe.ts";
import { paddedExperts, type PaddedExperts } from "./padded-experts.ts";

const US_PER_S = 1e6;

export type GemmKernel = { readonly params: GemmParams; readonly format: GemmFormat };

/**
 * Compute efficiency of weight-only kernels against bf16 ones: weights are widened inside the loop.
 * Assumption: Marlin's large-batch figures lie 10–20 % under cuBLAS.
 */
const WEIGHT_ONLY_COMPUTE = 0.85;

/** Bytes of an element of the rows, scales included: float32 per 128 (block fp8), byte per 16. */
const ROW_BYTES = { fp8: 1, "fp8-block": 1 + 4 / 128, nvfp4: 0.5 + 1 / 16 };

/** Formats that stand in for one that was not measured, nearest first. */
const STAND_INS: Readonly<Record<string, readonly string[]>> = {
  bf16: ["bf16"],
  fp8: ["fp8", "fp8-block", "bf16"],
  "fp8-block": ["fp8-block", "fp8", "bf16"],
  nvfp4: ["nvfp4", "fp8-block", "fp8", "bf16"],
};

function fitted(gemm: Fits<GemmParams>, name: string): GemmParams {
  for (const each of STAND_INS[name] ?? ["bf16"]) {
    const fit = gemm[each];
    if (fit !== undefined) return fit.params;
  }
  // Some GPU was measured with one format only: any is nearer than none.
  return Object.values(gemm)[0]!.params;
}

/**
 * The per-tensor fp8 kernel of an engine that quantises rows inside the kernel before: the tables
 * hold both. What stays is the product, with the latency of a bf16 one.
 */
function withoutQuant(params: KernelParams): GemmParams {
  const fp8 = fitted(params.gemm, "fp8");
  return { ...fp8, quant: 0, fixedUs: Math.min(fp8.fixedUs, fitted(params.gemm, "bf16").fixedUs) };
}

/** The rate that 8-bit products keep up, where it was measured. */
export function sustained({
  sustainedFp8FlopPerS,
}: KernelParams): Pick<GemmFormat, "flopPerUsMax"> {
  if (sustainedFp8FlopPerS === undefined) return {};
  return { flopPerUsMax: sustainedFp8FlopPerS / US_PER_S };
}

/** Block-fp8 products behind a slower quantising kernel than the tables have. */
function withSlowQuant(
  own: GemmParams,
  device: KernelDevice,
  slow: NonNullable<EngineTiming["slowBlockQuant"]>,
): GemmParams {
  const quant = slow.bytesPerUs / device.hbmBytesPerUs;
  return { ...own, quant, fixedUs: own.fixedUs + slow.latencyUs };
}

/** The GEMM kernel for weights of a format; the fields as in `EngineTiming`. */
export function gemmKernel(
  params: KernelParams,
  device: KernelDevice,
  dtype: WeightDtype,
  timing: Pick<EngineTiming, "fusedQuant" | "slowBlockQuant">,
): GemmKernel {
  const weightBytes = WEIGHT_BYTES[dtype];
  const fp8 = dtype === "fp8" || dtype === "fp8-block" || dtype === "int8";
  if (fp8 && device.fp8FlopPerUs > 0) {
    const name = dtype === "fp8-block" ? "fp8-block" : "fp8";
    const format: GemmFormat = { compute: "fp8", weightBytes, rowBytes: ROW_BYTES[name] };
    if (name === "fp8" && timing.fusedQuant) {
      return { params: withoutQuant(params), format: { ...format, ...sustained(params) } };
    }
    const own = fitted(params.gemm, name);
    const slow = timing.slowBlockQuant;
    // Blackwell is what computes in 4 bits.
    const isSlow = slow !== undefined && name === "fp8-block" && device.fp4FlopPerUs > 0;
    return { params: isSlow ? withSlowQuant(own, device, slow) : own, format };
  }
  if (dtype === "nvfp4" && device.fp4FlopPerUs > 0) {
    const format: GemmFormat = { compute: "fp4", weightBytes, rowBytes: ROW_BYTES.nvfp4 };
    return { params: fitted(params.gemm, "nvfp4"), format };
  }
  const plain = fitted(params.gemm, "bf16");
  const compute = dtype === "bf16" ? plain.compute : plain.compute * WEIGHT_ONLY_COMPUTE;
  const format: GemmFormat = { compute: "bf16", weightBytes, rowBytes: 2 };
  return { params: { ...plain, compute }, format };
}

/** An engine's kernels for experts of a format: it takes the quickest for each batch. */
export type MoeKernel = {
  readonly params: readonly MoeParams[];
  readonly compute: GemmFormat["compute"];
  readonly weightBytes: number;
  /** One call of a library does everything from routing to the weighted sum. */
  readonly fused: boolean;
  /** The GPU's own products over whole tiles instead of measured kernels. */
  readonly padded?: PaddedExperts;
};

/** The kernel of that name when it computes whole tiles with the GPU's own product; else undefined. */
export function paddedKernel(
  name: string | undefined,
  { params, format }: GemmKernel,
): MoeKernel | undefined {
  const padded = paddedExperts(name, params);
  if (padded === undefined) return undefined;
  const { compute, weightBytes } = format;
  return { params: [], padded, compute, weightBytes, fused: false };
}

/** Kernels that an engine surrounds with others of its own: sorting, activation, sums. */
const LOOSE_KERNELS: readonly string[] = ["triton", "marlin", "deepgemm"];

const MOE_STAND_INS: Readonly<Record<string, readonly string[]>> = {
  bf16: ["bf16"],
  fp8: ["fp8", "fp8-block", "bf16"],
  int8: ["fp8", "fp8-block", "bf16"],
  "fp8-block": ["fp8-block", "fp8", "bf16"],
  nvfp4: ["nvfp4", "int4", "mxfp4", "bf16"],
  int4: ["int4", "mxfp4", "bf16"],
  "int4-g32": ["int4", "mxfp4", "bf16"],
  mxfp4: ["mxfp4-fp8", "mxfp4", "int4", "bf16"],
};

const MOE_COMPUTE: Readonly<Record<string, GemmFormat["compute"]>> = {
  fp8: "fp8",
  "fp8-block": "fp8",
  nvfp4: "fp4",
  "mxfp4-fp8": "fp8",
};

/**
 * The expert kernels of an engine for weights of a format; another engine's when its own were not
 * measured; undefined when the system's tables hold no expert kernel at all. `parallel`: experts are
 * split over ranks, which several kernels do worse than their width. `wanted`: one kernel by name.
 */
export function moeKernel(
  params: KernelParams,
  engine: string,
  dtype: WeightDtype,
  parallel: boolean,
  wanted: string | undefined,
): MoeKernel | undefined {
  const split = Object.keys(params.moe).filter((key) => key.endsWith("/ep") === parallel);
  const chosen = split.filter((key) => wanted === undefined || key.split("/")[2] === wanted);
  // A kernel that was not measured for this GPU: the others are the best guess.
  const keys = chosen.length > 0 ? chosen : split;
  const names = MOE_STAND_INS[dtype] ?? ["bf16"];
  const exact = names.slice(0, dtype === "mxfp4" ? 2 : 1);
  for (const tried of [exact, names]) {
    for (const name of tried) {
      const found = keys.filter(
        (key) =>
          key.startsWith(`${engine}/${name}/`) ||
          isSharedKernel(key, engine, name) ||
          isTritonFp8(key, engine, name),
      );
      if (found.length > 0) return moeKernelOf(params, found, name, dtype);
    }
    for (const name of tried) {
      const found = keys.filter((key) => key.includes(`/${name}/`));
      if (found.length > 0) return moeKernelOf(params, found, name, dtype);
    }
  }
  return undefined;
}

/** TensorRT-LLM's own generated kernels were measured inside vLLM, which takes them from FlashInfer. */
function isSharedKernel(key: string, engine: string, name: string): boolean {
  return engine === "trtllm" && key.startsWith(`vllm/${name}/trtllm-gen`);
}

/**
 * vLLM's Triton experts take per-tensor and block scales alike, and it has them beside the CUTLASS
 * ones that the per-tensor tables hold. Only the block variant was measured, which scales more often.
 */
function isTritonFp8(key: string, engine: string, name: string): boolean {
  return engine === "vllm" && name === "fp8" && key.startsWith("vllm/fp8-block/triton");
}

function moeKernelOf(
  params: KernelParams,
  keys: readonly string[],
  name: string,
  dtype: WeightDtype,
): MoeKernel {
  return {
    params: keys.map((key) => params.moe[key]!.params),
    fused: !keys.some((key) => LOOSE_KERNELS.includes(key.split("/")[2] ?? "")),
    compute: MOE_COMPUTE[name] ?? "bf16",
    weightBytes: WEIGHT_BYTES[dtype],
  };
}
