/**
 * What a Hugging Face architecture's implementation fixes and its config.json does not say.
 * Source: the modelling files of transformers 4.57 and, where a model ships its own, of its page.
 */
export type Family = {
  readonly architecture: string;
  readonly modelTypes: readonly string[];
  readonly attention: "gqa" | "mla" | "falcon" | "hybrid-linear";
  readonly ffn: "swiglu" | "plain" | "falcon" | "moe" | "deepseek" | "llama4" | "gpt-oss";
  /** Norm parameters on queries and keys: per head dimension, over all heads, or none. */
  readonly qkNorm: "head" | "full" | "none";
  readonly qkvBias: boolean;
  readonly outBias: boolean;
  readonly sinks: boolean;
  readonly sharedGate: boolean;
  readonly routerBias: boolean;
  /** Norms of one layer: 2, or 4 where attention and feed-forward outputs are normed too. */
  readonly norms: number;
  /** LayerNorm (weight and bias) instead of RMSNorm. */
  readonly layerNorm: boolean;
  /** Default of `tie_word_embeddings`. */
  readonly tied: boolean;
};

const LLAMA: Family = {
  architecture: "LlamaForCausalLM",
  modelTypes: ["llama"],
  attention: "gqa",
  ffn: "swiglu",
  qkNorm: "none",
  qkvBias: false,
  outBias: false,
  sinks: false,
  sharedGate: false,
  routerBias: false,
  norms: 2,
  layerNorm: false,
  tied: false,
};

const MLA = { attention: "mla", ffn: "deepseek", routerBias: true } as const;
const QWEN_MOE = { ffn: "moe", sharedGate: true } as const;

type Row = readonly [string, readonly string[], Partial<Family>];

const ROWS: readonly Row[] = [
  ["LlamaForCausalLM", ["llama"], {}],
  ["MistralForCausalLM", ["mistral"], {}],
  ["Phi3ForCausalLM", ["phi3"], {}],
  ["GraniteForCausalLM", ["granite"], {}],
  ["SeedOssForCausalLM", ["seed_oss"], { qkvBias: true }],
  // One norm before attention and feed-forward, which run side by side; embeddings are tied.
  ["CohereForCausalLM", ["cohere"], { norms: 1, tied: true }],
  ["Cohere2ForCausalLM", ["cohere2"], { norms: 1, tied: true }],
  // Two matrices, biases everywhere, LayerNorm.
  [
    "Starcoder2ForCausalLM",
    ["starcoder2"],
    { ffn: "plain", qkvBias: true, outBias: true, layerNorm: true, tied: true },
  ],
  ["Olmo2ForCausalLM", ["olmo2"], { qkNorm: "full" }],
  ["OlmoeForCausalLM", ["olmoe"], { ffn: "moe", qkNorm: "full" }],
  ["Mistral3ForConditionalGeneration", ["mistral3"], {}],
  ["MixtralForCausalLM", ["mixtral"], { ffn: "moe" }],
  ["Qwen2ForCausalLM", ["qwen2"], { qkvBias: true }],
  ["Qwen2VLForConditionalGeneration", ["qwen2_vl"], { qkvBias: true }],
  ["Qwen2_5_VLForConditionalGeneration", ["qwen2_5_vl"], { qkvBias: true }],
  ["Qwen2MoeForCausalLM", ["qwen2_moe"], { ...QWEN_MOE, qkvBias: true }],
  ["Qwen3ForCausalLM", ["qwen3"], { qkNorm: "head" }],
  ["Qwen3MoeForCausalLM", ["qwen3_moe"], { ffn: "moe", qkNorm: "head" }],
  ["Qwen3VLForConditionalGeneration", ["qwen3_vl"], { qkNorm: "head" }],
  ["Qwen3VLMoeForConditionalGeneration", ["qwen3_vl_moe"], { ffn: "moe", qkNorm: "head" }],
  [
    "Qwen3NextForCausalLM",
    ["qwen3_next"],
    { ...QWEN_MOE, attention: "hybrid-linear", qkNorm: "head" },
  ],
  [
    "Qwen3_5MoeForConditionalGeneration",
    ["qwen3_5_moe", "qwen3_5_moe_text"],
    { ...QWEN_MOE, attention: "hybrid-linear", qkNorm: "head" },
  ],
  [
    "Qwen3_5ForConditionalGeneration",
    ["qwen3_5", "qwen3_5_text"],
    { attention: "hybrid-linear", qkNorm: "head" },
  ],
  ["Llama4ForConditionalGeneration", ["llama4", "llama4_text"], { ffn: "llama4" }],
  ["Llama4ForCausalLM", [], { ffn: "llama4" }],
  ["DeepseekV2ForCausalLM", ["deepseek_v2"], { ...MLA, routerBias: false }],
  ["DeepseekV3ForCausalLM", ["deepseek_v3", "kimi_k2"], MLA],
  ["DeepseekV32ForCausalLM", ["deepseek_v32"], MLA],
  ["KimiK25ForConditionalGeneration", ["kimi_k25"], MLA],
  ["GlmMoeDsaForCausalLM", ["glm_moe_dsa"], MLA],
  ["Glm4MoeForCausalLM", ["glm4_moe"], { ffn: "deepseek", qkvBias: true, routerBias: true }],
  [
    "GptOssForCausalLM",
    ["gpt_oss"],
    { ffn: "gpt-oss", qkvBias: true, outBias: true, sinks: true, routerBias: true },
  ],
  [
    "MiniMaxM2ForCausalLM",
    ["minimax_m2", "minimax"],
    { ffn: "moe", qkNorm: "full", routerBias: true },
  ],
  [
    "FalconForCausalLM",
    ["falcon"],
    { attention: "falcon", ffn: "falcon", layerNorm: true, tied: true },
  ],
  ["Gemma2ForCausalLM", ["gemma2"], { norms: 4, tied: true }],
  ["Gemma3ForCausalLM", ["gemma3_text"], { norms: 4, qkNorm: "head", tied: true }],
  ["Gemma3ForConditionalGeneration", ["gemma3"], { norms: 4, qkNorm: "head", tied: true }],
];

/** Known architectures by the name in `architectures`. */
export const FAMILIES: ReadonlyMap<string, Family> = new Map(
  ROWS.map(([architecture, modelTypes, traits]) => [
    architecture,
    { ...LLAMA, ...traits, architecture, modelTypes },
  ]),
);

/**
 * The family whose layers a configuration's fields look most like, whatever its name: by the fields that only such layers
 * have.
 */
export function familyLike(has: (field: string) => boolean): string {
  const routed = has("num_experts") || has("num_local_experts") || has("n_routed_experts");
  if (has("kv_lora_rank")) return routed ? "DeepseekV3ForCausalLM" : "DeepseekV2ForCausalLM";
  if (has("linear_num_value_heads")) {
    return routed ? "Qwen3NextForCausalLM" : "Qwen3_5ForConditionalGeneration";
  }
  if (!routed) return "LlamaForCausalLM";
  if (has("first_k_dense_replace") && has("n_shared_experts")) return "Glm4MoeForCausalLM";
  if (has("shared_expert_intermediate_size")) return "Qwen2MoeForCausalLM";
  return has("moe_intermediate_size") ? "Qwen3MoeForCausalLM" : "MixtralForCausalLM";
}
