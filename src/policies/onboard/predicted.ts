/**
 * Fetches as many pieces as make the predicted time least: time to fetch under present contention, plus the GPU time of
 * the rest once for the request itself and once for each request that waits behind it.
 */

import type { OnboardPolicy } from "./onboard.ts";

export const predictedOnboard: OnboardPolicy = {
  meta: {
    name: "predicted",
    title: "Onboard or recompute by predicted time",
    source:
      "CacheGen and Mooncake compare load and prefill time for one request; here the queue counts too",
    wins: "mixed tiers and changing load: reads from disk while GPUs are busy, computes while they are idle",
    loses: "when predictions fail: step times far off, links that others crowd after the decision",
    knobs: [
      {
        name: "queue_weight",
        description: "how much the delay of a request that waits behind counts",
        unit: "×",
        min: 0,
        max: 100,
        default: 1,
      },
    ],
  },
  create(knobs) {
    const weight = knobs["queue_weight"] ?? 1;
    return {
      decide(view) {
        const shared = 1 + weight * view.waiting;
        let best = 0;
        let bestUs = Infinity;
        for (let k = 0; k <= view.pieces; k++) {
          const costUs = view.loadUs[k]! + view.computeUs[k]! * shared;
          if (costUs < bestUs) {
            best = k;
            bestUs = costUs;
          }
        }
        return best;
      },
    };
  },
};
