/** Everything goes down, whether the tier has it or not. */

import type { OffloadPolicy } from "./offload.ts";

export const passAllOffload: OffloadPolicy = {
  meta: {
    name: "pass_all",
    title: "Pass all",
    source: "KVBM v2 offload policy pass_all (dynamo-policies.md §3.3)",
    wins: "nothing that presence does not win; the cost of not looking",
    loses: "link time: shared prefixes are written again with every request",
    knobs: [],
  },
  create: () => ({ sendsPresent: true, passes: () => true }),
};
