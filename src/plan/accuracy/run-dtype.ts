/** Weight formats of checkpoints, where a row names them only in part. */

import type { ModelPart, WeightDtype } from "../../hardware/index.ts";

export type CheckpointFormat = {
  /** Absent: the card's own. */
  readonly dtype?: WeightDtype;
  readonly quantizedParts?: readonly ModelPart[];
};

/**
 * Checkpoints that are published in fp8 with 128 × 128 scales, or in a 4-bit format of their own.
 */
const OWN_FORMAT = /^(deepseek|minimax|kimi|gpt-oss)/;
/** Models whose separate fp8 checkpoints have 128 × 128 scales. */
const BLOCK_FP8 = /^(glm-5|qwen3)/;

/**
 * Models whose nvfp4 checkpoints keep attention in bf16: `exclude_modules` in hf_quant_config.json of
 * nvidia/DeepSeek-R1-0528-NVFP4, nvidia/MiniMax-M2.5-NVFP4 and nvidia/GLM-4.7-NVFP4 (read 2026-11-21); that NVIDIA's of
 * Kimi and GLM-5 do so too is an assumption.
 */
const BF16_ATTENTION = /^(deepseek|minimax|kimi|glm)/;
const FP4_PARTS: readonly ModelPart[] = ["dense", "experts", "shared"];

/**
 * Format for a model and a row's words for precision: "fp4", "nvfp4", "fp8", "fp8_block", "int4_wo",
 * "bf16" or nothing. Nothing means the card's own.
 */
export function checkpointFormat(model: string, precision: string): CheckpointFormat {
  if (precision === "fp4" || precision === "nvfp4") {
    if (model.startsWith("gpt-oss")) return {};
    if (BF16_ATTENTION.test(model)) return { dtype: "nvfp4", quantizedParts: FP4_PARTS };
    return { dtype: "nvfp4" };
  }
  if (OWN_FORMAT.test(model)) return {};
  if (precision === "fp8_block") return { dtype: "fp8-block" };
  if (precision === "fp8") return { dtype: BLOCK_FP8.test(model) ? "fp8-block" : "fp8" };
  return precision === "bf16" ? { dtype: "bf16" } : {};
}
