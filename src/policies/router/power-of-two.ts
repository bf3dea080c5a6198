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
      const first = random.int(view.workers);
      if (view.workers === 1) return first;
      // The second draw is among the others, so the two always differ.
      const draw = random.int(view.workers - 1);
      const second = draw >= first ? draw + 1 : draw;
      const load = view.outstanding;
      if (load[first]! !== load[second]!) return load[first]! < load[second]! ? first : second;
      return first < second ? first : second;
    },
  }),
};
