/** What the tier lacks goes down once it was asked for often enough. */

import { FrequencySketch } from "../eviction/frequency-sketch.ts";
import type { OffloadPolicy } from "./offload.ts";

export const frequencyOffload: OffloadPolicy = {
  meta: {
    name: "frequency",
    title: "Frequency filter",
    source:
      "KVBM's disk filter and presence_lfu (dynamo-policies.md §3.2, §3.3), counted by TinyLFU",
    wins: "disks: only prefixes with a second use are written",
    loses: "the first reuse: a conversation's second turn finds its first only in faster tiers",
    knobs: [
      {
        name: "min_uses",
        description: "requests that must have asked for a run before it goes down",
        unit: "requests",
        min: 1,
        max: 15,
        default: 2,
      },
    ],
  },
  create(capacityBlocks, knobs) {
    const sketch = new FrequencySketch(capacityBlocks);
    const least = knobs["min_uses"] ?? 2;
    return {
      sendsPresent: false,
      asked: (node, blocks) => {
        sketch.add(node, blocks);
      },
      passes: (node) => sketch.count(node) >= least,
    };
  },
};
