/** Least loaded: the worker with the fewest requests in its care. */

import type { RouterPolicy, RouterView } from "./router.ts";

/** Fewest running and waiting requests by the last scrape; before the first scrape by the own book. */
function leastScraped(view: RouterView): number {
  const { atUs, running, waiting } = view.scraped;
  if (Number.isNaN(atUs)) return view.leastOutstanding();
  let best = 0;
  let bestLoad = Infinity;
  for (let worker = 0; worker < view.workers; worker++) {
    const load = running[worker]! + waiting[worker]!;
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
    scrapes: knobs["scraped"] === 1,
    decide: (view) => (knobs["scraped"] === 1 ? leastScraped(view) : view.leastOutstanding()),
  }),
};
