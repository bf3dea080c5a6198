/**
 * Continuous batching with chunked prefill, as the V1 scheduler of vLLM does it: running requests first under
 * the token budget, then first-come-first-served admission whose head blocks the queue; nothing is admitted
 * in a pass that preempted. Prompts that other workers have computed are waiting requests like any other: they join, one token
 * each, when the running ones, a prompt in chunks among them, leave something of the budget, and get their memory then too.
 * A prompt in chunks is always the last of the running list, for whoever would join behind it finds no budget left: giving
 * decodes their tokens first is that list's order.
 *
 * Source: vLLM V1 scheduler (v1/core/sched/scheduler.py, `schedule`, WAITING_FOR_REMOTE_KVS for prompts from elsewhere); the order of the steps follows `dynamo-simulation.md` §1.5.
 * `scheduler_reserve_full_isl`: admit only when the whole known sequence fits, not just the next chunk.
 */

import type { Scheduler, SchedulerKnobs, SchedulerPolicy, SchedulerPort } from "./scheduler.ts";

function admitWaiting(port: SchedulerPort, knobs: SchedulerKnobs, tokensLeft: number): void {
  let budget = tokensLeft;
  while (budget > 0 && port.runningCount < knobs.max_num_seqs) {
    const slot = port.runnableHead;
    if (slot < 0) return;
    const known = port.knownTokens(slot);
    const cached = port.matchPrefix(slot);
    const tokens = Math.min(known - cached, budget);
    if (tokens < known - cached && !knobs.enable_chunked_prefill) return;
    const reserved = knobs.scheduler_reserve_full_isl ? known : cached + tokens;
    if (!port.reserves(slot, reserved)) return;
    budget -= port.admit(slot, tokens);
  }
}

function create(knobs: SchedulerKnobs): Scheduler {
  return {
    batchRelease: false,
    prefixCaching: true,
    pass(port) {
      let budget = knobs.max_num_batched_tokens;
      budget -= port.scheduleDecodes();
      const partial = port.partialPrefill;
      if (partial >= 0 && budget > 0) budget -= port.continuePrefill(partial, budget);
      if (port.preemptedInPass > 0 || budget <= 0) return Infinity;
      budget -= port.landPrompts(budget);
      admitWaiting(port, knobs, budget);
      return Infinity;
    },
    // A pass that preempted admits nothing; the next one may.
    stepsUntilChange: (port) => (port.preemptedInPass > 0 ? 1 : Infinity),
  };
}

export const vllmScheduler: SchedulerPolicy = {
  meta: {
    name: "vllm",
    title: "Continuous batching with chunked prefill (vLLM V1)",
    source: "vLLM V1 scheduler; Sarathi-Serve (OSDI 2024) for chunked prefill",
    wins: "mixed traffic: new requests start at the next step, decode never waits for a long prompt to end",
    loses: "long prompts stretch every mixed step, so inter-token gaps grow with the token budget",
    knobs: [],
  },
  create,
};
