/**
 * Model cards: the shape of a language model, as far as time and memory depend on it.
 *
 * A model is a list of layer groups. A group is `layers` decoder layers with one kind of attention
 * and one kind of feed-forward part, so that dense and mixture-of-experts layers, full and windowed
 * attention, and linear attention can be mixed in one model.
 */

/** Grouped-query attention; multi-head attention is `kvHeads === heads`. */
export type GqaAttention = {
  readonly kind: "gqa";
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Value head dimension, equal to `headDim` in almost all models. */
  readonly valueDim: number;
  /** Tokens a query sees: a sliding window, or a local chunk when `chunked`. */
  readonly windowTokens?: number;
  readonly chunked: boolean;
  readonly qkvBias: boolean;
  readonly outBias: boolean;
  /** Elements of query and key norms of one layer together; 0 without them. */
  readonly qkNorm: number;
  /** The query projection carries an output gate of its own size (Qwen3-Next and later). */
  readonly gated: boolean;
  /** One learned sink logit a head (gpt-oss). */
  readonly sinks: boolean;
};

/** Multi-head latent attention: one compressed vector a token is cached, whatever the heads. */
export type MlaAttention = {
  readonly kind: "mla";
  readonly heads: number;
  /** 0 when queries are not compressed. */
  readonly queryRank: number;
  readonly kvRank: number;
  readonly ropeDim: number;
  readonly nopeDim: number;
  readonly valueDim: number;
  /** Sparse attention's indexer (DeepSeek V3.2): every query reads `topK` tokens only. */
  readonly index?: { readonly heads: number; readonly dim: number; readonly topK: number };
};

/** Gated delta-rule linear attention: a state of fixed size a sequence instead of a KV cache. */
export type LinearAttention = {
  readonly kind: "linear";
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly convKernel: number;
};

export type Attention = GqaAttention | MlaAttention | LinearAttention;

export type DenseFfn = {
  readonly kind: "dense";
  readonly inter: number;
  /** 3 with a gate (SwiGLU), 2 without. */
  readonly matrices: number;
  readonly bias: boolean;
};

export type MoeFfn = {
  readonly kind: "moe";
  readonly experts: number;
  readonly topK: number;
  /** Inner width of one routed expert. */
  readonly inter: number;
  /** Inner width of all shared experts together; 0 without them. */
  readonly sharedInter: number;
  /** A scalar gate on the shared expert (Qwen). */
  readonly sharedGate: boolean;
  readonly bias: boolean;
  /** Per-expert correction of the router: a bias, or DeepSeek's load-balancing term. */
  readonly routerBias: boolean;
  /** A token chooses among the experts of some groups only; absent: among all. */
  readonly choice?: GroupChoice;
};

/** Routing limited to groups (DeepSeek's n_group and topk_group). */
export type GroupChoice = { readonly groups: number; readonly topGroups: number };

export type Ffn = DenseFfn | MoeFfn;

export type LayerGroup = {
  readonly layers: number;
  readonly attention: Attention;
  readonly ffn: Ffn;
  /** Elements of the norms around attention and feed-forward of one layer. */
  readonly normElements: number;
};

/** Bytes a weight takes, by storage format; see `WEIGHT_BYTES`. */
export type WeightDtype = (typeof WEIGHT_DTYPES)[number];

/** Storage formats of weights. */
export const WEIGHT_DTYPES = [
  "bf16",
  "fp8",
  "fp8-block",
  "int8",
  "int4",
  "int4-g32",
  "nvfp4",
  "mxfp4",
] as const;

/** Bytes a cached key or value element takes. */
export type KvDtype = (typeof KV_DTYPES)[number];

/** Storage formats of the KV cache. */
export const KV_DTYPES = ["bf16", "fp8"] as const;

/** Parts of a model that quantisation treats differently. */
export type ModelPart =
  "embedding" | "lmHead" | "attention" | "dense" | "experts" | "shared" | "router" | "norms";

/** A vision encoder in front of the language model. */
export type Encoder = {
  readonly params: number;
  readonly hidden: number;
  /** Patches of the largest single item the processor produces. */
  readonly maxPatches: number;
};

export type ModelCard = {
  readonly name: string;
  readonly architecture: string;
  readonly hidden: number;
  readonly vocab: number;
  readonly tiedEmbeddings: boolean;
  /** Longest position the rotary tables are built for. */
  readonly maxPositions: number;
  /** Rotated dimensions of a head; 0 without rotary embedding. */
  readonly ropeDim: number;
  readonly groups: readonly LayerGroup[];
  /** Elements of norms outside the layers. */
  readonly finalNormElements: number;
  /** Decoder layers that predict further tokens, besides the model proper; 0 without. */
  readonly mtpLayers: number;
  /** Format the published checkpoint is stored in. */
  readonly dtype: WeightDtype;
  /** Parts stored in `dtype` when that is a quantised format; the others stay bf16. */
  readonly quantizedParts: readonly ModelPart[];
  readonly encoder?: Encoder;
};

/**
 * Bytes per weight. Block formats count their scales: one float32 per 128 × 128 block (DeepSeek-V3
 * technical report §3.3), one byte per 16 (nvfp4) or 32 (OCP MX v1.0 §5.2) weights, one bf16 per
 * group of 128 or 32 (compressed-tensors int4).
 */
export const WEIGHT_BYTES: Readonly<Record<WeightDtype, number>> = {
  bf16: 2,
  fp8: 1,
  "fp8-block": 1 + 4 / 16384,
  int8: 1,
  int4: 0.5 + 2 / 128,
  "int4-g32": 0.5 + 2 / 32,
  nvfp4: 0.5 + 1 / 16,
  mxfp4: 0.5 + 1 / 32,
};

export const KV_BYTES: Readonly<Record<KvDtype, number>> = { bf16: 2, fp8: 1 };

/** Parts that a quantised checkpoint stores in its format unless the card says otherwise. */
export const LINEAR_PARTS: readonly ModelPart[] = ["attention", "dense", "experts", "shared"];

/** Words that an EAGLE-3 head drafts; its output layer is that wide (published heads of Llama and Qwen). */
export const EAGLE_VOCAB = 32_000;

/** Decoder layers of the model proper. */
export function layerCount(card: ModelCard): number {
  let layers = 0;
  for (const group of card.groups) layers += group.layers;
  return layers;
}
