/** SGLang's cache-aware router: best approximate prefix match while balanced, shortest queue when not. */

import { NO_WORKER } from "./router.ts";
import type { Router, RouterPolicy, RouterRequest, RouterView } from "./router.ts";

class SglangCacheAware implements Router {
  readonly needs = { prefix: true, ownIndex: true };
  private readonly threshold: number;
  private readonly absolute: number;
  private readonly relative: number;

  constructor(knobs: Readonly<Record<string, number>>) {
    this.threshold = knobs["cache_threshold"]!;
    this.absolute = knobs["balance_abs_threshold"]!;
    this.relative = knobs["balance_rel_threshold"]!;
  }

  decide(view: RouterView, request: RouterRequest): number {
    const { candidates, candidateCount: count, outstanding } = view;
    const [device] = view.reach;
    let least = Infinity;
    let most = 0;
    let matched = NO_WORKER;
    let longest = -1;
    for (let i = 0; i < count; i++) {
      const worker = candidates[i]!;
      const load = outstanding[worker]!;
      if (load < least) least = load;
      if (load > most) most = load;
      view.scores[worker] = -device[worker]!;
      if (device[worker]! > longest) {
        longest = device[worker]!;
        matched = worker;
      }
    }
    if (most - least > this.absolute && most > this.relative * least) {
      view.rule = "imbalanced: shortest queue";
      return view.leastOutstanding();
    }
    if (request.blocks > 0 && longest / request.blocks > this.threshold) {
      view.rule = "prefix match above the threshold";
      return matched;
    }
    // Newer gateways fall back to load, not to the smallest tree, which spiralled (SGLang issues 14305, 14532).
    view.rule = "no match: shortest queue";
    return view.leastOutstanding();
  }
}

export const sglangCacheAware: RouterPolicy = {
  meta: {
    name: "sglang_cache_aware",
    title: "SGLang cache-aware",
    source: "SGLang model gateway, cache_aware policy: approximate tree of its own decisions",
    wins: "engines tell no events; few hot prefixes and slack to absorb their queues",
    loses: "counts requests; balances only after a wide gap has opened; drifts from real caches",
    knobs: [
      {
        name: "cache_threshold",
        description: "share of the prompt that must match",
        unit: "1",
        min: 0,
        max: 1,
        default: 0.5,
      },
      {
        name: "balance_abs_threshold",
        description: "gap between the longest and the shortest queue that counts as imbalance",
        unit: "requests",
        min: 0,
        max: 1_000_000,
        default: 32,
      },
      {
        name: "balance_rel_threshold",
        description: "ratio of the same two that must be exceeded too",
        unit: "1",
        min: 1,
        max: 1000,
        default: 1.0001,
      },
    ],
  },
  create: (knobs) => new SglangCacheAware(knobs),
};
