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
  /** Requests admitted and not finished. */
  readonly runningCount: number;
  readonly waitingCount: number;
  /** Requests preempted since this pass began. */
  readonly preemptedInPass: number;
  /** The running request whose prompt is not computed to its end yet, −1 when there is none. */
  readonly partialPrefill: Slot;
  /** First request of the waiting queue, −1 when it is empty. */
  readonly waitingHead: Slot;
  /** The request behind `slot` in the waiting queue, −1 at its end. */
  waitingAfter(slot: Slot): Slot;
  /** When the request arrived at this worker, µs. */
  queuedSinceUs(slot: Slot): number;
  /** Tokens whose KV the request needs before it can generate: prompt plus what it generated already. */
  knownTokens(slot: Slot): number;
  /** Most tokens the request may generate. */
  outputLimit(slot: Slot): number;
  /** Blocks of the pool, and those not held by running requests. */
  readonly blocksTotal: number;
  readonly blocksAvailable: number;
  readonly blockSize: number;
  /**
   * Gives every decoding request one token and the block it may need, in running order; when blocks run short
   * preempts (`lifo`: the newest, `fifo`: the oldest) and tries again. Returns the number of tokens given.
   */
  scheduleDecodes(): number;
  /** Computes up to `tokens` more of the partial prefill; returns how many (0: it had to give way). */
  continuePrefill(slot: Slot, tokens: number): number;
  /** Looks the request up in the prefix cache: tokens that need no computing. Must precede reserves/admit. */
  matchPrefix(slot: Slot): number;
  /** Whether blocks for the first `tokens` tokens could be had now, leaving the watermark untouched. */
  reserves(slot: Slot, tokens: number): boolean;
  /** Moves the head of the waiting queue to running and computes `tokens` of its prompt in this pass. */
  admit(slot: Slot, tokens: number): void;
  /** Static batching: admits the head with its prompt padded to `paddedTokens`. */
  admitPadded(slot: Slot, paddedTokens: number): void;
}

export interface Scheduler {
  /**
   * One scheduling pass at a step boundary. Returns the time at which to try again although nothing happens
   * (µs; Infinity: only when something happens).
   *
   * Contract with the fast-forward: if a pass over a purely decoding batch preempts and admits nothing, then it would
   * admit nothing at any later boundary either until a request arrives, finishes or is preempted.
   */
  pass(port: SchedulerPort): number;
  /** True when finished requests keep their place until the whole batch is done (static batching). */
  readonly batchRelease: boolean;
  /** False when the engine has no prefix cache, whatever the scenario says. */
  readonly prefixCaching: boolean;
}

export type SchedulerKnobs = {
  readonly max_num_seqs: number;
  readonly max_num_batched_tokens: number;
  readonly enable_chunked_prefill: boolean;
  readonly scheduler_reserve_full_isl: boolean;
  /** Longest wait for a full batch, µs (static batching). */
  readonly batchTimeoutUs: number;
};

export type SchedulerPolicy = {
  readonly meta: PolicyMeta;
  readonly create: (knobs: SchedulerKnobs) => Scheduler;
};
