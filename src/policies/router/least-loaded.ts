/** Least loaded: the worker with the fewest requests in its care. */

import { NO_WORKER } from "./router.ts";
import type { RouterPolicy, RouterView } from "./router.ts";

/** Fewest running and waiting requests by the last scrape; the own book where nothing was scraped yet. */
function leastScraped(view: RouterView): number {
  const { atUs, running, waiting } = view.scraped;
  let best = NO_WORKER;
  let bestLoad = Infinity;
  for (let i = 0; i < view.candidateCount; i++) {
    const worker = view.candidates[i]!;
    const isKnown = !Number.isNaN(atUs[worker]!);
    const load = isKnown ? running[worker]! + waiting[worker]! : view.outstanding[worker]!;
    view.scores[worker] = load;
    if (load < bestLoad) {
      best = worker;
      bestLoad = load;
    }
  }
  return best;
}

export const leastLoaded: RouterPolicy = {
  meta: {
    name: "least_loaded",
    title: "Least loaded",
    source: "least-connections balancing (LVS, NGINX); join-the-shortest-queue in theory",
    wins: "one router that sees all traffic: near-optimal queueing for requests of unknown size",
    loses: "counts requests, not tokens; with scraped signals everyone herds to the same worker",
    knobs: [
      {
        name: "scraped",
        description: "0: the router's own book (fresh); 1: the workers' scraped counts (aged)",
        unit: "flag",
        min: 0,
        max: 1,
        default: 0,
      },
    ],
  },
  create: (knobs) => ({
    needs: { scrapes: knobs["scraped"] === 1 },
    decide: (view) => (knobs["scraped"] === 1 ? leastScraped(view) : view.leastOutstanding()),
  }),
};
