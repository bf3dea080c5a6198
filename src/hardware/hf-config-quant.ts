import type { Fields } from "./hf-config-fields.ts";
import { isObject } from "./hf-config-fields.ts";
import type { ModelPart, WeightDtype } from "./model-card.ts";
import { LINEAR_PARTS } from "./model-card.ts";

export type Quantization = { dtype: WeightDtype; parts: readonly ModelPart[] };

/** Layer-name patterns of a checkpoint's "not quantised" list and the part each one means. */
const IGNORED: readonly (readonly [RegExp, ModelPart])[] = [
  [/self_attn|attention/, "attention"],
  [/shared_expert/, "shared"],
  [/mlp\\?\.(\(|gate_proj|up_proj|down_proj)/, "dense"],
];

/** A pattern that names one layer only (the first or last, often) exempts no whole part. */
const ONE_LAYER = /layers\.\d+\./;

function ignoredParts(config: Fields): Set<ModelPart> {
  const names = ["ignore", "modules_to_not_convert", "exclude_modules", "ignored_layers"];
  const ignored = new Set<ModelPart>();
  for (const name of names) {
    for (const entry of config.list(name) ?? []) {
      if (typeof entry !== "string" || ONE_LAYER.test(entry)) continue;
      for (const [pattern, part] of IGNORED) if (pattern.test(entry)) ignored.add(part);
    }
  }
  return ignored;
}

function compressedDtype(config: Fields): WeightDtype {
  const groups = config.object("config_groups");
  const first = groups === undefined ? undefined : Object.values(groups.json).find(isObject);
  const weights = first === undefined ? undefined : first["weights"];
  if (!isObject(weights)) return "fp8";
  const bits = weights["num_bits"];
  const isFloat = weights["type"] === "float";
  if (bits === 4) {
    if (isFloat) return weights["group_size"] === 16 ? "nvfp4" : "mxfp4";
    return weights["group_size"] === 32 ? "int4-g32" : "int4";
  }
  return isFloat ? "fp8" : "int8";
}

/** Methods that store whole numbers of so many `bits`. */
const INTEGER_METHOD = /^(awq|gptq)(_marlin)?$/;
/** What is read besides, as an expected value. */
const METHODS = "fp8, fbgemm_fp8, modelopt, compressed-tensors, mxfp4, awq, gptq, bitsandbytes";

/** Formats by bits; 4-bit floats of bitsandbytes take the room of 4-bit integers, and are computed like them. */
function integerDtype(config: Fields, bits: number): WeightDtype {
  if (bits === 4) return "int4";
  if (bits === 8) return "int8";
  config.reject("quantization_config.bits", `weights of ${bits} bits are not known`, "4 or 8");
  return "int4";
}

function methodDtype(config: Fields): WeightDtype {
  const method = config.textOr("", "quant_method").toLowerCase();
  const algo = config.textOr("", "quant_algo").toLowerCase();
  if (method === "mxfp4") return "mxfp4";
  if (algo.includes("nvfp4") || method.includes("fp4")) return "nvfp4";
  if (method === "compressed-tensors") return compressedDtype(config);
  if (INTEGER_METHOD.test(method)) return integerDtype(config, config.numberOr(4, "bits"));
  if (method === "bitsandbytes") {
    return integerDtype(config, config.flag("load_in_4bit", false) ? 4 : 8);
  }
  if (config.has("weight_block_size")) return "fp8-block";
  if (method.includes("int8")) return "int8";
  if (!/fp8|modelopt/.test(`${method} ${algo}`)) {
    const what = `there is no format for quant_method ${JSON.stringify(method)}`;
    config.reject("quantization_config.quant_method", what, `one of ${METHODS}`);
  }
  return "fp8";
}

/** Reads `quantization_config`: the storage format, and the parts stored in it. */
export function quantizationOf(config: Fields | undefined): Quantization {
  if (config === undefined) return { dtype: "bf16", parts: LINEAR_PARTS };
  const dtype = methodDtype(config);
  const ignored = ignoredParts(config);
  return { dtype, parts: LINEAR_PARTS.filter((part) => !ignored.has(part)) };
}
