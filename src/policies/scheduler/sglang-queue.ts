/**
 * SGLang's order of the waiting queue under `lpm` (longest prefix match): most cached tokens first. Of requests whose prompts
 * begin alike and are not cached, all but the first come last, so that they find its prefix cached when their turn comes.
 *
 * Source: SGLang v0.5 schedule_policy.py, SchedulePolicy.calc_priority.
 */

import type { SchedulerPort, Slot } from "./scheduler.ts";

/** Longer queues are served first come, first served. */
const QUEUE_LIMIT = 128;
/** IN_BATCH_PREFIX_CACHING_CHECK_THRESHOLD and …DEPRIORITIZE_THRESHOLD, tokens. */
const CACHED_LIMIT = 32;
const SHARED_TOKENS = 32;

/** Puts the queue in order; the order stays for later passes, as in the engine. */
export function orderByPrefix(port: SchedulerPort): void {
  const count = port.waitingCount;
  if (count < 2 || count > QUEUE_LIMIT) return;
  const ranks = new Map<Slot, number>();
  const beginnings = new Set<number>();
  for (let slot = port.waitingHead; slot >= 0; slot = port.waitingAfter(slot)) {
    const cached = port.matchPrefix(slot);
    let rank = -cached;
    if (cached <= CACHED_LIMIT) {
      const beginning = port.prefixNode(slot, SHARED_TOKENS);
      if (beginnings.has(beginning)) rank = Infinity;
      else if (beginning >= 0) beginnings.add(beginning);
    }
    ranks.set(slot, rank);
  }
  const order = [...ranks.entries()].sort(([, a], [, b]) => (a === b ? 0 : a - b));
  port.orderWaiting(order.map(([slot]) => slot));
}
