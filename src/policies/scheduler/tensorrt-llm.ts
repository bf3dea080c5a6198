/**
 * In-flight batching as TensorRT-LLM does it: decodes first, then prompts first come, first served under the token budget,
 * in chunks of whole blocks. Who may start is up to the capacity policy:
 *
 * - `guaranteed_no_evict` sets blocks aside for a request's whole output before it starts, so nothing is ever preempted:
 *   ceil((prompt + output limit) / block) − cached blocks in use ≤ free − Σ what running requests were promised and have
 *   not taken. The limits of outputs count, not their lengths: loose limits leave memory idle.
 * - `max_utilization` starts whatever fits now, and takes the newest request off (recompute) when blocks run short.
 *
 * With attention data parallelism and balancing (`attention_dp_wait_steps` > 0) prompts wait until every rank has one, so
 * that the ranks compute them together; after that many steps they start all the same. Requests are not dealt to ranks
 * here: every rank is taken to have one when as many wait as it takes on average to hit each of n ranks, n · (1 + ½ + … +
 * 1/n), which is how a closed or a Poisson load fills them.
 *
 * Without it, `batch_wait_steps` > 0 holds prompts back while others decode until enough tokens are there for a step
 * (`batch_wait_tokens_ratio` of the budget, the decodes' own included) or that many steps have passed: fewer, fuller steps
 * with prompts, which launch their kernels one by one, for later first tokens.
 *
 * Source: capacityScheduler.cpp (GuaranteedNoEvictScheduler, MaxUtilizationScheduler) and microBatchScheduler.cpp
 * (kFIRST_COME_FIRST_SERVED chunks), release 1.0, and py_executor.py (_balance_adp_requests, _waiting_requests), release 1.1; `dynamo-simulation.md` §1.5. The engine's own block size is 32 tokens; an
 * engine profile sets it, a bare scenario has the default of all schedulers.
 * Simplification: while a prompt is being computed in chunks no other one starts, not even one that would fit the rest of
 * the budget, which is less than a block. A prompt in chunks is not held back; whether a prompt that is waited for finds
 * memory is not looked at until it starts.
 */

import type { Scheduler, SchedulerKnobs, SchedulerPolicy, SchedulerPort } from "./scheduler.ts";

/** Tokens of the `left` ones to compute under the budget: all of them, or whole blocks. */
function chunkOf(left: number, budget: number, blockSize: number): number {
  return left <= budget ? left : Math.floor(budget / blockSize) * blockSize;
}

/** Whether blocks for the request's prompt and whole output can be set aside. */
function fitsToEnd(port: SchedulerPort, slot: number): boolean {
  const needed = Math.ceil(port.longestTokens(slot) / port.blockSize) - port.matchedActiveBlocks;
  return needed <= port.blocksAvailable - port.blocksPromised;
}

function admitWaiting(port: SchedulerPort, knobs: SchedulerKnobs, tokensLeft: number): void {
  const isGuaranteed = knobs.capacity_scheduler_policy === "guaranteed_no_evict";
  let budget = tokensLeft;
  while (budget > 0 && port.runningCount < knobs.max_num_seqs) {
    const slot = port.runnableHead;
    if (slot < 0) return;
    const known = port.knownTokens(slot);
    const left = known - port.matchPrefix(slot);
    const tokens = chunkOf(left, budget, port.blockSize);
    if (tokens === 0 || (tokens < left && !knobs.enable_chunked_prefill)) return;
    if (!(isGuaranteed ? fitsToEnd(port, slot) : port.reserves(slot, known))) return;
    const computed = port.admit(slot, tokens);
    if (computed > 0 && tokens < left) return;
    budget -= computed;
  }
}

/** Requests that hit each of `ranks` ranks on average (the coupon collector's number). */
function requestsForAll(ranks: number): number {
  let sum = 0;
  for (let i = 1; i <= ranks; i++) sum += ranks / i;
  return Math.ceil(sum);
}

/** Whether enough prompts wait to start them now, beside a step's `decodes`. */
type Enough = (port: SchedulerPort, decodes: number) => boolean;

/** Enough for every attention rank to have one. */
function oneForEach(ranks: number): Enough {
  const enough = requestsForAll(ranks);
  return (port) => port.waitingCount >= enough;
}

/** Enough to fill a part of a step, decodes included. */
function fillsStep(knobs: SchedulerKnobs): Enough {
  const wanted = knobs.batch_wait_tokens_ratio * knobs.max_num_batched_tokens;
  return (port, decodes) => {
    let budget = knobs.max_num_batched_tokens - decodes;
    let places = knobs.max_num_seqs - port.runningCount;
    let tokens = decodes;
    let slot = port.waitingHead;
    while (slot >= 0 && places > 0 && tokens < wanted) {
      const left = port.knownTokens(slot);
      if (left > budget && !knobs.enable_chunked_prefill) break;
      tokens += Math.min(left, budget);
      budget -= left;
      if (budget <= 0) break;
      places--;
      slot = port.waitingAfter(slot);
    }
    return tokens >= wanted;
  };
}

/** Holds prompts back until enough wait to start them together, but no longer than some steps. */
class HeldPrompts {
  private readonly steps: number;
  private readonly enough: Enough;
  /** Decode steps done when waiting began, by worker; −1: nobody waits. */
  private readonly since: number[] = [];

  constructor(steps: number, enough: Enough) {
    this.steps = steps;
    this.enough = enough;
  }

  /** Whether waiting prompts may start in this pass, beside its decodes. */
  mayStart(port: SchedulerPort, decodes: number): boolean {
    if (this.steps === 0) return true;
    if (port.waitingCount === 0 || port.decodingCount === 0) {
      this.since[port.worker] = -1;
      return true;
    }
    const since = this.since[port.worker] ?? -1;
    const first = since < 0 ? port.decodeSteps : since;
    const isDue = port.decodeSteps - first >= this.steps || this.enough(port, decodes);
    // Who is refused now for want of memory waits anew.
    this.since[port.worker] = isDue ? port.decodeSteps : first;
    return isDue;
  }

  /** Steps until prompts that wait start all the same. */
  stepsLeft(port: SchedulerPort): number {
    if (this.steps === 0 || port.waitingCount === 0) return Infinity;
    return Math.max(1, this.steps - (port.decodeSteps - (this.since[port.worker] ?? 0)));
  }
}

function heldPrompts(knobs: SchedulerKnobs): HeldPrompts {
  const { attention_ranks: ranks } = knobs;
  return ranks > 1
    ? new HeldPrompts(knobs.attention_dp_wait_steps, oneForEach(ranks))
    : new HeldPrompts(knobs.batch_wait_steps, fillsStep(knobs));
}

function create(knobs: SchedulerKnobs): Scheduler {
  const held = heldPrompts(knobs);
  return {
    batchRelease: false,
    prefixCaching: true,
    pass(port) {
      const decodes = port.scheduleDecodes();
      let budget = knobs.max_num_batched_tokens - decodes;
      const partial = port.partialPrefill;
      if (partial >= 0) {
        const tokens = chunkOf(port.promptLeft(partial), budget, port.blockSize);
        if (tokens > 0) budget -= port.continuePrefill(partial, tokens);
        if (port.partialPrefill >= 0) return Infinity;
      }
      const mayStart = held.mayStart(port, decodes);
      if (mayStart && port.preemptedInPass === 0) admitWaiting(port, knobs, budget);
      return Infinity;
    },
    // A pass that preempted admits nothing; the next one may. Promises are kept out of the same blocks that decoding
    // takes, so a head that does not fit goes on not fitting until somebody finishes.
    stepsUntilChange: (port) => (port.preemptedInPass > 0 ? 1 : held.stepsLeft(port)),
  };
}

export const tensorrtLlmScheduler: SchedulerPolicy = {
  meta: {
    name: "tensorrt_llm",
    title: "In-flight batching with a capacity policy (TensorRT-LLM)",
    source:
      "TensorRT-LLM 1.0 capacityScheduler and microBatchScheduler; " +
      "capacity_scheduler_policy: guaranteed_no_evict (default) or max_utilization",
    wins:
      "guaranteed_no_evict: no preemption, steady gaps, outputs close to their limits; " +
      "max_utilization: short outputs under loose limits, throughput at full load",
    loses:
      "guaranteed_no_evict: loose output limits leave memory idle and requests waiting; " +
      "max_utilization: under memory pressure work is thrown away and done again",
    knobs: [
      {
        name: "max_num_batched_tokens",
        description: "most tokens in a step (max_num_tokens of the engine)",
        unit: "tokens",
        min: 1,
        max: 1 << 30,
        default: 8192,
      },
      {
        name: "max_num_seqs",
        description: "most requests running (max_batch_size of the engine)",
        unit: "requests",
        min: 1,
        max: 1 << 20,
        default: 256,
      },
      {
        name: "attention_dp_wait_steps",
        description:
          "steps that prompts wait for every attention rank to have one (timeout_iters of " +
          "attention_dp_config with enable_balance); 0: no balancing",
        unit: "steps",
        min: 0,
        max: 1 << 20,
        default: 0,
      },
      {
        name: "batch_wait_steps",
        description:
          "steps that prompts wait for others to fill a step with (batch_wait_timeout_iters), " +
          "without attention data parallelism; 0: they start at once",
        unit: "steps",
        min: 0,
        max: 1 << 20,
        default: 0,
      },
      {
        name: "batch_wait_tokens_ratio",
        description:
          "part of a step's tokens, decodes included, that prompts wait for " +
          "(batch_wait_max_tokens_ratio)",
        unit: "share",
        min: 0,
        max: 1,
        default: 0,
      },
    ],
  },
  create,
};
