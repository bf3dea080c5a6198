/**
 * What the host does for a step: launching kernels one by one where no CUDA graph is replayed, and
 * scheduling. Launches are counted from the model's structure, so that one time per launch serves all
 * models of an engine.
 */
import type { Attention, LayerGroup } from "../model-card.ts";
import type { EngineTiming } from "./engine-timing.ts";
import { layerExperts } from "./layer-experts.ts";
import { normsWidely } from "./layer-rows.ts";
import type { StepMachine } from "./step-machine.ts";

/** Kernels launched for all layers of a model: eagerly, and between captured pieces. */
export type Launches = { readonly eager: number; readonly pieces: number };

/**
 * Kernels of one layer's attention, its norm included. Grouped-query: norm, projection, rotary, cache
 * write, attention, output. Latent: norm, three projections, two norms, rotary, key concatenation,
 * cache write, attention, output; the indexer's keys: projection, norm, rotary, copy, Hadamard transform,
 * quantisation, cache write (queries and scores only where prompts are long and the GPU is what limits). Linear: norm, two
 * projections, convolution, gates, five of the chunked rule, gated norm, output (counted in vLLM's
 * and SGLang's modelling code; profiles of 470 eager launches in vLLM's prompt steps agree in size).
 */
function attentionOps(attention: Attention): number {
  if (attention.kind === "gqa") return 6;
  if (attention.kind === "linear") return 12;
  return attention.index === undefined ? 11 : 18;
}

/** Of those, kernels that piecewise CUDA graphs leave out, and the replay of a piece. */
function pieceOps(attention: Attention): number {
  if (attention.kind === "gqa") return 3;
  return attention.kind === "linear" ? 11 : 5;
}

/** Projections of one layer's attention whose rows are quantised by a kernel of their own. */
function quantizedProjections(attention: Attention): number {
  return attention.kind === "mla" ? 4 : 2;
}

/** Norm, gate and up, activation, down. */
const DENSE_OPS = 4;
/** Norm and router, and then: top-k, sort, product, activation, product, sum over experts, and quantised rows twice … */
const EXPERT_OPS = 2;
const LOOSE_EXPERT_OPS = 6;
const LOOSE_EXPERT_QUANT = 2;
/** … or one call of a library that does it all, behind one that quantises rows. */
const FUSED_EXPERT_OPS = 1;
const FUSED_EXPERT_QUANT = 1;
/** Gate and up, activation, down, addition. */
const SHARED_OPS = 4;

/** Sums of squares, their all-reduce, the norm (layer-rows.ts). */
const WIDE_NORM_OPS = 3;

/** Formats whose rows are quantised in a kernel of its own; per-tensor fp8 only where not fused. */
function quantizesRows(machine: StepMachine): boolean {
  const dtype = machine.split.dtype;
  if (dtype === "fp8") return !machine.timing.fusedQuant;
  return dtype === "fp8-block" || dtype === "nvfp4" || dtype === "int8";
}

function layerOps(machine: StepMachine, { attention, ffn, layers }: LayerGroup): number {
  const { split, timing, card } = machine;
  const quantizes = quantizesRows(machine);
  const parts = card.quantizedParts;
  let ops = attentionOps(attention);
  if (quantizes && parts.includes("attention")) ops += quantizedProjections(attention);
  if (ffn.kind === "dense") {
    ops += DENSE_OPS + (quantizes && parts.includes("dense") ? 2 : 0);
  } else {
    const isFused = layerExperts(machine, layers, ffn)?.kernel.fused === true;
    const own = isFused ? FUSED_EXPERT_OPS : LOOSE_EXPERT_OPS;
    ops += EXPERT_OPS + (timing.expertCallLaunches ?? own);
    if (quantizes && parts.includes("experts")) {
      ops += isFused ? FUSED_EXPERT_QUANT : LOOSE_EXPERT_QUANT;
    }
    if (ffn.sharedInter > 0) ops += SHARED_OPS + (quantizes && parts.includes("shared") ? 2 : 0);
    // Gathering rows from the ranks and scattering them back.
    if (split.dp > 1) ops += 2;
  }
  if (split.tp > 1 && !timing.fusedAllReduceNorm) ops += 2;
  if (split.tp > 1 && normsWidely(attention)) ops += WIDE_NORM_OPS;
  return ops;
}

/** Launches of one forward pass through all layers. */
export function launchesOf(machine: StepMachine): Launches {
  let eager = 0;
  let pieces = 0;
  for (const group of machine.card.groups) {
    eager += group.layers * layerOps(machine, group);
    pieces += group.layers * pieceOps(group.attention);
  }
  return { eager, pieces };
}

/**
 * Host time in µs of launching a step of `tokens` prompt tokens and `decodes` decoding requests: none
 * for a decode step that a graph covers.
 */
export function launchUs(
  timing: EngineTiming,
  launches: Launches,
  tokens: number,
  decodes: number,
): number {
  if (tokens === 0 && decodes <= timing.graphRowsMax) return 0;
  const inPieces = tokens > 0 && tokens + decodes <= timing.pieceTokensMax;
  return timing.launchUs * (inPieces ? launches.pieces : launches.eager);
}

/** Host time in µs of scheduling a step, preparing its inputs and handling its tokens. */
export function schedulingUs(timing: EngineTiming, requests: number): number {
  return timing.hostStepUs + timing.hostRequestUs * requests;
}

/** What a step costs the host. */
export type HostCost = { readonly launchUs: number; readonly schedulingUs: number };

/**
 * Wall time in µs of a step of `gpuUs`. Launches run ahead of the GPU; scheduling does when the engine
 * schedules asynchronously, and is waited for otherwise.
 */
export function wallUs(timing: EngineTiming, gpuUs: number, host: HostCost): number {
  const { asyncScheduling, gapUs } = timing;
  return asyncScheduling
    ? Math.max(gpuUs, host.launchUs + host.schedulingUs) + gapUs
    : Math.max(gpuUs, host.launchUs) + host.schedulingUs + gapUs;
}
