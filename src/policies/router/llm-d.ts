/** llm-d's endpoint picker: a weighted sum of scorers, each in [0, 1], over scraped signals and the prefix index. */

import type { Stream } from "../../core/index.ts";
import { leastScore } from "./pick.ts";
import type { Router, RouterPolicy, RouterRequest, RouterView } from "./router.ts";

class LlmD implements Router {
  readonly needs = { prefix: true, scrapes: true };
  private readonly prefix: number;
  private readonly queue: number;
  private readonly usage: number;
  private readonly cpu: number;

  constructor(knobs: Readonly<Record<string, number>>) {
    this.prefix = knobs["prefix_weight"]!;
    this.queue = knobs["queue_weight"]!;
    this.usage = knobs["kv_usage_weight"]!;
    this.cpu = knobs["cpu_tier_weight"] ?? 0;
  }

  decide(view: RouterView, request: RouterRequest, _nowUs: number, random: Stream): number {
    const { candidates, candidateCount: count, scraped, scores } = view;
    const [device, host] = view.reach;
    let least = Infinity;
    let most = 0;
    for (let i = 0; i < count; i++) {
      const queue = queueOf(view, candidates[i]!);
      if (queue < least) least = queue;
      if (queue > most) most = queue;
    }
    for (let i = 0; i < count; i++) {
      const worker = candidates[i]!;
      const span = most - least;
      const queueScore = span === 0 ? 1 : (most - queueOf(view, worker)) / span;
      const { blocks } = view.facts[worker]!;
      const isKnown = !Number.isNaN(scraped.atUs[worker]!);
      const used = isKnown ? scraped.kvBlocksUsed[worker]! : view.book.blocks[worker]!;
      const found = device[worker]! + this.cpu * (host[worker]! - device[worker]!);
      const prefixScore = request.blocks === 0 ? 0 : found / request.blocks;
      scores[worker] = -(
        this.prefix * prefixScore +
        this.queue * queueScore +
        this.usage * (1 - Math.min(1, used / blocks))
      );
    }
    view.rule = "highest weighted score";
    return leastScore(view, random);
  }
}

/** Requests waiting at the engine; without a scrape, those the router has out for their first token. */
function queueOf(view: RouterView, worker: number): number {
  const isKnown = !Number.isNaN(view.scraped.atUs[worker]!);
  return isKnown ? view.scraped.waiting[worker]! : view.book.prefillRequests[worker]!;
}

const weight = (name: string, description: string, byDefault: number) => ({
  name,
  description,
  unit: "1",
  min: 0,
  max: 1000,
  default: byDefault,
});

export const llmD: RouterPolicy = {
  meta: {
    name: "llm_d",
    title: "llm-d weighted scorers",
    source: "llm-d router (EPP): precise-prefix-cache, queue and kv-cache-utilization scorers",
    wins: "signals are fresh and several matter at once; weights can be tuned to a service",
    loses:
      "min-max normalisation: a queue of 1 against 0 counts as much as 100 against 0; between " +
      "scrapes everybody herds to the same worker",
    knobs: [
      // Weights: llm-d's guide to precise prefix caching (3, 2, 2).
      weight("prefix_weight", "weight of the share of the prompt that is cached", 3),
      weight("queue_weight", "weight of the short queue", 2),
      weight("kv_usage_weight", "weight of free KV memory", 2),
      // llm-d's indexer, kvCacheBackendConfigs: gpu 1.0, cpu 0.8; it knows no other tier.
      weight("cpu_tier_weight", "worth of a block in host memory, of one on the device", 0.8),
    ],
  },
  create: (knobs) => new LlmD(knobs),
};
