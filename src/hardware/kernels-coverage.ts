/** How far measurements carry a prediction: what of a model's kernels was measured on a system. */

import type { GpuCard } from "./gpu-card.ts";
import type { EngineTiming } from "./kernels/engine-timing.ts";
import type { KernelDomain, KernelParams } from "./kernels/kernel-params.ts";
import { shapesBeyond } from "./measured-ranges.ts";
import type { KvDtype, LayerGroup, ModelCard, ModelPart, WeightDtype } from "./model-card.ts";

export type KernelsCoverage = {
  /** The measured system whose efficiencies are used. */
  readonly system: string;
  /** The GPU is not that system: times are scaled by the ratio of the two peaks. */
  readonly estimated: boolean;
  /** Whole steps of the engine were measured on the system, and its scales are theirs. */
  readonly stepsMeasured: boolean;
  /** Kernels that the nearest measured ones stand in for, in words; empty: all were measured. */
  readonly gaps: readonly string[];
  /** How far the measured kernels reach. */
  readonly domain: KernelDomain;
};

export type CoverageQuery = {
  readonly model: ModelCard;
  readonly gpu: GpuCard;
  readonly params: KernelParams;
  readonly timing: EngineTiming;
  readonly dtype: WeightDtype;
  readonly kvDtype: KvDtype;
};

/** Name of a format's products in the parameter files. */
function gemmName(dtype: WeightDtype): string {
  return dtype === "int8" ? "fp8" : dtype;
}

function gapsOf(query: CoverageQuery, group: LayerGroup): string[] {
  const { model, gpu, params, timing, dtype, kvDtype } = query;
  const { attention, ffn } = group;
  const quantized = (parts: readonly ModelPart[]): boolean =>
    dtype !== "bf16" && parts.some((part) => model.quantizedParts.includes(part));
  const found: string[] = [];
  const products: ModelPart[] = attention.kind === "linear" ? [] : ["attention"];
  if (ffn.kind === "dense") products.push("dense");
  else if (ffn.sharedInter > 0) products.push("shared");
  if (quantized(products) && params.gemm[gemmName(dtype)] === undefined) {
    found.push(`${dtype} matrix products`);
  }
  if (attention.kind === "linear") found.push("linear attention");
  const [fits, name] =
    attention.kind === "mla"
      ? [params.decodeMla, "latent attention"]
      : [params.decodeAttention, "attention"];
  if (attention.kind !== "linear" && fits[kvDtype] === undefined) {
    found.push(`${name} over ${kvDtype} cache`);
  }
  if (ffn.kind === "moe") {
    const format = quantized(["experts"]) ? gemmName(dtype) : "bf16";
    const prefix = `${timing.experts}/${format}/`;
    const version = gpu.architecture === "hopper" ? timing.hopperBlockExperts : undefined;
    if (format === "fp8-block" && version?.startsWith("deepgemm") === true) {
      found.push("DeepGEMM's grouped products of experts");
    } else if (!Object.keys(params.moe).some((key) => key.startsWith(prefix))) {
      found.push(`${format} experts of ${timing.engine}`);
    }
  }
  return [...found, ...shapesBeyond(params.domain ?? {}, model.hidden, attention, ffn)];
}

/** What was measured and what is a stand-in, for the model on the GPU under the engine. */
export function kernelsCoverage(query: CoverageQuery): KernelsCoverage {
  const { model, gpu, params, timing } = query;
  const gaps = new Set(model.groups.flatMap((group) => gapsOf(query, group)));
  return {
    system: params.kernels,
    estimated: gpu.calibration !== params.kernels,
    stepsMeasured: timing.scales[params.kernels] !== undefined,
    gaps: [...gaps],
    domain: params.domain ?? {},
  };
}
