/** What engines say to keys about copies of experts and their places. */

import type { Problem } from "../core/index.ts";
import type { Scenario } from "./scenario.ts";

/** Keys about experts that the engine would not start with. */
export function checkExperts({ engine, cluster }: Scenario): Problem | undefined {
  const { redundant_experts: redundant, eplb, backend } = engine;
  if (redundant === 0 && !eplb) return undefined;
  const where = redundant > 0 ? "engine.redundant_experts" : "engine.eplb";
  if (backend === "hf") {
    return {
      what: "Transformers neither copies experts nor places them by their load",
      where,
      expected: "the backend vllm, sglang or trtllm",
    };
  }
  if (cluster.parallelism.expert === 1) {
    return {
      what: "experts are copied and placed over ranks, and the worker has one rank for them",
      where,
      expected: "cluster.parallelism.expert above 1",
      remedy: "set cluster.parallelism.expert, or remove the key",
    };
  }
  if (redundant > 0 && !eplb && backend !== "sglang") {
    // vLLM's ParallelConfig refuses it; TensorRT-LLM's slots belong to its load_balancer.
    return {
      what: `${backend} has redundant experts only where it balances their load`,
      where,
      expected: "engine.eplb: true beside it",
      remedy: "set engine.eplb: true, or remove the redundant experts",
    };
  }
  return undefined;
}
