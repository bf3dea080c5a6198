/** One layer's routed experts and the exchange of rows around them. */
import type { MoeFfn } from "../model-card.ts";
import { exchangeUs } from "./fabric.ts";
import { busiestExperts, imbalance, type MoeShape, moeUs } from "./moe.ts";
import type { StepMachine } from "./step-machine.ts";
import { moeKernel, type MoeKernel } from "./weight-format.ts";

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
  const kernel = moeKernel(
    machine.params,
    machine.timing.experts,
    dtype,
    split.ep > 1,
    split.moeKernel,
  );
  if (kernel === undefined) return undefined;
  const ranks = split.tp * split.dp;
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
      localExperts: ffn.experts / split.ep,
      weightBytes: kernel.weightBytes,
      compute: kernel.compute,
    },
  };
}

/** Time in µs over all layers of the group for `tokens` of the whole worker. */
export function layerExpertsUs(machine: StepMachine, at: LayerExperts, tokens: number): number {
  const { shape, ranks, kernel } = at;
  const mean = (tokens * shape.topK) / ranks;
  const rows = mean * imbalance(ranks, mean);
  const active = busiestExperts(shape, tokens);
  let us = Infinity;
  for (const params of kernel.params) {
    const each = moeUs(params, shape, machine.device, rows, active, machine.params.throttle);
    us = Math.min(us, each);
  }
  const { dp, tp } = machine.split;
  if (dp > 1) {
    // Rows of every rank to every rank in bf16 and back: vLLM's and TensorRT-LLM's default.
    const bytes = tokens * at.hidden * 2;
    us += exchangeUs(machine.fabric, "all-gather", tp * dp, bytes);
    us += exchangeUs(machine.fabric, "reduce-scatter", tp * dp, bytes);
  }
  return us * at.layers;
}
