/** Memory of what a model may bring along: a vision encoder, layers that draft tokens. */

import type { ModelCard } from "./model-card.ts";
import { EAGLE_VOCAB } from "./model-card.ts";

/**
 * Bytes a patch of a vision encoder keeps live while vLLM profiles it with the largest image,
 * per unit of encoder width. assumption: set on the one published multimodal count (Llama 4 Scout
 * on two H100), the only row this constant acts on; no independent check exists.
 */
const ENCODER_BYTES_PER_PATCH_WIDTH = 124;

/** What a vision encoder takes while its largest image is profiled, bytes. */
export function encoderPeakBytes({ encoder }: ModelCard): number {
  if (encoder === undefined) return 0;
  return encoder.maxPatches * encoder.hidden * ENCODER_BYTES_PER_PATCH_WIDTH;
}

/**
 * Encoded images that vLLM keeps: a bf16 vector of the model's width for every token of the cache, on every rank, there
 * while the peak is profiled (profile_run of gpu_model_runner.py fills encoder_cache). What other engines keep is not
 * in their budget.
 */
export function encoderCacheBytes(card: ModelCard, tokens: number): number {
  return card.encoder === undefined ? 0 : tokens * card.hidden * 2;
}

/**
 * Elements of an EAGLE-3 head over hidden²: a decoder layer of two rows wide inputs and a projection of three layers' states,
 * beside an output layer of 32,000 words. Counted from the published head of Llama-3.1-8B (425 million parameters).
 */
const EAGLE_SQUARES = 17.5;

/** Weights that draft tokens, on the fullest GPU; an EAGLE head is in bf16 and split like the model. */
export function draftBytes(
  card: ModelCard,
  settings: { readonly tp?: number; readonly mtp?: boolean; readonly eagle?: boolean },
  mtpBytes: number,
): number {
  const { hidden } = card;
  const head = EAGLE_SQUARES * hidden * hidden + EAGLE_VOCAB * hidden;
  const eagle = settings.eagle === true ? (head * 2) / (settings.tp ?? 1) : 0;
  return eagle + (settings.mtp === true ? mtpBytes : 0);
}
