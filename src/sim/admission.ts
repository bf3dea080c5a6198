/** Why requests are refused: what a worker could never run, and what the router turns away. */

import { admissionPolicies } from "../policies/index.ts";
import type { WorkerKnobs } from "./worker-knobs.ts";
import { looksAhead, watermarkBlocks } from "./worker-knobs.ts";

export const REJECT_REASONS = [
  "prompt reaches max_model_len",
  "does not fit the KV pool",
  "does not fit max_num_batched_tokens with chunked prefill off",
  "every worker is beyond its busy thresholds",
  "no worker is eligible",
  "the router's queue is full (529)",
  "it would wait at the router and asks not to (429)",
  ...admissionPolicies.map(({ reason }) => reason),
] as const;

/** Reasons that have always been counted into the digest; later ones only where they occur. */
export const FIRST_REASONS = 3;
/** Refused by the router, as a gateway answers 529 and 503. */
export const REJECT_OVERLOADED = 3;
export const REJECT_NO_WORKER = 4;
export const REJECT_QUEUE_FULL = 5;
export const REJECT_DECLINED = 6;
/** First of the reasons of admission policies, in the order of their registry; they are the last. */
export const POLICY_REASONS = REJECT_REASONS.length - admissionPolicies.length;

/** Index of a reject reason, −1: the request may queue. */
export type RejectCode = number;

/**
 * Tokens the request may generate under max_model_len. SGLang and TensorRT-LLM, which count on the limit, also lower it to
 * what the KV pool holds.
 */
export function outputWithin(engine: WorkerKnobs, input: number, output: number): number {
  const longest = Math.min(
    engine.max_model_len ?? Infinity,
    looksAhead(engine) ? poolTokens(engine) : Infinity,
  );
  return Math.min(output, Math.max(0, longest - input));
}

/**
 * Tokens of the longest request, prompt and output, that a rank's pool holds. SGLang starts a request only when it leaves
 * something free, so a page stays empty (assumption: the engine itself keeps two tokens, whatever its page size).
 */
function poolTokens(engine: WorkerKnobs): number {
  const blocks = Math.floor(engine.num_gpu_blocks / engine.ranks);
  const tokens = (engine.scheduler === "sglang" ? blocks - 1 : blocks) * engine.block_size;
  return tokens - engine.overshoot;
}

/**
 * Why a request can never run: its prompt leaves no room to generate, or its KV at its longest (the last token's is never
 * computed) exceeds what an empty pool would grant, or a single step must hold it and cannot.
 */
export function rejectCode(engine: WorkerKnobs, input: number, output: number): RejectCode {
  if (engine.max_model_len !== null && input >= engine.max_model_len) return 0;
  if (looksAhead(engine) && input >= poolTokens(engine)) return 1;
  const tokens = input + Math.max(0, output - 1) + engine.overshoot;
  const room = Math.floor((engine.num_gpu_blocks - watermarkBlocks(engine)) / engine.ranks);
  const reserved = engine.scheduler === "static" ? input + output : tokens;
  if (Math.ceil(reserved / engine.block_size) > room) return 1;
  return isTooLongForStep(engine, input, tokens) ? 2 : -1;
}

/** SGLang's steps hold any prompt when they do not split them; who is never preempted is never computed longer than it came. */
function isTooLongForStep(engine: WorkerKnobs, input: number, tokens: number): boolean {
  if (engine.enable_chunked_prefill) return false;
  const perStep = engine.max_num_batched_tokens / engine.ranks;
  if (engine.scheduler === "vllm") return tokens > perStep;
  if (engine.scheduler !== "tensorrt_llm") return false;
  return (engine.capacity_scheduler_policy === "guaranteed_no_evict" ? input : tokens) > perStep;
}
