/** What the tier lacks goes down, and nothing that it has or is being sent. */

import type { OffloadPolicy } from "./offload.ts";

export const presenceOffload: OffloadPolicy = {
  meta: {
    name: "presence",
    title: "Presence filter",
    source: "KVBM v2's default offload policy (dynamo-policies.md §3.3)",
    wins: "large tiers, where everything may come back",
    loses: "small tiers and slow disks: prompts that are seen once push out and wear",
    knobs: [],
  },
  create: () => ({ sendsPresent: false, passes: () => true }),
};
