/**
 * The scheduler contract: which requests get tokens in the next forward pass.
 *
 * A scheduler decides; the worker does. The port below is the worker's side: it keeps the queues, the KV
 * pool and the decode group, so that a policy never walks requests that simply go on decoding.
 */

import type { PolicyMeta } from "../meta.ts";

/** A request of a worker, by its slot number in the request table. −1: none. */
export type Slot = number;

export interface SchedulerPort {
  readonly nowUs: number;
  /** Number of the worker: what a scheduler remembers from pass to pass it remembers per worker. */
  readonly worker: number;
  /** Decode steps that the worker has done. */
  readonly decodeSteps: number;
  /** Requests admitted and not finished. */
  readonly runningCount: number;
  /** Those of them that generate. */
  readonly decodingCount: number;
  readonly waitingCount: number;
  /** Requests preempted since this pass began. */
  readonly preemptedInPass: number;
  /** The running request whose prompt is not computed to its end yet, −1 when there is none. */
  readonly partialPrefill: Slot;
  /** First request of the waiting queue, −1 when it is empty. */
  readonly waitingHead: Slot;
  /** First of the waiting requests that may start now as far as adapters go: who asks for one without a place is passed over. */
  readonly runnableHead: Slot;
  /** The request behind `slot` in the waiting queue, −1 at its end. */
  waitingAfter(slot: Slot): Slot;
  /** When the request arrived at this worker, µs. */
  queuedSinceUs(slot: Slot): number;
  /** Tokens whose KV the request needs before it can generate: prompt plus what it generated already. */
  knownTokens(slot: Slot): number;
  /** Tokens that the request needs blocks for at its longest: prompt, whole output, drafts to be verified. */
  longestTokens(slot: Slot): number;
  /** Tokens that a waiting request, or one in prefill, may still generate. */
  outputLeft(slot: Slot): number;
  /** Tokens of a running request whose KV is still to be computed before it can generate. */
  promptLeft(slot: Slot): number;
  /** Blocks of the pool, and those not held by running requests. */
  readonly blocksTotal: number;
  readonly blocksAvailable: number;
  readonly blockSize: number;
  /** Blocks that running requests will still take if each generates to its limit. */
  readonly blocksPromised: number;
  /** Blocks that the next decode step of all decoding requests takes. */
  readonly decodeBlocks: number;
  /** Tokens that decoding requests may still generate, at most `clip` counted for each. */
  decodeOutputLeft(clip: number): number;
  /** Tokens that decoding requests have generated, and may generate in all. Walks the batch. */
  decodeOutputTotals(): { readonly generated: number; readonly limit: number };
  /**
   * The decoding request with the fewest generated tokens; among equals that with the longest prompt, then the newest;
   * −1 when none decodes. Walks the batch.
   */
  leastGenerated(): Slot;
  /**
   * Gives every decoding request one token and the block it may need, in running order; when blocks run short
   * preempts (`lifo`: the newest, `fifo`: the oldest) and tries again. Returns the number of tokens given.
   */
  scheduleDecodes(): number;
  /** Computes up to `tokens` more of the partial prefill; returns how many (0: it had to give way). */
  continuePrefill(slot: Slot, tokens: number): number;
  /** Looks the request up in the prefix cache: tokens that need no computing. Must precede reserves/admit. */
  matchPrefix(slot: Slot): number;
  /** Blocks found by the last `matchPrefix` that running requests hold: taking them costs nothing. */
  readonly matchedActiveBlocks: number;
  /**
   * A number that two waiting requests have in common when the whole blocks that cover the first `tokens` tokens of their
   * prompts are the same; −1: nothing is known of them.
   */
  prefixNode(slot: Slot, tokens: number): number;
  /** Puts all waiting requests into the given order. */
  orderWaiting(slots: readonly Slot[]): void;
  /** Whether blocks for the first `tokens` tokens could be had now, leaving the watermark untouched. */
  reserves(slot: Slot, tokens: number): boolean;
  /**
   * Moves the head of the waiting queue to running and computes `tokens` of its prompt in this pass. Returns how many: 0 when
   * it left the queue to fetch a prefix from a lower tier instead; it comes back to the head when it has it.
   */
  admit(slot: Slot, tokens: number): number;
  /**
   * Decode workers: takes prompts that were computed elsewhere into the step, each of which makes one token, and sets memory aside
   * for those that ask for it. Returns the tokens they take of `budget`; with a budget of 0 nobody is let in.
   */
  landPrompts(budget: number): number;
  /** Static batching: admits the head with its prompt padded to `paddedTokens`. */
  admitPadded(slot: Slot, paddedTokens: number): void;
  /**
   * Takes a running request that has no part in this pass yet off the batch. What it generated is kept, its KV is not; the
   * prefix it came with stays cached. It queues at the end, a partial prefill at the head.
   */
  retract(slot: Slot): void;
}

export interface Scheduler {
  /**
   * One scheduling pass at a step boundary. Returns the time at which to try again although nothing happens
   * (µs; Infinity: only when something happens). A pass that does not call `scheduleDecodes` leaves decoding requests
   * out of the step.
   */
  pass(port: SchedulerPort): number;
  /**
   * Contract with the fast-forward, asked after a pass that scheduled decodes alone: how many steps of this batch may run
   * before a pass does anything but schedule them again, given that no request finishes, blocks suffice, and none arrives
   * while the queue is empty (one that arrives behind others changes nothing). ≥ 1; Infinity: any number.
   */
  stepsUntilChange(port: SchedulerPort): number;
  /**
   * A decoding request of the worker was cancelled and has left between two passes, `outputLeft` tokens short of its limit.
   * `isNew`: its prompt ended with the step that the last pass started.
   */
  decodeCancelled?(worker: number, outputLeft: number, isNew: boolean): void;
  /** True when finished requests keep their place until the whole batch is done (static batching). */
  readonly batchRelease: boolean;
  /** A worker has died with all its requests: what was remembered of it is void. */
  forget?(worker: number): void;
  /** False when the engine has no prefix cache, whatever the scenario says. */
  readonly prefixCaching: boolean;
}

export type SchedulerKnobs = {
  readonly max_num_seqs: number;
  readonly max_num_batched_tokens: number;
  readonly enable_chunked_prefill: boolean;
  readonly scheduler_reserve_full_isl: boolean;
  /** TensorRT-LLM. */
  readonly capacity_scheduler_policy: "guaranteed_no_evict" | "max_utilization";
  /** TensorRT-LLM: attention data parallel ranks, and how long prompts wait for all of them; 0: not at all. */
  readonly attention_ranks: number;
  readonly attention_dp_wait_steps: number;
  /** TensorRT-LLM: steps that prompts wait for others, and the part of a step's tokens that they wait for. */
  readonly batch_wait_steps: number;
  readonly batch_wait_tokens_ratio: number;
  /** SGLang. */
  readonly chunked_prefill_size: number;
  readonly max_prefill_tokens: number;
  readonly schedule_policy: "fcfs" | "lpm";
  readonly schedule_conservativeness: number;
  readonly enable_mixed_chunk: boolean;
  /** Longest wait for a full batch, µs (static batching). */
  readonly batchTimeoutUs: number;
};

export type SchedulerPolicy = {
  readonly meta: PolicyMeta;
  readonly create: (knobs: SchedulerKnobs) => Scheduler;
};
