/** Fetches all that is found. */

import type { OnboardPolicy } from "./onboard.ts";

export const alwaysOnboard: OnboardPolicy = {
  meta: {
    name: "always",
    title: "Always onboard",
    source: "what vLLM's and TensorRT-LLM's KV connectors and KVBM do",
    wins: "fast links: host memory over PCIe or C2C, long prefixes, loaded GPUs",
    loses:
      "slow or crowded links: KVBM fetched 2.4 GB from disk in 40 s that 0.9 s compute (Dynamo #6101)",
    knobs: [],
  },
  create: () => ({ decide: (view) => view.pieces }),
};
