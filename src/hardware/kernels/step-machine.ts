/** Everything a worker's step time depends on that does not change from step to step. */
import type { ModelCard, ModelPart } from "../model-card.ts";
import { KV_BYTES } from "../model-card.ts";
import type { EngineTiming } from "./engine-timing.ts";
import type { Fabric } from "./fabric.ts";
import type { KernelDevice } from "./kernel-device.ts";
import type { Fits, KernelParams } from "./kernel-params.ts";
import type { KernelSplit } from "./layout.ts";
import { gemmKernel, type GemmKernel } from "./weight-format.ts";

export type StepMachine = {
  readonly card: ModelCard;
  readonly split: KernelSplit;
  readonly params: KernelParams;
  readonly device: KernelDevice;
  readonly fabric: Fabric;
  readonly timing: EngineTiming;
  readonly kvBytes: number;
  /** GEMM kernels of quantised parts and of the others. */
  readonly gemms: { readonly quantized: GemmKernel; readonly plain: GemmKernel };
};

/** The timing for a model: some engines fuse all-reduce and norm for some architectures only. */
function timingFor(timing: EngineTiming, { architecture }: ModelCard): EngineTiming {
  const { fusedAllReduceNorm, fusedArchitectures } = timing;
  const fuses = fusedArchitectures === undefined || fusedArchitectures.includes(architecture);
  return fusedAllReduceNorm && !fuses ? { ...timing, fusedAllReduceNorm: false } : timing;
}

/** Collects what kernels need; chooses the GEMM kernels. */
export function stepMachine(parts: Omit<StepMachine, "gemms" | "kvBytes">): StepMachine {
  const { params, device, split, card } = parts;
  const timing = timingFor(parts.timing, card);
  return {
    ...parts,
    timing,
    kvBytes: KV_BYTES[split.kvDtype],
    gemms: {
      quantized: gemmKernel(params, device, split.dtype, timing),
      plain: gemmKernel(params, device, "bf16", timing),
    },
  };
}

/** The GEMM kernel of a part of the model. */
export function gemmOf(machine: StepMachine, part: ModelPart): GemmKernel {
  const quantized = machine.card.quantizedParts.includes(part);
  return quantized ? machine.gemms.quantized : machine.gemms.plain;
}

/**
 * The fit for the cache format in use: of the engine's own kernels, else the nearest measured, that of
 * a `variant` of the kernel first.
 */
export function cacheFit<T>(
  fits: Fits<T>,
  { split, timing }: StepMachine,
  variant = "",
): T | undefined {
  const { kvDtype } = split;
  const own = fits[`${timing.attention}/${kvDtype}`] ?? fits[`${kvDtype}/${variant}`];
  return (own ?? fits[kvDtype] ?? fits["bf16"] ?? Object.values(fits)[0])?.params;
}
