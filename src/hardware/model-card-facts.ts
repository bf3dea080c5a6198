import type { Result } from "../core/index.ts";
import { fail, ok } from "../core/index.ts";
import {
  attentionNorms,
  attentionParams,
  countParameters,
  ffnParams,
} from "./model-card-params.ts";
import type {
  Attention,
  KvDtype,
  LayerGroup,
  ModelCard,
  ModelPart,
  WeightDtype,
} from "./model-card.ts";
import { KV_BYTES, layerCount, WEIGHT_BYTES } from "./model-card.ts";

/** How a model is stored and split over the GPUs of one worker. */
export type ModelLayout = {
  /** Weight format; the checkpoint's own when absent. */
  readonly dtype?: WeightDtype;
  readonly kvDtype?: KvDtype;
  /** Tensor parallel ranks: heads, feed-forward width and vocabulary are split. */
  readonly tp?: number;
  /** Pipeline stages: layers are split. */
  readonly pp?: number;
  /** Expert parallel ranks among the tp × dp ranks; the rest split each expert's width. */
  readonly ep?: number;
  /** Copies of experts beyond one of each, over all ranks: SGLang's ep_num_redundant_experts. */
  readonly redundantExperts?: number;
  /** Attention data parallel ranks: attention is replicated, experts are split over them too. */
  readonly dp?: number;
};

/** KV cache of one kind of attention layers on the fullest GPU. */
export type KvGroup = {
  readonly layers: number;
  /** Key and value bytes of one token in one layer. */
  readonly bytesPerTokenLayer: number;
  /** Tokens kept at most; absent for full attention. */
  readonly windowTokens?: number;
  readonly chunked: boolean;
};

export type ModelFacts = {
  readonly gpus: number;
  readonly paramsTotal: number;
  readonly paramsActive: number;
  /** Language model and vision encoder, without MTP layers. */
  readonly weightBytes: number;
  /** Weights on the fullest GPU. */
  readonly weightBytesPerGpu: number;
  readonly mtpBytesPerGpu: number;
  readonly kvGroups: readonly KvGroup[];
  /** Bytes a token of unbounded context costs on the fullest GPU: full-attention layers. */
  readonly kvBytesPerTokenPerGpu: number;
  /** The same over all layers, windows ignored. */
  readonly kvBytesPerTokenAllLayers: number;
  /** Fixed state of a sequence in linear-attention layers, on the fullest GPU. */
  readonly stateBytesPerSequencePerGpu: number;
  /** Multiply-adds counted as two: weights only, whole model. */
  readonly flopsPerToken: number;
  /** FLOPs of one new token for each context token it attends to, whole model. */
  readonly attentionFlopsPerContextToken: number;
};

type Split = {
  dtype: WeightDtype;
  kv: KvDtype;
  tp: number;
  pp: number;
  ep: number;
  dp: number;
  copies: number;
};

const POWERS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

function nearestDivisor(value: number, wanted: number): number {
  let best = 1;
  for (const candidate of POWERS) {
    const fits = value % candidate === 0;
    if (fits && Math.abs(candidate - wanted) < Math.abs(best - wanted)) best = candidate;
  }
  return best;
}

function checkHeads(attention: Attention, tp: number): string | undefined {
  const heads = attention.kind === "linear" ? attention.valueHeads : attention.heads;
  if (heads % tp === 0) return undefined;
  return `${heads} attention heads do not divide over ${tp} ranks; nearest: tp ${nearestDivisor(
    heads,
    tp,
  )}`;
}

function checkGroup(group: LayerGroup, split: Split): string | undefined {
  const heads = checkHeads(group.attention, split.tp);
  if (heads !== undefined) return heads;
  if (group.ffn.kind !== "moe") return undefined;
  const ranks = split.tp * split.dp;
  if (ranks % split.ep !== 0) {
    return `ep ${split.ep} does not divide the ${ranks} ranks (tp × dp)`;
  }
  const { experts } = group.ffn;
  const slots = experts + split.copies;
  if (slots % split.ep !== 0) {
    const copied = split.copies === 0 ? "" : ` and ${split.copies} redundant ones`;
    const filling = Math.ceil(slots / split.ep) * split.ep - experts;
    return (
      `${experts} experts${copied} do not divide over ep ${split.ep}; ` +
      `nearest: ep ${nearestDivisor(slots, split.ep)}, or ${filling} redundant experts`
    );
  }
  return undefined;
}

/** Fills defaults and checks that the split divides the model. */
function splitOf(card: ModelCard, layout: ModelLayout): Result<Split> {
  const split: Split = {
    dtype: layout.dtype ?? card.dtype,
    kv: layout.kvDtype ?? "bf16",
    tp: layout.tp ?? 1,
    pp: layout.pp ?? 1,
    ep: layout.ep ?? 1,
    dp: layout.dp ?? 1,
    copies: layout.redundantExperts ?? 0,
  };
  for (const key of ["tp", "pp", "ep", "dp"] as const) {
    if (Number.isSafeInteger(split[key]) && split[key] >= 1) continue;
    return fail({ what: `${key} is ${split[key]}`, where: key, expected: "a whole number ≥ 1" });
  }
  if (!Number.isSafeInteger(split.copies) || split.copies < 0) {
    const what = `${split.copies} redundant experts`;
    return fail({ what, where: "redundantExperts", expected: "a whole number ≥ 0" });
  }
  const layers = layerCount(card);
  if (split.pp > layers) {
    const what = `${layers} layers cannot form ${split.pp} pipeline stages`;
    return fail({ what, where: "pp", expected: `at most ${layers}` });
  }
  for (const group of card.groups) {
    const what = checkGroup(group, split);
    if (what !== undefined) {
      return fail({
        what: `${card.name}: ${what}`,
        expected: "ranks that divide heads and experts",
        remedy: "choose tp and ep among the divisors of the model's heads and experts",
      });
    }
  }
  if (split.ep > 1 && !card.groups.some((group) => group.ffn.kind === "moe")) {
    return fail({ what: `${card.name} has no experts`, where: "ep", remedy: "use ep 1" });
  }
  if (split.copies > 0 && split.ep === 1) {
    return fail({
      what: `${split.copies} redundant experts without expert parallel ranks`,
      where: "redundantExperts",
      expected: "ep above 1: a copy serves to spread an expert's load over ranks",
      remedy: "set ep, or remove the redundant experts",
    });
  }
  return ok(split);
}

function bytesOf(card: ModelCard, part: ModelPart, dtype: WeightDtype): number {
  return card.quantizedParts.includes(part) ? WEIGHT_BYTES[dtype] : WEIGHT_BYTES.bf16;
}

/** One layer's weight bytes on one rank. KV heads are replicated when tp exceeds them. */
function layerBytes(card: ModelCard, group: LayerGroup, split: Split): number {
  const attention = group.attention;
  const ffn = ffnParams(group.ffn, card.hidden);
  let attentionElements = attentionParams(attention, card.hidden);
  if (attention.kind === "gqa") {
    const kv = attention.kvHeads * (attention.headDim + attention.valueDim) * card.hidden;
    const kvPerRank = kv / Math.min(split.tp, attention.kvHeads);
    attentionElements = (attentionElements - kv) / split.tp + kvPerRank;
  } else if (attention.kind === "mla") {
    const query = attention.queryRank > 0 ? card.hidden * attention.queryRank : 0;
    const index = attention.index;
    const indexElements =
      index === undefined
        ? 0
        : attention.queryRank * index.heads * index.dim + card.hidden * (index.dim + index.heads);
    const replicated = query + card.hidden * (attention.kvRank + attention.ropeDim) + indexElements;
    attentionElements = (attentionElements - replicated) / split.tp + replicated;
  } else {
    attentionElements /= split.tp;
  }
  const size = (part: ModelPart): number => bytesOf(card, part, split.dtype);
  return (
    attentionElements * size("attention") +
    (ffn.dense / split.tp) * size("dense") +
    ((ffn.experts + split.copies * ffn.oneExpert) / (split.tp * split.dp)) * size("experts") +
    (ffn.shared / split.tp) * size("shared") +
    (ffn.router + group.normElements + attentionNorms(attention)) * WEIGHT_BYTES.bf16
  );
}

/** Parameters of one expert of the last layer, which extra prediction layers are like. */
function lastExpert(card: ModelCard): number {
  const last = card.groups.at(-1);
  return last === undefined ? 0 : ffnParams(last.ffn, card.hidden).oneExpert;
}

/** Key and value bytes of one token in one layer on one rank; 0 for linear attention. */
function kvBytesPerTokenLayer(attention: Attention, split: Split): number {
  if (attention.kind === "linear") return 0;
  const size = KV_BYTES[split.kv];
  if (attention.kind === "mla") {
    const latent = (attention.kvRank + attention.ropeDim) * size;
    // The indexer caches one fp8 key with a float32 scale per 128 elements (DeepSeek V3.2 report).
    const index = attention.index === undefined ? 0 : attention.index.dim * (1 + 4 / 128);
    return latent + index;
  }
  const heads = Math.max(1, attention.kvHeads / split.tp);
  return heads * (attention.headDim + attention.valueDim) * size;
}

/** Recurrent state (float32) and convolution tail (bf16) of one sequence in one layer. */
function stateBytesPerLayer(attention: Attention, tp: number): number {
  if (attention.kind !== "linear") return 0;
  const state = attention.valueHeads * attention.keyDim * attention.valueDim * 4;
  const channels =
    2 * attention.keyHeads * attention.keyDim + attention.valueHeads * attention.valueDim;
  return (state + channels * (attention.convKernel - 1) * 2) / tp;
}

function kvGroupsOf(card: ModelCard, split: Split, stageShare: number): KvGroup[] {
  const merged = new Map<string, KvGroup & { layers: number }>();
  for (const group of card.groups) {
    const attention = group.attention;
    const bytesPerTokenLayer = kvBytesPerTokenLayer(attention, split);
    if (bytesPerTokenLayer === 0) continue;
    const windowTokens = attention.kind === "gqa" ? attention.windowTokens : undefined;
    const chunked = attention.kind === "gqa" && attention.chunked;
    const key = `${bytesPerTokenLayer}/${windowTokens ?? 0}/${chunked ? 1 : 0}`;
    const known = merged.get(key);
    const layers = (known?.layers ?? 0) + group.layers;
    const base = { layers, bytesPerTokenLayer, chunked };
    merged.set(key, windowTokens === undefined ? base : { ...base, windowTokens });
  }
  const groups: KvGroup[] = [];
  for (const group of merged.values()) {
    groups.push({ ...group, layers: Math.ceil(group.layers * stageShare) });
  }
  return groups;
}

function attentionFlops(card: ModelCard): number {
  let flops = 0;
  for (const { attention, layers } of card.groups) {
    if (attention.kind === "gqa") {
      flops += layers * 2 * attention.heads * (attention.headDim + attention.valueDim);
    } else if (attention.kind === "mla") {
      const query = attention.nopeDim + attention.ropeDim;
      flops += layers * 2 * attention.heads * (query + attention.valueDim);
    }
  }
  return flops;
}

/**
 * Weights, KV bytes and FLOPs of a model under a precision and a split.
 *
 * Bytes are those of the fullest GPU: with pipeline stages, ⌈layers ÷ pp⌉ layers and the larger of
 * embedding and output head. Fails when heads or experts do not divide over the ranks.
 */
export function modelFacts(card: ModelCard, layout: ModelLayout = {}): Result<ModelFacts> {
  const checked = splitOf(card, layout);
  if (!checked.ok) return checked;
  const split = checked.value;
  const params = countParameters(card);
  const layers = layerCount(card);
  const stageShare = Math.ceil(layers / split.pp) / layers;
  let perGpu = 0;
  let stateBytes = 0;
  for (const group of card.groups) {
    const stageLayers = group.layers * stageShare;
    perGpu += stageLayers * layerBytes(card, group, split);
    stateBytes += stageLayers * stateBytesPerLayer(group.attention, split.tp);
  }
  const tables = params.parts.embedding + (split.pp === 1 ? params.parts.lmHead : 0);
  const outer = tables / split.tp + card.finalNormElements + params.encoder / split.tp;
  let weightBytes = params.encoder * WEIGHT_BYTES.bf16;
  for (const [part, count] of Object.entries(params.parts)) {
    weightBytes += count * bytesOf(card, part as ModelPart, split.dtype);
  }
  const kvGroups = kvGroupsOf(card, split, stageShare);
  let full = 0;
  let all = 0;
  for (const group of kvGroups) {
    const bytes = group.layers * group.bytesPerTokenLayer;
    all += bytes;
    if (group.windowTokens === undefined) full += bytes;
  }
  const expertSize = bytesOf(card, "experts", split.dtype);
  const mtpCopies = split.copies * card.mtpLayers * lastExpert(card);
  return ok({
    gpus: split.tp * split.pp * split.dp,
    paramsTotal: params.total,
    paramsActive: params.active,
    weightBytes,
    weightBytesPerGpu: perGpu + outer * WEIGHT_BYTES.bf16,
    mtpBytesPerGpu: ((params.mtp + mtpCopies) * expertSize) / (split.tp * split.dp),
    kvGroups,
    kvBytesPerTokenPerGpu: full,
    kvBytesPerTokenAllLayers: all,
    stateBytesPerSequencePerGpu: stateBytes,
    flopsPerToken: 2 * (params.active - params.parts.norms),
    attentionFlopsPerContextToken: attentionFlops(card),
  });
}
