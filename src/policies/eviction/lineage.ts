/** Lineage: only runs without stored continuation, the one that came in longest ago first. */

import type { EvictionPolicy } from "./eviction.ts";
import { ItemHeap } from "./item-heap.ts";

export const lineageEviction: EvictionPolicy = {
  meta: {
    name: "lineage",
    title: "Lineage (leaf first)",
    source: "KVBM's lineage pool, default of NVIDIA's engine mock (dynamo-policies.md §3.4)",
    wins: "prefix trees: nothing is kept that lost its prefix, so every block stored can be used",
    loses:
      "a branch point keeps its old place: once its leaves are gone it goes at once, however hot",
    knobs: [],
  },
  needsFuture: false,
  create(view) {
    const heap = new ItemHeap();
    return {
      leavesOnly: true,
      // A parent whose last child has gone queues with its old stamp.
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
