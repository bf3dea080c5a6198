/** One layer's routed experts and the exchange of rows around them. */
import type { MoeFfn } from "../model-card.ts";
import { allToAllUs, exchangeUs } from "./fabric.ts";
import { balancedPlacement, type ExpertPlacement, trivialPlacement } from "./expert-slots.ts";
import type { KernelSplit } from "./layout.ts";
import { busiestExperts, imbalance, type MoeShape, moeUs, popularityVariance } from "./moe.ts";
import { paddedExpertsUs } from "./padded-experts.ts";
import { gemmOf, type StepMachine } from "./step-machine.ts";
import { moeKernel, type MoeKernel, paddedKernel, sustained } from "./weight-format.ts";

export type LayerExperts = {
  readonly layers: number;
  readonly shape: MoeShape;
  readonly kernel: MoeKernel;
  readonly ranks: number;
  readonly hidden: number;
};

/** The routed experts of a group, or undefined when the tables hold no expert kernel. */
export function layerExperts(
  machine: StepMachine,
  layers: number,
  ffn: MoeFfn,
): LayerExperts | undefined {
  const { split, card } = machine;
  const dtype = card.quantizedParts.includes("experts") ? split.dtype : "bf16";
  const kernel =
    paddedKernel(split.moeKernel, gemmOf(machine, "experts")) ??
    moeKernel(machine.params, machine.timing.experts, dtype, split.ep > 1, split.moeKernel);
  if (kernel === undefined) return undefined;
  const ranks = split.tp * split.dp;
  const placement = placementOf(ffn.experts, split);
  return {
    layers,
    kernel,
    ranks: split.ep,
    hidden: card.hidden,
    shape: {
      hidden: card.hidden,
      inter: (ffn.inter * split.ep) / ranks,
      matrices: 3,
      topK: ffn.topK,
      experts: ffn.experts,
      localExperts: (ffn.experts + split.redundantExperts) / split.ep,
      ...(placement === undefined ? {} : { placement }),
      ...(ffn.choice === undefined ? {} : { choice: ffn.choice }),
      weightBytes: kernel.weightBytes,
      compute: kernel.compute,
      ...(kernel.compute === "fp8" ? sustained(machine.params) : {}),
    },
  };
}

/** Where experts lie; undefined: one of each, ranks filled in turn. */
function placementOf(
  experts: number,
  { ep: ranks, redundantExperts: redundant, eplb }: KernelSplit,
): ExpertPlacement | undefined {
  if (ranks === 1 || (redundant === 0 && !eplb)) return undefined;
  const plan = { experts, redundant, ranks, variance: popularityVariance(experts) };
  return eplb ? balancedPlacement(plan) : trivialPlacement(plan);
}

/** Bytes of an element of the rows that the kernel computes with. */
const ROW_BYTES: Readonly<Record<string, number>> = { fp8: 1, fp4: 9 / 16, bf16: 2 };

/**
 * Rows to the experts and back, where attention ranks hold rows of their own. Up to as many ranks as a
 * token has experts nearly every rank needs every row, so all rows go to all ranks in bf16 and back
 * (vLLM's and TensorRT-LLM's default); with more ranks rows go only where their experts are, in the
 * format of the product, and back in bf16 (TensorRT-LLM's all-to-all and DeepEP), after the counts.
 */
function exchangesUs(machine: StepMachine, at: LayerExperts, tokens: number): number {
  const { split, fabric } = machine;
  if (split.dp === 1) return 0;
  const ranks = split.tp * split.dp;
  const { topK } = at.shape;
  if (at.ranks <= topK) {
    const bytes = tokens * at.hidden * 2;
    return (
      exchangeUs(fabric, "all-gather", ranks, bytes) +
      exchangeUs(fabric, "reduce-scatter", ranks, bytes)
    );
  }
  const elements = (tokens / ranks) * topK * at.hidden;
  const format = at.kernel.compute;
  return (
    allToAllUs(fabric, ranks, 0) +
    allToAllUs(fabric, ranks, elements * (ROW_BYTES[format] ?? 2)) +
    allToAllUs(fabric, ranks, elements * 2)
  );
}

/** Time in µs over all layers of the group for `tokens` of the whole worker. */
export function layerExpertsUs(machine: StepMachine, at: LayerExperts, tokens: number): number {
  const { shape, ranks, kernel } = at;
  const mean = (tokens * shape.topK) / ranks;
  const rows = mean * imbalance(ranks, mean, shape.placement);
  const active = busiestExperts(shape, tokens);
  const { device, timing } = machine;
  const { throttle } = machine.params;
  let us = Infinity;
  for (const params of kernel.params) {
    us = Math.min(us, moeUs(params, shape, device, rows, active, throttle));
  }
  if (kernel.padded !== undefined) {
    const { smallKernelUs } = timing;
    const load = { tokens, rows, active };
    us = paddedExpertsUs(kernel.padded, shape, device, load, throttle, smallKernelUs);
  }
  return (us + exchangesUs(machine, at, tokens)) * at.layers;
}
