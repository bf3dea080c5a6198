/** Round robin: turn-taking, blind to load. */

import type { RouterPolicy } from "./router.ts";

export const roundRobin: RouterPolicy = {
  meta: {
    name: "round_robin",
    title: "Round robin",
    source: "folklore; the default of most load balancers and of NVIDIA's engine-only replay",
    wins: "many similar requests on equal workers; nothing to measure, nothing to go stale",
    loses: "lengths vary: one worker collects the long ones; sessions lose their cached prefix",
    knobs: [],
  },
  create: () => ({ decide: (view) => view.candidates[view.decisions % view.candidateCount]! }),
};
