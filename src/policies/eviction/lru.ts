/** Least recently used: the run whose last use is longest ago. */

import type { EvictionPolicy } from "./eviction.ts";
import { ItemHeap } from "./item-heap.ts";

export const lruEviction: EvictionPolicy = {
  meta: {
    name: "lru",
    title: "Least recently used",
    source: "vLLM's free block queue and KVBM's LRU pool",
    wins: "traffic whose reuse is recent: turns of live conversations, shared system prompts",
    loses: "one long scan of prompts that never come back flushes everything",
    knobs: [],
  },
  needsFuture: false,
  create(view) {
    const heap = new ItemHeap();
    return {
      leavesOnly: false,
      offer: (item) => {
        heap.set(item, view.stamp(item), 0);
      },
      withdraw: (item) => {
        heap.remove(item);
      },
      victim: () => heap.top,
    };
  },
};
