/** Computes everything again. */

import type { OnboardPolicy } from "./onboard.ts";

export const neverOnboard: OnboardPolicy = {
  meta: {
    name: "never",
    title: "Always recompute",
    source: "an engine without lower tiers; the other naive rule",
    wins: "idle GPUs behind slow links",
    loses: "everywhere else: a loaded GPU computes what it could have read",
    knobs: [],
  },
  create: () => ({ decide: () => 0 }),
};
