/** Keys of an engine that copies and places experts by their load (EPLB). */

import { z } from "zod";

export const expertKeys = {
  redundant_experts: z
    .int()
    .nonnegative()
    .max(1 << 16)
    .default(0)
    .meta({
      description:
        "copies of experts beyond one of each, over all expert ranks (SGLang ep_num_redundant_experts, " +
        "vLLM num_redundant_experts, TensorRT-LLM num_slots less the experts); needs parallelism.expert",
      unit: "experts",
    }),
  eplb: z
    .boolean()
    .default(false)
    .meta({
      description:
        "the busiest experts get the copies and ranks are filled evenly (enable_eplb, load_balancer); " +
        "false: copies are of the first experts, ranks filled in turn",
    }),
};
