/** What `npm start` runs: an hour of conversations on eight workers. */

import type { ScenarioInput } from "./scenario.ts";

/**
 * The bundled trace on eight workers of two H100, each with gpt-oss-120b in its published format, with
 * vLLM's usual knobs. The targets are those of a chat that reads documents (assumption): 5 s to the
 * first token of prompts of 12,000 tokens in the mean, then 20 tokens a second.
 */
export const demoScenario: ScenarioInput = {
  headworks: 1,
  name: "demo",
  model: "gpt-oss-120b",
  gpu: "h100-sxm",
  trace: "conversation-small",
  cluster: { workers: 8, parallelism: { tensor: 2 } },
  router: { policy: "round_robin" },
  slo: { ttft_s: 5, tpot_s: 0.05 },
};
