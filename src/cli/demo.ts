/** What `npm start` runs: an hour of conversations on eight workers. */

import type { ScenarioInput } from "../sim/index.ts";

/**
 * The bundled trace on eight single-GPU workers with vLLM's usual knobs and NVIDIA's published
 * step-time polynomial; the price is an assumption, about that of an on-demand H100 in 2026.
 */
export const demoScenario: ScenarioInput = {
  headworks: 1,
  name: "demo",
  trace: "conversation-small",
  cluster: { workers: 8 },
  engine: {
    block_size: 512,
    num_gpu_blocks: 16384,
    max_num_seqs: 256,
    max_num_batched_tokens: 8192,
    step_time: { type: "polynomial" },
  },
  router: { policy: "round_robin" },
  slo: { ttft_s: 5, tpot_s: 0.1 },
  cost: { usd_per_gpu_hour: 2.5 },
};
