/** An engine's knobs as a whole worker has them: its ranks together, nothing left open. */

import type { InboxRules } from "./inbox.ts";
import { stream } from "../core/index.ts";
import { DraftLuck } from "./draft-luck.ts";
import type { EngineKnobs, Scenario } from "./scenario.ts";

export type Speculation = NonNullable<EngineKnobs["speculation"]>;

export type WorkerKnobs = Omit<
  EngineKnobs,
  "num_gpu_blocks" | "step_time" | "async_scheduling" | "ingest_us_per_token"
> & {
  readonly async_scheduling: boolean;
  readonly ingest_us_per_token: number;
  /** KV blocks, requests and tokens of all data-parallel ranks. */
  readonly num_gpu_blocks: number;
  /** Data-parallel ranks: a request lives on one of them. */
  readonly ranks: number;
  /** Tokens beyond its last that a request may hold for a step: drafts to be verified. */
  readonly overshoot: number;
};

/** How an engine takes arrivals in when the scenario leaves it open. */
export type ArrivalDefaults = { readonly ahead: boolean; readonly ingestTokenUs: number };

/** Blocks of a worker's pool when neither the scenario nor a GPU says (AISimulate's default). */
export const BLOCKS_DEFAULT = 16384;

/**
 * The scenario's knobs, which are those of one data-parallel rank as engines have them, for all ranks
 * of a worker. `defaults`: how the engine takes arrivals in. Assumption: requests are spread evenly, so that ranks share one pool and one batch.
 */
export function workerKnobs(
  engine: EngineKnobs,
  blocks: number,
  ranks: number,
  defaults: ArrivalDefaults = { ahead: false, ingestTokenUs: 0 },
): WorkerKnobs {
  return {
    ...engine,
    async_scheduling: engine.async_scheduling ?? defaults.ahead,
    ingest_us_per_token: engine.ingest_us_per_token ?? defaults.ingestTokenUs,
    num_gpu_blocks: blocks * ranks,
    max_num_seqs: engine.max_num_seqs * ranks,
    max_num_batched_tokens: engine.max_num_batched_tokens * ranks,
    chunked_prefill_size: engine.chunked_prefill_size * ranks,
    max_prefill_tokens: engine.max_prefill_tokens * ranks,
    ranks,
    overshoot: queriesOf(engine) - 1,
  };
}

/** How workers take arrivals in; undefined: every pass sees whatever has arrived. */
export function inboxRules(knobs: WorkerKnobs): InboxRules | undefined {
  const { async_scheduling: ahead, scheduler_recv_interval: interval } = knobs;
  const ingestTokenUs = knobs.ingest_us_per_token;
  // Prompts that wait for others must hear of every arrival, not just of the first.
  const steps = knobs.ranks > 1 ? knobs.attention_dp_wait_steps : knobs.batch_wait_steps;
  const isPlain = !ahead && interval === 1 && steps === 0 && ingestTokenUs === 0;
  return isPlain ? undefined : { ahead, interval, ingestTokenUs };
}

/** Blocks that admission leaves free; SGLang and TensorRT-LLM have no such mark. */
export function watermarkBlocks(knobs: WorkerKnobs): number {
  if (looksAhead(knobs)) return 0;
  return Math.floor(knobs.watermark * knobs.num_gpu_blocks);
}

/** The luck of drafts under a master seed; `undefined` without speculative decoding. */
export function draftLuck(
  { speculation }: Pick<EngineKnobs, "speculation">,
  seed: number | string,
): DraftLuck | undefined {
  if (speculation === null) return undefined;
  return new DraftLuck(ratesOf(speculation), stream(seed, "speculation"));
}

/** Tokens of a decoding request in a step: its newest one, and drafts to be verified. */
export function queriesOf({ speculation }: Pick<EngineKnobs, "speculation">): number {
  return 1 + (speculation === null ? 0 : ratesOf(speculation).length);
}

/** The chance of acceptance at each drafted position. */
export function ratesOf(speculation: Speculation): readonly number[] {
  const { acceptance_rates: rates, num_speculative_tokens: count } = speculation;
  return typeof rates === "number" ? Array.from({ length: count }, () => rates) : rates;
}

/** Whether admission counts on the output limit, which must then fit the KV pool. */
export function looksAhead(knobs: WorkerKnobs): boolean {
  return knobs.scheduler === "sglang" || knobs.scheduler === "tensorrt_llm";
}

/** GPUs that the parallelism of a worker takes. */
export function ranksOf({ cluster, engine }: Scenario): number {
  const { tensor, pipeline, data } = cluster.parallelism;
  const context = engine.step_time?.type === "kernels" ? engine.step_time.context_parallel : 1;
  return tensor * pipeline * data * context;
}
