/** What a worker refuses on sight: requests that could never run there, each with the reason. */

import type { WorkerKnobs } from "./worker-knobs.ts";
import { watermarkBlocks } from "./worker-knobs.ts";

export const REJECT_REASONS = [
  "prompt reaches max_model_len",
  "does not fit the KV pool",
  "does not fit max_num_batched_tokens with chunked prefill off",
] as const;

/** Index of a reject reason, −1: the request may queue. */
export type RejectCode = number;

/** Tokens the request may generate under max_model_len. */
export function outputWithin(engine: WorkerKnobs, input: number, output: number): number {
  if (engine.max_model_len === null) return output;
  return Math.min(output, Math.max(0, engine.max_model_len - input));
}

/**
 * Why a request can never run: its prompt leaves no room to generate, or its KV at its longest (the last token's is never
 * computed) exceeds what an empty pool would grant, or a single step must hold it and cannot.
 */
export function rejectCode(engine: WorkerKnobs, input: number, output: number): RejectCode {
  if (engine.max_model_len !== null && input >= engine.max_model_len) return 0;
  const tokens = input + Math.max(0, output - 1);
  const room = Math.floor((engine.num_gpu_blocks - watermarkBlocks(engine)) / engine.ranks);
  const reserved = engine.scheduler === "static" ? input + output : tokens;
  if (Math.ceil(reserved / engine.block_size) > room) return 1;
  const inOneStep = engine.scheduler === "vllm" && !engine.enable_chunked_prefill;
  if (inOneStep && tokens > engine.max_num_batched_tokens / engine.ranks) return 2;
  return -1;
}
