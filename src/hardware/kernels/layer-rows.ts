/** One layer's kernels whose time depends on the number of rows (tokens) only. */
import type { Attention, DenseFfn, LayerGroup, ModelPart, MoeFfn } from "../model-card.ts";
import { elementwiseUs } from "./elementwise.ts";
import { allReduceUs, oneShotUs } from "./fabric.ts";
import { gemmUs } from "./gemm.ts";
import { gemmOf, type StepMachine } from "./step-machine.ts";
import type { GemmKernel } from "./weight-format.ts";

/** A weight matrix as one rank holds it. */
export type Projection = { readonly kernel: GemmKernel; readonly n: number; readonly k: number };

/** Time in µs of a projection of m rows. */
export function projectionUs(machine: StepMachine, at: Projection, m: number): number {
  const { params, format } = at.kernel;
  return gemmUs(params, format, machine.device, m, at.n, at.k, machine.params.throttle);
}

function attentionProjections(machine: StepMachine, attention: Attention): Projection[] {
  const { tp } = machine.split;
  const hidden = machine.card.hidden;
  const kernel = gemmOf(machine, "attention");
  if (attention.kind === "gqa") {
    const heads = attention.heads / tp;
    const kvHeads = Math.max(1, attention.kvHeads / tp);
    const query = heads * attention.headDim * (attention.gated ? 2 : 1);
    const n = query + kvHeads * (attention.headDim + attention.valueDim);
    return [
      { kernel, n, k: hidden },
      { kernel, n: hidden, k: heads * attention.valueDim },
    ];
  }
  if (attention.kind === "linear") {
    const keys = attention.keyHeads * attention.keyDim;
    const values = attention.valueHeads * attention.valueDim;
    return [
      // Queries, keys, values and output gate; the two scalars a head ride along.
      { kernel, n: (2 * keys + 2 * values + 2 * attention.valueHeads) / tp, k: hidden },
      { kernel, n: hidden, k: values / tp },
    ];
  }
  const heads = attention.heads / tp;
  const query = heads * (attention.nopeDim + attention.ropeDim);
  const down = attention.kvRank + attention.ropeDim;
  const projections: Projection[] = [{ kernel, n: hidden, k: heads * attention.valueDim }];
  if (attention.queryRank > 0) {
    projections.push({ kernel, n: attention.queryRank + down, k: hidden });
    projections.push({ kernel, n: query, k: attention.queryRank });
  } else {
    projections.push({ kernel, n: query + down, k: hidden });
  }
  if (attention.index !== undefined) {
    const { heads: indexHeads, dim } = attention.index;
    projections.push({ kernel, n: indexHeads * dim, k: attention.queryRank });
    projections.push({ kernel, n: dim + indexHeads, k: hidden });
  }
  return projections;
}

function feedForward(
  machine: StepMachine,
  part: ModelPart,
  inter: number,
  matrices: number,
): Projection[] {
  const kernel = gemmOf(machine, part);
  const width = inter / machine.split.tp;
  return [
    { kernel, n: width * (matrices - 1), k: machine.card.hidden },
    { kernel, n: machine.card.hidden, k: width },
  ];
}

function denseProjections(machine: StepMachine, ffn: DenseFfn | MoeFfn): Projection[] {
  if (ffn.kind === "dense") return feedForward(machine, "dense", ffn.inter, ffn.matrices);
  const router = { kernel: machine.gemms.plain, n: ffn.experts, k: machine.card.hidden };
  if (ffn.sharedInter === 0) return [router];
  return [router, ...feedForward(machine, "shared", ffn.sharedInter, 3)];
}

export type LayerRows = {
  readonly layers: number;
  readonly projections: readonly Projection[];
  /** All-reduces of the hidden state over the tensor parallel ranks. */
  readonly reductions: number;
  /** Norms of queries and keys over all heads, which the ranks hold parts of. */
  readonly wideNorms: number;
  /** Small kernels, and the bytes they move for each row. */
  readonly smallKernels: number;
  readonly smallBytes: number;
  /** Norms that a fused all-reduce swallows, and rows up to which it is fused. */
  readonly fusedNorms: number;
  readonly fusedRowsMax: number;
  /** Of those, rows up to which every rank sends them whole. */
  readonly oneShotRowsMax: number;
};

/** Bytes of the hidden state of one row, bf16. */
const ACTIVATION_BYTES = 2;

/** Hidden state and residual, read and written by a norm. */
const NORM_STREAMS = 4;

/** Norms that a fused all-reduce swallows: one after attention, one after feed-forward. */
const FUSED_NORMS = 2;

/**
 * A norm over the heads of all ranks is two kernels with an all-reduce of two float32 sums a row between them
 * (vllm-project/vllm#31493, sgl-project/sglang#14416).
 */
const WIDE_NORM_KERNELS = 2;
const WIDE_NORM_BYTES = 2 * 4;

/** Whether queries and keys are normed over all heads instead of one by one (MiniMax-M2, OLMo 2). */
export function normsWidely(attention: Attention): boolean {
  return attention.kind === "gqa" && attention.qkNorm > 2 * attention.headDim;
}

/** The row-dependent kernels of one layer of a group, experts aside. */
export function layerRows(machine: StepMachine, group: LayerGroup): LayerRows {
  const { timing, split, card } = machine;
  const { attention, ffn } = group;
  const fused = timing.fusedAllReduceNorm && split.tp > 1 ? FUSED_NORMS : 0;
  const fusedBytesMax = fusedBytesMaxOf(machine);
  // Two norms read and write the hidden state and the residual; the activation reads two widths.
  const width = (ffn.kind === "dense" ? ffn.inter : ffn.sharedInter) / split.tp;
  const normBytes = (2 - fused) * NORM_STREAMS * card.hidden * ACTIVATION_BYTES;
  // Behind experts under attention data parallelism the ranks exchange rows instead.
  const expertsReduce = ffn.kind === "dense" || split.dp === 1;
  return {
    layers: group.layers,
    projections: [...attentionProjections(machine, attention), ...denseProjections(machine, ffn)],
    reductions: split.tp > 1 ? 1 + (expertsReduce ? 1 : 0) : 0,
    wideNorms: split.tp > 1 && normsWidely(attention) ? 1 : 0,
    smallKernels: Math.max(1, timing.smallKernels - fused),
    smallBytes: normBytes + 3 * width * ACTIVATION_BYTES,
    fusedNorms: fused,
    fusedRowsMax: fusedBytesMax / (card.hidden * ACTIVATION_BYTES),
    oneShotRowsMax: fused > 0 ? (timing.oneShotRowsMax ?? 0) : 0,
  };
}

/** Largest message that the engine's fused all-reduce takes. */
function fusedBytesMaxOf({ timing, split, device }: StepMachine): number {
  const family = device.fp4FlopPerUs > 0 ? "blackwell" : "hopper";
  return timing.fusedBytesMax?.[family]?.[split.tp] ?? Infinity;
}

/** Time in µs of those kernels for m rows on a rank, over all layers of the group. */
export function layerRowsUs(machine: StepMachine, at: LayerRows, m: number): number {
  const norms = m > at.fusedRowsMax ? at.fusedNorms : 0;
  const normBytes = norms * NORM_STREAMS * machine.card.hidden * ACTIVATION_BYTES;
  let us = elementwiseUs(
    machine.device,
    machine.timing.smallKernelUs,
    at.smallKernels + norms,
    (at.smallBytes + normBytes) * m,
  );
  for (const projection of at.projections) us += projectionUs(machine, projection, m);
  const { fabric, timing, split } = machine;
  const unfused = timing.unfusedCollectives ?? timing.collectives;
  if (at.wideNorms > 0) {
    const sumsUs = allReduceUs(fabric, unfused, split.tp, m * WIDE_NORM_BYTES);
    us += at.wideNorms * (WIDE_NORM_KERNELS * timing.smallKernelUs + sumsUs);
  }
  if (at.reductions > 0) {
    const bytes = m * machine.card.hidden * ACTIVATION_BYTES;
    const reduceUs = m <= at.oneShotRowsMax ? oneShotUs : allReduceUs;
    const isFused = at.fusedNorms > 0 && m <= at.fusedRowsMax;
    const table = isFused ? timing.collectives : unfused;
    us += at.reductions * reduceUs(fabric, table, split.tp, bytes);
  }
  return us * at.layers;
}
