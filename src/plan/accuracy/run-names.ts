/**
 * Names in published tables → card ids, where `findModel` and `findGpu` do not know them by themselves.
 */

import { architectureName } from "../../hardware/index.ts";

/** InferenceX's short names, and releases whose config.json has the shapes of another's. */
const MODELS: ReadonlyMap<string, string> = new Map([
  ["dsr1", "deepseek-r1"],
  ["dsv3", "deepseek-v3"],
  ["dsv3.2", "deepseek-v3.2"],
  ["deepseek-v3.1", "deepseek-v3"],
  ["gptoss", "gpt-oss-120b"],
  ["gptoss120b", "gpt-oss-120b"],
  ["gpt-oss", "gpt-oss-120b"],
  ["llama70b", "llama-3.3-70b"],
  ["qwen3.5", "qwen3.5-397b-a17b"],
  ["kimik2.5", "kimi-k2.5"],
  ["kimi-k2", "kimi-k2.5"],
  ["minimaxm2.5", "minimax-m2.5"],
  ["minimax-m2", "minimax-m2.5"],
  ["minimax-m2.1", "minimax-m2.5"],
  ["glm5", "glm-5"],
  ["llama-4-scout-17b-16e-fp8-dynamic", "llama-4-scout-fp8"],
  ["llama-4-scout-fp8", "llama-4-scout-fp8"],
  ["llama-4-scout-17b-16e", "llama-4-scout"],
  ["llama-4-maverick-17b-128e", "llama-4-maverick"],
  ["mistral-nemo", "mistral-nemo-12b"],
  ["llama-3-8b", "llama-3.1-8b"],
  ["llama-3-70b", "llama-3.1-70b"],
]);

const FORMAT_WORD = /-(fp8|nvfp4|mxfp4|fp4|bf16|int4|awq|w8a8|w4a16)(-v\d)?$/;

const GPUS: ReadonlyMap<string, string> = new Map([
  ["b200-sxm", "b200"],
  ["b300-sxm", "b300"],
]);

/** The model's own name: without owner and release, and without a format that the row says elsewhere. */
export function modelName(name: string): string {
  const own = architectureName(name);
  const plain = own.replace(FORMAT_WORD, "");
  return MODELS.get(own) ?? MODELS.get(plain) ?? plain;
}

/** Name of a GPU that `findGpu` knows. */
export function gpuName(name: string): string {
  const plain = name.trim().toLowerCase().replaceAll("_", "-");
  return GPUS.get(plain) ?? plain;
}
