/** Power of two choices: draw two workers, take the less loaded one. */

import type { RouterPolicy } from "./router.ts";

export const powerOfTwo: RouterPolicy = {
  meta: {
    name: "power_of_two",
    title: "Power of two choices",
    source: "Mitzenmacher, The power of two choices in randomized load balancing (1996)",
    wins: "many workers and stale or partial views: most of the gain of least-loaded, no herding",
    loses: "a single router with a fresh view: least-loaded is better at the same cost",
    knobs: [],
  },
  create: () => ({
    decide(view, _request, _nowUs, random) {
      const { candidates, candidateCount: count } = view;
      const one = random.int(count);
      if (count === 1) return candidates[one]!;
      // The second draw is among the others, so the two always differ.
      const draw = random.int(count - 1);
      const two = draw >= one ? draw + 1 : draw;
      const first = candidates[Math.min(one, two)]!;
      const second = candidates[Math.max(one, two)]!;
      return view.outstanding[second]! < view.outstanding[first]! ? second : first;
    },
  }),
};
