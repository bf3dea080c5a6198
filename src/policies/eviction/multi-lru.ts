/** Four LRU queues by frequency: cold runs go first, whatever their age. */

import type { EvictionPolicy } from "./eviction.ts";
import { FrequencySketch } from "./frequency-sketch.ts";
import { ItemHeap } from "./item-heap.ts";

/** Counts from which a run is warm, hot, very hot (KVBM, `dynamo-policies.md` §3.4). */
const LEVELS = [2, 6, 15] as const;

export const multiLruEviction: EvictionPolicy = {
  meta: {
    name: "multi_lru",
    title: "Multi-queue LRU with TinyLFU",
    source: "KVBM's MultiLRU pool; TinyLFU (Einziger et al. 2017) counts the requests for each run",
    wins: "hot prefixes among many that are seen once: scans do not flush them",
    loses: "yesterday's hot prefixes stay until the counters have aged; few distinct prefixes",
    knobs: [],
  },
  needsFuture: false,
  create(view, capacityBlocks) {
    const sketch = new FrequencySketch(capacityBlocks);
    // The level is the first key, so that one heap holds all queues.
    const heap = new ItemHeap();
    /** By item: its level, fixed at the use that its stamp stands for. */
    const levels: number[] = [];
    const stamps: number[] = [];
    return {
      leavesOnly: false,
      offer(item) {
        const stamp = view.stamp(item);
        if (stamps[item] !== stamp) {
          const count = sketch.count(view.node(item));
          let level = 0;
          while (level < LEVELS.length && count >= LEVELS[level]!) level++;
          levels[item] = level;
          stamps[item] = stamp;
        }
        heap.set(item, levels[item]!, stamp);
      },
      withdraw: (item) => {
        heap.remove(item);
      },
      victim: () => heap.top,
      asked: (node, blocks) => {
        sketch.add(node, blocks);
      },
    };
  },
};
