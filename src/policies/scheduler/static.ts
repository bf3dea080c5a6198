/**
 * Static batching: take what waits, pad all prompts to the longest, decode until the longest answer is done,
 * only then take the next batch. The baseline that continuous batching was invented against.
 *
 * Source: Orca (OSDI 2022) §2 describes it; HF Transformers `generate` behaves so. The whole batch's memory
 * (longest prompt + longest answer, for each place) is reserved up front, so nothing is ever preempted.
 */

import type { Scheduler, SchedulerKnobs, SchedulerPolicy, SchedulerPort } from "./scheduler.ts";

/** Longest prefix of the waiting queue that fits the pool when padded; returns its size and padded length. */
function chooseBatch(port: SchedulerPort, maxSeqs: number): { size: number; padded: number } {
  let size = 0;
  let padded = 0;
  let output = 0;
  for (let slot = port.waitingHead; slot >= 0 && size < maxSeqs; slot = port.waitingAfter(slot)) {
    const nextPadded = Math.max(padded, port.knownTokens(slot));
    const nextOutput = Math.max(output, port.outputLeft(slot));
    const blocksEach = Math.ceil((nextPadded + nextOutput) / port.blockSize);
    if (blocksEach * (size + 1) > port.blocksTotal) break;
    size++;
    padded = nextPadded;
    output = nextOutput;
  }
  return { size, padded };
}

function create(knobs: SchedulerKnobs): Scheduler {
  return {
    batchRelease: true,
    prefixCaching: false,
    pass(port) {
      if (port.runningCount > 0) {
        port.scheduleDecodes();
        return Infinity;
      }
      const head = port.waitingHead;
      if (head < 0) return Infinity;
      const deadlineUs = port.queuedSinceUs(head) + knobs.batchTimeoutUs;
      if (port.waitingCount < knobs.max_num_seqs && port.nowUs < deadlineUs) return deadlineUs;
      const batch = chooseBatch(port, knobs.max_num_seqs);
      for (let i = 0; i < batch.size; i++) port.admitPadded(port.waitingHead, batch.padded);
      return Infinity;
    },
    stepsUntilChange: () => Infinity,
  };
}

export const staticScheduler: SchedulerPolicy = {
  meta: {
    name: "static",
    title: "Static batching",
    source: "HF Transformers generate(); the baseline of Orca (OSDI 2022)",
    wins: "offline work with equal lengths; nothing else",
    loses: "short answers wait for the longest of their batch, late requests for the whole batch",
    knobs: [],
  },
  create,
};
