/**
 * Size- and cost-aware: keeps the runs whose loss would cost the most compute for the room they take.
 *
 * Priority = age + uses · recompute time / blocks, where age is the priority of the last victim, so that what is not used
 * again sinks. Only leaves go: a prefix is worth what hangs on it.
 */

import type { EvictionPolicy } from "./eviction.ts";
import { ItemHeap } from "./item-heap.ts";

export const costAwareEviction: EvictionPolicy = {
  meta: {
    name: "cost_aware",
    title: "Size- and cost-aware (greedy dual)",
    source:
      "Greedy-Dual-Size-Frequency (Cherkasova 1998), cost: predicted time to compute the run again",
    wins: "long contexts: their late blocks cost the most attention to compute again",
    loses: "uniform short prompts, where it is a noisy LFU",
    knobs: [],
  },
  needsFuture: false,
  create(view) {
    const heap = new ItemHeap();
    /** By item: its node, its uses, and the stamp and priority of the last of them; numbers are used again. */
    const owners: number[] = [];
    const uses: number[] = [];
    const stamps: number[] = [];
    const priorities: number[] = [];
    let age = 0;
    return {
      leavesOnly: true,
      offer(item) {
        const node = view.node(item);
        const stamp = view.stamp(item);
        if (owners[item] !== node || stamps[item] !== stamp) {
          uses[item] = owners[item] === node ? uses[item]! + 1 : 1;
          owners[item] = node;
          stamps[item] = stamp;
          const worth = (uses[item] * view.recomputeUs(item)) / Math.max(1, view.blocks(item));
          priorities[item] = age + worth;
        }
        heap.set(item, priorities[item]!, stamp);
      },
      withdraw: (item) => {
        heap.remove(item);
      },
      victim: () => heap.top,
      evicted(item) {
        age = Math.max(age, heap.keyOf(item));
        if (view.blocks(item) === 0) owners[item] = -1;
      },
    };
  },
};
