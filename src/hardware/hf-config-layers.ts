import type { Family } from "./hf-config-families.ts";
import type { Fields } from "./hf-config-fields.ts";
import type {
  Attention,
  Ffn,
  GroupChoice,
  LinearAttention,
  MlaAttention,
  MoeFfn,
} from "./model-card.ts";

/** What `layer_types` or the interval fields say about one layer. */
type LayerKind = "full" | "sliding" | "chunked" | "linear";

function listedKind(config: Fields, layer: number): LayerKind | undefined {
  const listed = config.list("layer_types")?.[layer];
  if (typeof listed !== "string") return undefined;
  if (listed.includes("linear")) return "linear";
  if (listed.includes("sliding")) return "sliding";
  if (listed.includes("chunked")) return "chunked";
  return "full";
}

/** Every n-th layer attends to everything when `interval` > 0; the others are `other`. */
function everyNth(layer: number, interval: number, other: LayerKind): LayerKind {
  return interval > 0 && (layer + 1) % interval === 0 ? "full" : other;
}

function kindOf(config: Fields, family: Family, layer: number): LayerKind {
  const listed = listedKind(config, layer);
  if (listed !== undefined) return listed;
  if (family.attention === "hybrid-linear") {
    return everyNth(layer, config.numberOr(4, "full_attention_interval"), "linear");
  }
  if (family.ffn === "llama4") {
    const rope = config.list("no_rope_layers")?.[layer];
    if (rope === 0) return "full";
    if (rope === 1) return config.has("attention_chunk_size") ? "chunked" : "full";
    const other = config.has("attention_chunk_size") ? "chunked" : "full";
    return everyNth(layer, config.numberOr(4, "no_rope_layer_interval"), other);
  }
  if (!config.has("sliding_window") || !config.flag("use_sliding_window", true)) return "full";
  if (family.ffn === "gpt-oss") return layer % 2 === 0 ? "sliding" : "full";
  // Gemma 2 alternates, Gemma 3 attends to everything in every sixth layer.
  if (family.norms === 4)
    return everyNth(
      layer,
      config.numberOr(family.qkNorm === "head" ? 6 : 2, "sliding_window_pattern"),
      "sliding",
    );
  // Cohere 2 says so for every fourth.
  if (config.has("sliding_window_pattern")) {
    return everyNth(layer, config.count("sliding_window_pattern"), "sliding");
  }
  // Qwen2's windows start above max_window_layers; Mistral's apply everywhere.
  return layer >= config.numberOr(0, "max_window_layers") ? "sliding" : "full";
}

/** Every key-value head serves as many query heads. */
function checkHeads(config: Fields, heads: number, kvHeads: number): void {
  if (heads % kvHeads === 0) return;
  let nearest = 1;
  for (let count = 1; count <= heads; count++) {
    if (heads % count !== 0) continue;
    if (Math.abs(count - kvHeads) < Math.abs(nearest - kvHeads)) nearest = count;
  }
  config.reject(
    "num_key_value_heads",
    `${heads} attention heads are no multiple of ${kvHeads} key-value heads`,
    `a divisor of ${heads}, nearest: ${nearest}`,
  );
}

function gqaOf(config: Fields, family: Family, kind: LayerKind): Attention {
  const heads = config.count("num_attention_heads", "n_head");
  const kvHeads = config.countOr(heads, "num_key_value_heads");
  checkHeads(config, heads, kvHeads);
  const hidden = config.count("hidden_size", "n_embd", "d_model");
  const headDim = config.countOr(Math.floor(hidden / heads), "head_dim");
  const qkNorm = {
    head: 2 * headDim,
    full: (heads + kvHeads) * headDim,
    none: 0,
  }[family.ffn === "deepseek" && config.flag("use_qk_norm", false) ? "head" : family.qkNorm];
  const bias = config.flag("attention_bias", config.flag("use_bias", family.qkvBias));
  const base = {
    kind: "gqa" as const,
    heads,
    kvHeads,
    headDim,
    valueDim: headDim,
    chunked: kind === "chunked",
    // Llama's attention_bias is on the output projection too; the others' is not.
    qkvBias: bias,
    outBias: bias && (family.outBias || !family.qkvBias),
    qkNorm,
    gated: family.attention === "hybrid-linear" && config.flag("attn_output_gate", true),
    sinks: family.sinks,
  };
  if (kind === "sliding") return { ...base, windowTokens: config.count("sliding_window") };
  if (kind === "chunked") return { ...base, windowTokens: config.count("attention_chunk_size") };
  return base;
}

function falconOf(config: Fields): Attention {
  const heads = config.count("num_attention_heads", "n_head");
  const hidden = config.count("hidden_size", "n_embd");
  const modern = config.flag("new_decoder_architecture", false);
  const multiQuery = config.flag("multi_query", true);
  const kvHeads = modern ? config.count("num_kv_heads") : multiQuery ? 1 : heads;
  checkHeads(config, heads, kvHeads);
  const headDim = Math.floor(hidden / heads);
  const bias = config.flag("bias", false);
  return {
    kind: "gqa",
    heads,
    kvHeads,
    headDim,
    valueDim: headDim,
    chunked: false,
    qkvBias: bias,
    outBias: bias,
    qkNorm: 0,
    gated: false,
    sinks: false,
  };
}

function mlaOf(config: Fields): MlaAttention {
  const base: MlaAttention = {
    kind: "mla",
    heads: config.count("num_attention_heads"),
    queryRank: config.numberOr(0, "q_lora_rank"),
    kvRank: config.count("kv_lora_rank"),
    ropeDim: config.count("qk_rope_head_dim"),
    nopeDim: config.count("qk_nope_head_dim"),
    valueDim: config.count("v_head_dim"),
  };
  if (!config.has("index_topk")) return base;
  const heads = config.count("index_n_heads");
  const dim = config.count("index_head_dim");
  return { ...base, index: { heads, dim, topK: config.count("index_topk") } };
}

function linearOf(config: Fields): LinearAttention {
  return {
    kind: "linear",
    keyHeads: config.count("linear_num_key_heads"),
    valueHeads: config.count("linear_num_value_heads"),
    keyDim: config.count("linear_key_head_dim"),
    valueDim: config.count("linear_value_head_dim"),
    convKernel: config.countOr(4, "linear_conv_kernel_dim"),
  };
}

/** Attention of one layer. */
export function attentionOf(config: Fields, family: Family, layer: number): Attention {
  if (family.attention === "falcon") return falconOf(config);
  if (family.attention === "mla") return mlaOf(config);
  const kind = kindOf(config, family, layer);
  return kind === "linear" ? linearOf(config) : gqaOf(config, family, kind);
}

function denseOf(inter: number, bias = false, matrices = 3): Ffn {
  return { kind: "dense", inter, matrices, bias };
}

function checkExperts(config: Fields, experts: number, topK: number): void {
  if (topK <= experts) return;
  const what = `a token goes to ${topK} experts of ${experts}`;
  config.reject("num_experts_per_tok", what, `at most ${experts}`);
}

/** Groups that routing is limited to; undefined: every expert may be chosen. */
function choiceOf(config: Fields, experts: number): GroupChoice | undefined {
  const groups = config.countOr(1, "n_group");
  const topGroups = config.countOr(groups, "topk_group");
  if (experts % groups !== 0) {
    config.reject("n_group", `${experts} experts do not divide into ${groups} groups`, "a divisor");
  }
  return groups === 1 || topGroups >= groups ? undefined : { groups, topGroups };
}

function moeOf(config: Fields, family: Family): MoeFfn {
  const experts = config.count("num_local_experts", "num_experts", "n_routed_experts");
  const inter = config.count("moe_intermediate_size", "intermediate_size");
  const shared = config.numberOr(0, "n_shared_experts", "num_shared_experts") * inter;
  const topK = config.count("num_experts_per_tok", "num_experts_per_token", "experts_per_token");
  checkExperts(config, experts, topK);
  const choice = choiceOf(config, experts);
  return {
    kind: "moe",
    ...(choice === undefined ? {} : { choice }),
    experts,
    topK,
    inter,
    sharedInter: config.numberOr(shared, "shared_expert_intermediate_size"),
    sharedGate: family.sharedGate,
    bias: family.ffn === "gpt-oss",
    routerBias: config.flag("use_routing_bias", family.routerBias),
  };
}

function llama4Of(config: Fields, layer: number): Ffn {
  const step = config.countOr(1, "interleave_moe_layer_step");
  if ((layer + 1) % step !== 0) return denseOf(config.count("intermediate_size_mlp"));
  const inter = config.count("intermediate_size");
  const experts = config.count("num_local_experts");
  const topK = config.count("num_experts_per_tok");
  checkExperts(config, experts, topK);
  return {
    kind: "moe",
    experts,
    topK,
    inter,
    sharedInter: inter,
    sharedGate: false,
    bias: false,
    routerBias: false,
  };
}

/** Feed-forward part of one layer. */
export function ffnOf(config: Fields, family: Family, layer: number): Ffn {
  switch (family.ffn) {
    case "swiglu":
      return denseOf(config.count("intermediate_size"), config.flag("mlp_bias", false));
    case "plain":
      return denseOf(config.count("intermediate_size"), config.flag("use_bias", true), 2);
    case "falcon": {
      const hidden = config.count("hidden_size", "n_embd");
      return denseOf(config.countOr(4 * hidden, "ffn_hidden_size"), config.flag("bias", false), 2);
    }
    case "llama4":
      return llama4Of(config, layer);
    case "deepseek":
      if (layer < config.numberOr(0, "first_k_dense_replace")) {
        return denseOf(config.count("intermediate_size"));
      }
      return moeOf(config, family);
    case "moe":
    case "gpt-oss": {
      const only = config.list("mlp_only_layers");
      const step = config.countOr(1, "decoder_sparse_step");
      const isDense = only?.includes(layer) === true || (layer + 1) % step !== 0;
      return isDense ? denseOf(config.count("intermediate_size")) : moeOf(config, family);
    }
  }
}

/** Elements of the norms around one layer's two parts. */
export function normElementsOf(config: Fields, family: Family): number {
  const hidden = config.count("hidden_size", "n_embd", "d_model");
  if (family.ffn !== "falcon") return family.norms * hidden * (family.layerNorm ? 2 : 1);
  const two = config.flag("new_decoder_architecture", false) || !config.flag("parallel_attn", true);
  return (two ? 4 : 2) * hidden;
}
