/** One layer's attention, for the decode part and for the prompt part of a step. */
import type {
  Attention,
  GqaAttention,
  LayerGroup,
  LinearAttention,
  MlaAttention,
} from "../model-card.ts";
import {
  contextAttentionUs,
  type AttentionHeads,
  type ContextAttentionParams,
  type ContextAttentionShape,
} from "./attention-context.ts";
import { decodeAttentionUs, UNGROUPED } from "./attention-decode.ts";
import { exchangeUs } from "./fabric.ts";
import { projectionUs, type Projection } from "./layer-rows.ts";
import { mlaDecodeUs } from "./mla.ts";
import { INDEXER_KERNELS, indexScoresUs, isSparse, sparsePrefillUs } from "./sparse-attention.ts";
import { cacheFit, gemmOf, type StepMachine } from "./step-machine.ts";

/** Efficiency of kernels that were not measured; assumption: half of what measured ones reach. */
const UNMEASURED_COMPUTE = 0.3;
const UNMEASURED_MEMORY = 0.6;

/** Chunk of the delta rule's parallel form (flash-linear-attention's default). */
const LINEAR_CHUNK = 64;

const BF16_BYTES = 2;

/** Heads of a rank for the measured attention kernels. */
function gqaHeads(machine: StepMachine, attention: GqaAttention): AttentionHeads {
  return {
    heads: attention.heads / machine.split.tp,
    kvHeads: Math.max(1, attention.kvHeads / machine.split.tp),
    keyDim: attention.headDim,
    valueDim: attention.valueDim,
    kvBytes: machine.kvBytes,
  };
}

/** Tokens of the context that a query sees; a local chunk is half full on average. */
function visible(attention: GqaAttention, context: number): number {
  const window = attention.windowTokens;
  if (window === undefined || context <= window) return context;
  return attention.chunked ? window / 2 : window;
}

function linearStateBytes(machine: StepMachine, attention: LinearAttention): number {
  const state = attention.valueHeads * attention.keyDim * attention.valueDim * 4;
  return (2 * state) / machine.split.tp;
}

function streamUs(machine: StepMachine, bytes: number): number {
  return bytes / (UNMEASURED_MEMORY * machine.device.hbmBytesPerUs);
}

/** Absorbed projections around latent decode attention, in bf16: into and out of the latent. */
function absorbed(machine: StepMachine, attention: MlaAttention): readonly Projection[] {
  const kernel = machine.gemms.plain;
  const heads = attention.heads / machine.split.tp;
  return [
    { kernel, n: heads * attention.kvRank, k: attention.nopeDim },
    { kernel, n: heads * attention.valueDim, k: attention.kvRank },
  ];
}

function mlaDecode(
  machine: StepMachine,
  attention: MlaAttention,
  requests: number,
  context: number,
  queries: number,
): number {
  const params = cacheFit(machine.params.decodeMla, machine);
  const { index } = attention;
  let us = 0;
  for (const projection of absorbed(machine, attention)) {
    us += projectionUs(machine, projection, requests * queries);
  }
  if (index !== undefined) {
    // The indexer scores every cached key (fp8) and keeps topK of them.
    us += INDEXER_KERNELS * machine.timing.smallKernelUs;
    us += streamUs(machine, requests * context * index.dim);
  }
  const seen = index === undefined ? context : Math.min(context, index.topK);
  const heads = {
    heads: (attention.heads / machine.split.tp) * queries,
    kvRank: attention.kvRank,
    ropeDim: attention.ropeDim,
    kvBytes: machine.kvBytes,
  };
  if (params !== undefined) return us + mlaDecodeUs(params, heads, machine.device, requests, seen);
  const width = attention.kvRank + attention.ropeDim;
  return us + streamUs(machine, requests * seen * width * machine.kvBytes);
}

/**
 * Time in µs of one layer's decode attention, `requests` of `context` tokens each on a rank. With `queries` tokens of each
 * request, drafts to be verified, the cache is still read once: only latent attention, which is near its arithmetic
 * limit, takes longer.
 */
export function decodeLayerUs(
  machine: StepMachine,
  attention: Attention,
  requests: number,
  context: number,
  queries = 1,
): number {
  if (requests <= 0) return 0;
  if (attention.kind === "linear") {
    const bytes = requests * linearStateBytes(machine, attention);
    // Convolution, gates and the recurrence: three small kernels.
    return 3 * machine.timing.smallKernelUs + streamUs(machine, bytes);
  }
  if (attention.kind === "mla") return mlaDecode(machine, attention, requests, context, queries);
  const heads = gqaHeads(machine, attention);
  const variant = attention.heads === attention.kvHeads ? UNGROUPED : "";
  const params = cacheFit(machine.params.decodeAttention, machine, variant);
  const seen = visible(attention, context);
  // Every parameter file has one (`parseKernelParams`).
  return decodeAttentionUs(params!, heads, machine.device, requests, seen);
}

/**
 * Time in µs of expanding `keys` cached latents to heads, which prompt attention of one layer reads;
 * nothing but for latent attention.
 */
export function expandLayerUs(machine: StepMachine, attention: Attention, keys: number): number {
  if (attention.kind !== "mla") return 0;
  const expand: Projection = {
    kernel: gemmOf(machine, "attention"),
    n: (attention.heads / machine.split.tp) * (attention.nopeDim + attention.valueDim),
    k: attention.kvRank,
  };
  return projectionUs(machine, expand, keys);
}

/** Prompt attention of a layer on a rank: what is the same for all steps. */
export type ContextLayer = {
  readonly attention: Attention;
  readonly layers: number;
  readonly heads: AttentionHeads;
  /** Undefined: not measured. */
  readonly params: ContextAttentionParams | undefined;
  /** Tokens that a query sees at most. */
  readonly seen: number;
};

/** Heads that prompt attention works on; of latent attention, the expanded ones. */
function contextHeads(machine: StepMachine, attention: Attention): AttentionHeads {
  if (attention.kind === "gqa") return gqaHeads(machine, attention);
  const { tp } = machine.split;
  const isLatent = attention.kind === "mla";
  const heads = (isLatent ? attention.heads : attention.valueHeads) / tp;
  const keyDim = isLatent ? attention.nopeDim + attention.ropeDim : attention.keyDim;
  return { heads, kvHeads: heads, keyDim, valueDim: attention.valueDim, kvBytes: BF16_BYTES };
}

/** Prepares `contextLayerUs` for a group of layers. */
export function contextLayer(
  machine: StepMachine,
  { attention, layers }: Pick<LayerGroup, "attention" | "layers">,
): ContextLayer {
  const { params } = machine;
  const window = attention.kind === "gqa" ? attention.windowTokens : undefined;
  const isChunked = attention.kind === "gqa" && attention.chunked === true;
  return {
    attention,
    layers,
    heads: contextHeads(machine, attention),
    params: cacheFit(
      attention.kind === "mla" ? params.contextMla : params.contextAttention,
      machine,
    ),
    seen: window === undefined ? Infinity : isChunked ? window / 2 : window,
  };
}

function mlaContext(
  machine: StepMachine,
  attention: MlaAttention,
  { heads, params }: ContextLayer,
  shape: ContextAttentionShape,
): number {
  const { device } = machine;
  if (isSparse(attention, shape)) {
    const scoresUs = indexScoresUs(attention, device, shape.pairs);
    return scoresUs + sparsePrefillUs(attention, device, heads.heads, shape.newTokens);
  }
  if (params !== undefined) {
    return contextAttentionUs(params, heads, device, shape, machine.params.throttle);
  }
  const flop = 2 * heads.heads * (heads.keyDim + heads.valueDim) * shape.pairs;
  return flop / (UNMEASURED_COMPUTE * device.bf16FlopPerUs);
}

function linearContext(
  machine: StepMachine,
  attention: LinearAttention,
  shape: ContextAttentionShape,
): number {
  const heads = attention.valueHeads / machine.split.tp;
  const chunk = LINEAR_CHUNK * (attention.keyDim + attention.valueDim);
  const flop = 2 * shape.newTokens * heads * (2 * attention.keyDim * attention.valueDim + chunk);
  const bytes = shape.requests * linearStateBytes(machine, attention);
  const computeUs = flop / (UNMEASURED_COMPUTE * machine.device.bf16FlopPerUs);
  return 5 * machine.timing.smallKernelUs + computeUs + streamUs(machine, bytes);
}

/** Time in µs of one layer's attention of the step's prompt tokens on a rank, `expandLayerUs` aside. */
export function contextLayerUs(
  machine: StepMachine,
  layer: ContextLayer,
  shape: ContextAttentionShape,
): number {
  if (shape.requests <= 0 || shape.newTokens <= 0) return 0;
  const { attention, heads, params } = layer;
  if (attention.kind === "linear") return linearContext(machine, attention, shape);
  let us = 0;
  const { cp } = machine.split;
  if (cp > 1) {
    const width =
      attention.kind === "mla"
        ? attention.kvRank + attention.ropeDim
        : heads.kvHeads * (attention.headDim + attention.valueDim);
    const bytes = cp * shape.newTokens * width * machine.kvBytes;
    us = exchangeUs(machine.fabric, "all-gather", cp, bytes);
  }
  if (attention.kind === "mla") return us + mlaContext(machine, attention, layer, shape);
  const pairs = Math.min(shape.pairs, shape.newTokens * layer.seen);
  const limited = pairs === shape.pairs ? shape : { ...shape, pairs };
  if (params === undefined) {
    const flop = 2 * heads.heads * (heads.keyDim + heads.valueDim) * pairs;
    return us + flop / (UNMEASURED_COMPUTE * machine.device.bf16FlopPerUs);
  }
  const { device } = machine;
  return us + contextAttentionUs(params, heads, device, limited, machine.params.throttle);
}
