/** Consistent hashing of the prompt's first blocks with bounded loads: affinity without any index. */

import { rendezvousMix } from "./rendezvous.ts";
import { NO_WORKER } from "./router.ts";
import type { Router, RouterPolicy, RouterRequest, RouterView } from "./router.ts";

class ConsistentHash implements Router {
  readonly needs: { readonly affinityBlocks: number };
  private readonly bound: number;

  constructor(knobs: Readonly<Record<string, number>>) {
    this.needs = { affinityBlocks: knobs["prefix_blocks"]! };
    this.bound = 1 + knobs["load_slack"]!;
  }

  /** Rendezvous hashing: the highest mix of key and worker among those below the bound. */
  decide(view: RouterView, request: RouterRequest): number {
    const { candidates, candidateCount: count, outstanding } = view;
    let sum = 1;
    for (let i = 0; i < count; i++) sum += outstanding[candidates[i]!]!;
    const most = Math.ceil((this.bound * sum) / count);
    let best = NO_WORKER;
    let bestMix = -1;
    for (let i = 0; i < count; i++) {
      const worker = candidates[i]!;
      const mix = rendezvousMix(request.affinityKey, worker);
      const isFull = outstanding[worker]! + 1 > most;
      view.scores[worker] = isFull ? Infinity : -mix;
      if (isFull || mix <= bestMix) continue;
      bestMix = mix;
      best = worker;
    }
    view.rule = "highest hash below the load bound";
    return best === NO_WORKER ? view.leastOutstanding() : best;
  }
}

export const consistentHash: RouterPolicy = {
  meta: {
    name: "consistent_hash",
    title: "Consistent hashing with bounded loads",
    source:
      "Mirrokni, Thorup, Zadimoghaddam, Consistent Hashing with Bounded Loads (2016); rendezvous " +
      "hashing: Thaler, Ravishankar (1996)",
    wins: "many router replicas: they agree without a word; workers come and go and few prompts move",
    loses: "blind to what is cached and to sizes; a common system prompt hashes all to one worker",
    knobs: [
      {
        name: "prefix_blocks",
        description: "leading blocks that make the key",
        unit: "blocks",
        min: 1,
        max: 1_000_000,
        default: 16,
      },
      {
        name: "load_slack",
        description: "how far above the mean load a worker may go",
        unit: "1",
        min: 0,
        max: 100,
        default: 0.25,
      },
    ],
  },
  create: (knobs) => new ConsistentHash(knobs),
};
