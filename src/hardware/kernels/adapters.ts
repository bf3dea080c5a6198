/** LoRA adapters beside a model's projections: their size, and what they add to a step. */
import type { Attention, LayerGroup, ModelCard } from "../model-card.ts";
import type { StepMachine } from "./step-machine.ts";

/** How an engine keeps adapters: every slot on the GPU has room for the largest rank. */
export type AdapterSlots = {
  readonly rank: number;
  /** Different adapters that a step may use. */
  readonly slots: number;
};

/** A projection that an adapter adds to: `parts` low-rank inputs of width k (fused ones), outputs of n in all. */
type Target = { readonly parts: number; readonly k: number; readonly n: number };

function attentionTargets(attention: Attention, hidden: number): Target[] {
  if (attention.kind === "linear") return [];
  const { heads } = attention;
  const out = { parts: 1, k: heads * attention.valueDim, n: hidden };
  if (attention.kind === "gqa") {
    const values = attention.kvHeads * (attention.headDim + attention.valueDim);
    return [{ parts: 3, k: hidden, n: heads * attention.headDim + values }, out];
  }
  const query = heads * (attention.nopeDim + attention.ropeDim);
  const latent = attention.kvRank + attention.ropeDim;
  const { queryRank } = attention;
  if (queryRank === 0) return [{ parts: 2, k: hidden, n: query + latent }, out];
  return [
    { parts: 2, k: hidden, n: queryRank + latent },
    { parts: 1, k: queryRank, n: query },
    out,
  ];
}

/**
 * All linear layers but routed experts, as PEFT's `all-linear` and vLLM's punica kernels have them (assumption: adapters of
 * experts are rare).
 */
function targetsOf({ attention, ffn }: LayerGroup, hidden: number): Target[] {
  const targets = attentionTargets(attention, hidden);
  if (ffn.kind === "dense") {
    const gated = ffn.matrices === 3 ? 2 : 1;
    targets.push({ parts: gated, k: hidden, n: gated * ffn.inter });
    targets.push({ parts: 1, k: ffn.inter, n: hidden });
  }
  return targets;
}

/** Low-rank elements of a target for rank 1. */
function width({ parts, k, n }: Target): number {
  return parts * k + n;
}

const BF16_BYTES = 2;

/** Bytes of one adapter, in bf16, all ranks together. */
export function adapterBytes(card: ModelCard, rank: number): number {
  let widths = 0;
  for (const group of card.groups) {
    for (const target of targetsOf(group, card.hidden)) widths += group.layers * width(target);
  }
  return widths * rank * BF16_BYTES;
}

/** Parts of the peaks that grouped low-rank products reach. Assumption: those of other kernels that were not measured. */
const COMPUTE = 0.3;
const MEMORY = 0.6;

/** A shrinking and an expanding product for each projection (punica's SGMV, vLLM's kernels). */
const KERNELS = 2;

/**
 * Time in µs that adapters add to a step of `rows` rows on one rank: two small kernels for each projection, the adapters'
 * weights, and their arithmetic. As many adapters as there are slots, or rows, are at work.
 */
export function adaptersUs(machine: StepMachine, at: AdapterSlots, rows: number): number {
  const { card, device, timing, split } = machine;
  const active = Math.min(at.slots, rows);
  let us = 0;
  for (const group of card.groups) {
    for (const target of targetsOf(group, card.hidden)) {
      const elements = (at.rank * width(target)) / split.tp;
      const memoryUs = (active * elements * BF16_BYTES) / (MEMORY * device.hbmBytesPerUs);
      const computeUs = (2 * rows * elements) / (COMPUTE * device.bf16FlopPerUs);
      us += group.layers * (KERNELS * timing.smallKernelUs + Math.max(memoryUs, computeUs));
    }
  }
  return us;
}
