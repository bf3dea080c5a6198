/**
 * Names in published tables → card ids or Hugging Face names that `findModel` and `findGpu` know.
 */

const MODELS: ReadonlyMap<string, string> = new Map([
  ["dsr1", "deepseek-r1"],
  ["deepseek-v3.1", "deepseek-v3"],
  ["llama-3.1-70b-instruct", "llama-3.1-70b"],
  ["llama-3.3-70b-instruct", "llama-3.3-70b"],
  ["llama-3.1-8b-instruct", "llama-3.1-8b"],
  ["llama-4-scout-17b-16e-instruct-fp8-dynamic", "llama-4-scout-fp8"],
  ["llama-4-scout-fp8", "llama-4-scout-fp8"],
  ["llama-4-scout-17b-16e-instruct", "llama-4-scout"],
  ["llama-4-maverick-17b-128e-instruct", "llama-4-maverick"],
  ["mistral-nemo-instruct-2407", "mistral-nemo-12b"],
  ["qwen2.5-7b-instruct", "qwen2.5-7b"],
  ["llama-2-7b-hf", "llama-2-7b"],
  ["llama-2-70b-hf", "llama-2-70b"],
  ["llama-2-70b-chat-hf", "llama-2-70b"],
  ["codellama-34b-instruct-hf", "codellama-34b"],
  ["mixtral-8x7b-v0.1", "mixtral-8x7b"],
  ["mixtral-8x7b-instruct-v0.1", "mixtral-8x7b"],
  ["mixtral-8x22b-instruct-v0.1", "mixtral-8x22b"],
  ["mistral-7b-instruct-v0.3", "mistral-7b"],
]);

const GPUS: ReadonlyMap<string, string> = new Map([
  ["a100-80gb", "a100-sxm-80"],
  ["a100-sxm", "a100-sxm-80"],
  ["rtxpro6000", "rtx-pro-6000"],
  ["rtx4090", "rtx-4090"],
  ["b200-sxm", "b200"],
  ["b300-sxm", "b300"],
]);

/** The model's own name: without its owner and without a format that the row says elsewhere. */
export function modelName(name: string): string {
  const own = name.trim().toLowerCase().split("/").at(-1) ?? "";
  const known = MODELS.get(own);
  if (known !== undefined) return known;
  const plain = own.replace(/-(fp8|nvfp4|fp4|bf16)$/, "");
  return MODELS.get(plain) ?? plain;
}

/** Name of a GPU that `findGpu` knows. */
export function gpuName(name: string): string {
  const plain = name.trim().toLowerCase().replaceAll("_", "-");
  return GPUS.get(plain) ?? plain;
}
