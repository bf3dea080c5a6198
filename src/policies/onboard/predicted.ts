/**
 * Fetches as many pieces as make the sum of all delays that it knows of least: the request's own, and those that it causes.
 *
 * Its own: the time to fetch beside what moves on the links now, then the GPU time of the rest. That GPU time also holds up
 * each request that waits at the worker or fetches there, which has to be computed after it. And what other transfers take
 * of a link's time from this one, this one takes from them: under fair sharing both lose the same.
 */

import type { OnboardPolicy } from "./onboard.ts";

export const predictedOnboard: OnboardPolicy = {
  meta: {
    name: "predicted",
    title: "Onboard or recompute by predicted time",
    source:
      "CacheGen and Mooncake compare load and prefill time for one request; here those it delays count too",
    wins: "mixed tiers and changing load: reads from disk while GPUs are busy, computes while they are idle",
    loses: "when predictions fail: step times far off, links that others crowd after the decision",
    knobs: [
      {
        name: "queue_weight",
        description: "how much the delay of others counts, in the queue and on the links",
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
        const shared = 1 + weight * (view.waiting + view.loading);
        let best = 0;
        let bestUs = Infinity;
        for (let k = 0; k <= view.pieces; k++) {
          const fetchUs = view.loadUs[k]! + weight * view.crowdedUs[k]!;
          const costUs = fetchUs + view.computeUs[k]! * shared;
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
