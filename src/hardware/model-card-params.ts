import type {
  Attention,
  Ffn,
  GqaAttention,
  LayerGroup,
  LinearAttention,
  MlaAttention,
  ModelCard,
  ModelPart,
} from "./model-card.ts";

/** Parameters of a model by part; `total` leaves MTP layers and the vision encoder out. */
export type ParameterCount = {
  readonly parts: Readonly<Record<ModelPart, number>>;
  /** Parameters one token passes through (embedding row not counted, output head counted). */
  readonly active: number;
  readonly total: number;
  readonly mtp: number;
  readonly encoder: number;
};

function gqaParams(a: GqaAttention, hidden: number): number {
  const query = a.heads * a.headDim * (a.gated ? 2 : 1);
  const key = a.kvHeads * a.headDim;
  const value = a.kvHeads * a.valueDim;
  const weights = hidden * (query + key + value) + a.heads * a.valueDim * hidden;
  const biases = (a.qkvBias ? query + key + value : 0) + (a.outBias ? hidden : 0);
  return weights + biases + (a.sinks ? a.heads : 0);
}

function mlaParams(a: MlaAttention, hidden: number): number {
  const queryWidth = a.heads * (a.nopeDim + a.ropeDim);
  const query =
    a.queryRank > 0 ? hidden * a.queryRank + a.queryRank * queryWidth : hidden * queryWidth;
  const down = hidden * (a.kvRank + a.ropeDim);
  const up = a.kvRank * a.heads * (a.nopeDim + a.valueDim);
  const out = a.heads * a.valueDim * hidden;
  const index =
    a.index === undefined
      ? 0
      : Math.max(a.queryRank, 1) * a.index.heads * a.index.dim +
        hidden * a.index.dim +
        hidden * a.index.heads;
  return query + down + up + out + index;
}

function linearParams(a: LinearAttention, hidden: number): number {
  const keys = a.keyHeads * a.keyDim;
  const values = a.valueHeads * a.valueDim;
  const inProjection = hidden * (2 * keys + 2 * values + 2 * a.valueHeads);
  const conv = (2 * keys + values) * a.convKernel;
  return inProjection + conv + 2 * a.valueHeads + values * hidden;
}

/** Parameters of one layer's attention, its internal norms left out. */
export function attentionParams(a: Attention, hidden: number): number {
  if (a.kind === "gqa") return gqaParams(a, hidden);
  return a.kind === "mla" ? mlaParams(a, hidden) : linearParams(a, hidden);
}

/** Elements of the norms inside one layer's attention. */
export function attentionNorms(a: Attention): number {
  if (a.kind === "gqa") return a.qkNorm;
  if (a.kind === "linear") return a.valueDim;
  const index = a.index === undefined ? 0 : 2 * a.index.dim;
  return a.queryRank + a.kvRank + index;
}

/** Parameters of one layer's feed-forward part: everything, and what one token uses. */
export type FfnParams = {
  readonly dense: number;
  readonly experts: number;
  readonly oneExpert: number;
  readonly shared: number;
  readonly router: number;
};

export function ffnParams(ffn: Ffn, hidden: number): FfnParams {
  if (ffn.kind === "dense") {
    const bias = ffn.bias ? (ffn.matrices - 1) * ffn.inter + hidden : 0;
    const dense = ffn.matrices * hidden * ffn.inter + bias;
    return { dense, experts: 0, oneExpert: 0, shared: 0, router: 0 };
  }
  const bias = ffn.bias ? 2 * ffn.inter + hidden : 0;
  const oneExpert = 3 * hidden * ffn.inter + bias;
  const shared = 3 * hidden * ffn.sharedInter + (ffn.sharedGate ? hidden : 0);
  const router = hidden * ffn.experts + (ffn.routerBias ? ffn.experts : 0);
  return { dense: 0, experts: ffn.experts * oneExpert, oneExpert, shared, router };
}

function layerNorms(group: LayerGroup): number {
  return group.normElements + attentionNorms(group.attention);
}

/** Parameters of the extra prediction layers: like the last layer, plus the input projection. */
function mtpParams(card: ModelCard): number {
  const last = card.groups[card.groups.length - 1];
  if (last === undefined || card.mtpLayers === 0) return 0;
  const ffn = ffnParams(last.ffn, card.hidden);
  const layer =
    attentionParams(last.attention, card.hidden) +
    layerNorms(last) +
    ffn.dense +
    ffn.experts +
    ffn.shared +
    ffn.router;
  return card.mtpLayers * (layer + 2 * card.hidden * card.hidden + 3 * card.hidden);
}

/**
 * Counts the parameters of a model exactly as its checkpoint stores them.
 * Source of the shapes: the Hugging Face reference implementation of each architecture.
 */
export function countParameters(card: ModelCard): ParameterCount {
  const embedding = card.vocab * card.hidden;
  const lmHead = card.tiedEmbeddings ? 0 : embedding;
  const parts = {
    embedding,
    lmHead,
    attention: 0,
    dense: 0,
    experts: 0,
    shared: 0,
    router: 0,
    norms: card.finalNormElements,
  };
  let active = embedding + card.finalNormElements;
  for (const group of card.groups) {
    const attention = group.layers * attentionParams(group.attention, card.hidden);
    const norms = group.layers * layerNorms(group);
    const ffn = ffnParams(group.ffn, card.hidden);
    const topK = group.ffn.kind === "moe" ? group.ffn.topK : 0;
    parts.attention += attention;
    parts.norms += norms;
    parts.dense += group.layers * ffn.dense;
    parts.experts += group.layers * ffn.experts;
    parts.shared += group.layers * ffn.shared;
    parts.router += group.layers * ffn.router;
    active += attention + norms;
    active += group.layers * (ffn.dense + ffn.oneExpert * topK + ffn.shared + ffn.router);
  }
  let total = 0;
  for (const part of Object.values(parts)) total += part;
  return { parts, active, total, mtp: mtpParams(card), encoder: card.encoder?.params ?? 0 };
}
