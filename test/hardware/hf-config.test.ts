import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHfConfig } from "../../src/hardware/hf-config.ts";
import { countParameters } from "../../src/hardware/model-card-params.ts";
import type { LlmFile } from "./cards-support.ts";
import { documentsOf, valueOf } from "./cards-support.ts";

const configs = new Map(documentsOf<LlmFile>("llms").map(([, file]) => [file.llm, file.config]));

function card(name: string) {
  return valueOf(parseHfConfig(configs.get(name), name));
}

describe("shapes", () => {
  test("gpt-oss alternates windowed and full attention, with sinks and biases", () => {
    const groups = card("gpt-oss-20b").groups;
    expect(groups.map((group) => group.layers)).toEqual([12, 12]);
    const [windowed, full] = groups.map((group) => group.attention);
    expect(windowed).toMatchObject({ windowTokens: 128, sinks: true, qkvBias: true });
    expect(full).not.toHaveProperty("windowTokens");
    expect(card("gpt-oss-20b").quantizedParts).not.toContain("attention");
  });

  test("Llama 4 Maverick alternates dense and expert layers and chunked attention", () => {
    const groups = card("llama-4-maverick").groups;
    const sum = (kind: string): number =>
      groups.reduce((layers, group) => layers + (group.ffn.kind === kind ? group.layers : 0), 0);
    expect([sum("dense"), sum("moe")]).toEqual([24, 24]);
    const chunked = groups.filter((g) => g.attention.kind === "gqa" && g.attention.chunked);
    expect(chunked.reduce((layers, group) => layers + group.layers, 0)).toBe(36);
  });

  test("DeepSeek V3.2: latent and sparse attention, dense first layers, one MTP layer", () => {
    const model = card("deepseek-v3.2");
    expect(model.groups.map((group) => group.layers)).toEqual([3, 58]);
    expect(model.groups[1]?.attention).toMatchObject({ kind: "mla", index: { topK: 2048 } });
    expect(model.mtpLayers).toBe(1);
    expect(model.dtype).toBe("fp8-block");
    // Published: 14 B for the MTP module, of which embedding and head are shared with the model.
    expect(countParameters(model).mtp / 1e9).toBeCloseTo(11.6, 1);
  });

  test("Qwen3.5: three linear layers to one gated full layer, with a vision encoder", () => {
    const model = card("qwen3.5-397b-a17b");
    expect(model.groups.map((g) => [g.attention.kind, g.layers])).toEqual([
      ["linear", 45],
      ["gqa", 15],
    ]);
    expect(model.groups[1]?.attention).toMatchObject({ gated: true });
    expect(model.ropeDim).toBe(64);
    expect(model.encoder?.params).toBeGreaterThan(3e8);
  });

  test("compressed-tensors lists decide which parts are quantised", () => {
    expect(card("kimi-k2.5").dtype).toBe("int4-g32");
    expect(card("kimi-k2.5").quantizedParts).toEqual(["experts"]);
    expect(card("llama-4-scout-fp8").quantizedParts).toEqual(["dense", "experts", "shared"]);
  });

  test("layer_types, when present, win over interval fields", () => {
    const config = {
      ...(configs.get("qwen3-8b") as object),
      num_hidden_layers: 3,
      sliding_window: 4096,
      layer_types: ["sliding_attention", "full_attention", "sliding_attention"],
    };
    const groups = valueOf(parseHfConfig(config)).groups;
    expect(groups.map((group) => group.layers)).toEqual([2, 1]);
  });

  test("Gemma 3 attends to everything in every sixth layer", () => {
    const config = {
      architectures: ["Gemma3ForCausalLM"],
      hidden_size: 1152,
      num_hidden_layers: 26,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      head_dim: 256,
      intermediate_size: 6912,
      vocab_size: 262144,
      sliding_window: 512,
    };
    const model = valueOf(parseHfConfig(config));
    expect(model.groups.map((group) => group.layers)).toEqual([22, 4]);
    // Published: 999,885,952 (safetensors of gemma-3-1b-it).
    expect(countParameters(model).total).toBe(999885952);
  });
});

describe("families without a bundled card", () => {
  // Shape fields as on the models' pages; counts: their safetensors files.
  test.each([
    [
      "OLMo-2-1124-7B",
      "Olmo2ForCausalLM",
      [4096, 32, 32, 32, 11008, 100352],
      { attention_bias: false },
      7298617344,
    ],
    [
      "granite-3.1-8b",
      "GraniteForCausalLM",
      [4096, 40, 32, 8, 12800, 49155],
      { tie_word_embeddings: true },
      8170848256,
    ],
    ["c4ai-command-r-v01", "CohereForCausalLM", [8192, 40, 64, 64, 22528, 256000], {}, 34980831232],
    [
      "starcoder2-7b",
      "Starcoder2ForCausalLM",
      [4608, 32, 36, 4, 18432, 49152],
      { use_bias: true, sliding_window: 4096 },
      7173923840,
    ],
    [
      "OLMoE-1B-7B",
      "OlmoeForCausalLM",
      [2048, 16, 16, 16, 1024, 50304],
      { num_experts: 64, num_experts_per_tok: 8 },
      6919161856,
    ],
    [
      "Qwen2.5-VL-7B, language part",
      "Qwen2_5_VLForConditionalGeneration",
      [3584, 28, 28, 4, 18944, 152064],
      { use_sliding_window: false, sliding_window: 32768 },
      7615616512,
    ],
  ] as const)("%s", (name, architecture, shape, more, parameters) => {
    const [hidden, layers, heads, kvHeads, inter, vocab] = shape;
    const config = {
      architectures: [architecture],
      hidden_size: hidden,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      intermediate_size: inter,
      vocab_size: vocab,
      ...more,
    };
    expect(countParameters(valueOf(parseHfConfig(config, name))).total).toBe(parameters);
  });

  test("Cohere 2 attends to everything in every fourth layer", () => {
    const shape = { hidden_size: 4096, num_hidden_layers: 32, num_attention_heads: 32 };
    const config = { ...shape, intermediate_size: 14336, vocab_size: 256000, sliding_window: 4096 };
    const card = valueOf(
      parseHfConfig({
        ...config,
        architectures: ["Cohere2ForCausalLM"],
        num_key_value_heads: 8,
        sliding_window_pattern: 4,
      }),
    );
    const windows = card.groups.map(({ layers, attention }) => [
      layers,
      attention.kind === "gqa" ? attention.windowTokens : null,
    ]);
    expect(windows).toEqual([
      [24, 4096],
      [8, undefined],
    ]);
  });
});

describe("bad input", () => {
  test("an unknown architecture is named with the nearest known one", () => {
    const bad = parseHfConfig({ architectures: ["Qwen4MoeForCausalLM"] });
    expect(bad.ok ? "" : bad.problem.what).toContain("Qwen4MoeForCausalLM");
    expect(bad.ok ? "" : bad.problem.expected).toMatch(/nearest: Qwen[23]MoeForCausalLM/);
  });

  test.each([
    ["num_experts", "MixtralForCausalLM"],
    ["kv_lora_rank", "DeepseekV2ForCausalLM"],
    ["linear_num_value_heads", "Qwen3_5ForConditionalGeneration"],
    ["intermediate_size", "LlamaForCausalLM"],
  ])("a name like no other: the nearest has the same fields (%s)", (field, nearest) => {
    const bad = parseHfConfig({ architectures: ["ZyxForCausalLM"], [field]: 8 });
    expect(bad.ok ? "" : bad.problem.expected).toContain(`nearest: ${nearest}`);
  });

  test("a model type serves when no architecture is listed", () => {
    const config = { ...(configs.get("llama-3.1-8b") as object), architectures: undefined };
    expect(parseHfConfig({ ...config, model_type: "llama" }).ok).toBe(true);
    expect(parseHfConfig(config).ok).toBe(false);
  });

  test.each([
    ["missing", "hidden_size", undefined],
    ["text", "vocab_size", "many"],
    ["negative", "num_attention_heads", -4],
    ["zero", "num_hidden_layers", 0],
    ["huge", "num_hidden_layers", 1e9],
    ["fraction", "num_key_value_heads", 1.5],
    ["quoted", "num_hidden_layers", "32"],
    ["endless", "num_attention_heads", NaN],
    ["larger than any", "hidden_size", 1e9],
    ["a digit too many", "hidden_size", 10_000_000],
  ])("a %s field is named", (_, field, value) => {
    const config = { ...(configs.get("llama-3.1-8b") as object), [field]: value };
    const bad = parseHfConfig(config);
    expect(bad.ok ? "" : JSON.stringify(bad.problem)).toContain(field);
  });

  test.each([null, 7, "text", [], [{}]])("%j is no configuration", (json) => {
    expect(parseHfConfig(json).ok).toBe(false);
  });

  test("2,000 damaged configurations: finite counts or a problem, never a throw", () => {
    const names = [...configs.keys()];
    const values = fc.oneof(fc.constant(null), fc.double(), fc.string(), fc.constant([]));
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), values, (name, index, value) => {
        const config = JSON.parse(JSON.stringify(configs.get(name))) as Record<string, unknown>;
        const nested = config["text_config"];
        const target = typeof nested === "object" ? (nested as Record<string, unknown>) : config;
        const keys = Object.keys(target);
        const key = keys[index % keys.length];
        if (key !== undefined) target[key] = value;
        const result = parseHfConfig(config, name);
        if (result.ok) expect(Number.isFinite(countParameters(result.value).total)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("fields that cannot be beside each other", () => {
  const base = configs.get("mixtral-8x7b") as object;
  const problemOf = (changes: object): string => {
    const parsed = parseHfConfig({ ...base, ...changes });
    if (parsed.ok) return "";
    const { where = "", what, expected = "" } = parsed.problem;
    return `${where}: ${what}; ${expected}`;
  };

  test.each([
    [
      { num_attention_heads: 30 },
      "num_key_value_heads: 30 attention heads are no multiple of 8 key-value heads; a divisor of 30, nearest: 6",
    ],
    [
      { num_experts_per_tok: 16 },
      "num_experts_per_tok: a token goes to 16 experts of 8; at most 8",
    ],
    [
      { quantization_config: { quant_method: "awesome", bits: 3 } },
      'quantization_config.quant_method: there is no format for quant_method "awesome"; one of fp8,',
    ],
    [
      { quantization_config: { quant_method: "gptq", bits: 3 } },
      "quantization_config.bits: weights of 3 bits are not known; 4 or 8",
    ],
    [{ num_hidden_layers: 0 }, "num_hidden_layers: num_hidden_layers is 0; a whole number ≥ 1"],
    [
      { vocab_size: 1e9 },
      "vocab_size: vocab_size is 1000000000; a whole number from 1 to 33554432",
    ],
    [{ num_hidden_layers: NaN }, "num_hidden_layers: num_hidden_layers is NaN; a whole number ≥ 1"],
    [
      { vocab_size: "32000" },
      'vocab_size is "32000"; a whole number ≥ 1; 32000 without the quotes',
    ],
    [{ num_hidden_layers: 1e6 }, "num_hidden_layers: 1000000 layers; at most 4096"],
    [{ hidden_size: 1e7 }, "layers of width 10000000 are"],
  ])("%o", (changes, words) => {
    expect(problemOf(changes)).toContain(words);
  });

  test.each([
    [{ quant_method: "bitsandbytes", load_in_4bit: true }, "int4"],
    [{ quant_method: "bitsandbytes", load_in_8bit: true }, "int8"],
    [{ quant_method: "gptq_marlin", bits: 8 }, "int8"],
    [{ quant_method: "modelopt", quant_algo: "FP8" }, "fp8"],
    [{ quant_method: "fbgemm_fp8" }, "fp8"],
    [{ quant_method: "modelopt", quant_algo: "NVFP4" }, "nvfp4"],
  ])("%o is stored as %s", (quantization_config, dtype) => {
    expect(valueOf(parseHfConfig({ ...base, quantization_config })).dtype).toBe(dtype);
  });
});
