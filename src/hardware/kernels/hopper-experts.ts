/** Which kernel a version of an engine computes block-fp8 experts with on Hopper. */
import type { ModelCard } from "../model-card.ts";
import type { EngineTiming } from "./engine-timing.ts";
import type { KernelSplit } from "./layout.ts";

/** Ranks that share an expert's width from which vLLM left DeepGEMM (vllm-project/vllm#29346, 0.12). */
const NARROW_RANKS = 8;

/** The split with the expert kernel of the engine's version, where a layout asks for none. */
export function withHopperExperts(
  split: KernelSplit,
  card: ModelCard,
  architecture: string,
  { hopperBlockExperts: kernel }: EngineTiming,
): KernelSplit {
  const isBlock = split.dtype === "fp8-block" && card.quantizedParts.includes("experts");
  if (kernel === undefined || split.moeKernel !== undefined) return split;
  if (architecture !== "hopper" || !isBlock) return split;
  const sharing = (split.tp * split.dp) / split.ep;
  const isNarrow = kernel.startsWith("deepgemm") && sharing >= NARROW_RANKS;
  return { ...split, moeKernel: isNarrow ? "triton" : kernel };
}
