/** How a worker splits a model over its GPUs, checked and completed. */
import { fail, ok, type Result } from "../../core/index.ts";
import type { KvDtype, ModelCard, WeightDtype } from "../model-card.ts";
import { modelFacts } from "../model-card-facts.ts";

export type KernelsLayout = {
  /** Weight format; the checkpoint's own when absent. */
  readonly dtype?: WeightDtype;
  readonly kvDtype?: KvDtype;
  readonly tp?: number;
  readonly pp?: number;
  /** Expert parallel ranks among tp × dp; the rest splits each expert's width. */
  readonly ep?: number;
  /** Copies of experts beyond one of each, over all ranks. */
  readonly redundantExperts?: number;
  /** Experts are copied and placed by their load (EPLB). */
  readonly eplb?: boolean;
  /** Attention data parallel ranks, in lock step. */
  readonly dp?: number;
  /** Context parallel ranks of prefill: each takes a part of the prompt's tokens. */
  readonly cp?: number;
  /** Expert kernel by its name in the tables ("cutlass"); the quickest of the engine's when absent. */
  readonly moeKernel?: string;
};

/** The same with every field known. */
export type KernelSplit = {
  readonly dtype: WeightDtype;
  readonly kvDtype: KvDtype;
  readonly tp: number;
  readonly pp: number;
  readonly ep: number;
  readonly redundantExperts: number;
  readonly eplb: boolean;
  readonly dp: number;
  readonly cp: number;
  readonly moeKernel: string | undefined;
};

/** Completes a layout. Problems: those of `modelFacts`; a `cp` that is no whole number ≥ 1. */
export function splitOf(card: ModelCard, layout: KernelsLayout): Result<KernelSplit> {
  const { cp = 1, moeKernel, eplb = false, ...rest } = layout;
  const facts = modelFacts(card, rest);
  if (!facts.ok) return facts;
  if (!Number.isSafeInteger(cp) || cp < 1) {
    return fail({ what: `cp is ${cp}`, where: "cp", expected: "a whole number ≥ 1" });
  }
  return ok({
    dtype: layout.dtype ?? card.dtype,
    kvDtype: layout.kvDtype ?? "bf16",
    tp: layout.tp ?? 1,
    pp: layout.pp ?? 1,
    ep: layout.ep ?? 1,
    redundantExperts: layout.redundantExperts ?? 0,
    eplb,
    dp: layout.dp ?? 1,
    cp,
    moeKernel,
  });
}
