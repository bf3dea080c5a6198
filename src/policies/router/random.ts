/** Uniform random choice: the memoryless baseline. */

import type { RouterPolicy } from "./router.ts";

export const randomRouter: RouterPolicy = {
  meta: {
    name: "random",
    title: "Random",
    source: "folklore; splits a Poisson stream into independent Poisson streams",
    wins: "many router replicas without shared state: it cannot herd",
    loses: "load evens out only as the square root of the number of requests",
    knobs: [],
  },
  create: () => ({
    decide: (view, _request, _nowUs, random) => view.candidates[random.int(view.candidateCount)]!,
  }),
};
