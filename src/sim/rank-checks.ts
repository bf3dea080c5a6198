/** What attention ranks that are workers of their own ask of a scenario. */

import type { Problem } from "../core/index.ts";
import { ranksApart } from "./pool-scenarios.ts";
import type { Scenario } from "./scenario.ts";

/** What is wrong with a pool whose ranks are apart; undefined: nothing. */
export function checkRanks(pool: Scenario): Problem | undefined {
  const ranks = ranksApart(pool);
  if (ranks === 1) return undefined;
  const { attention_dp_wait_steps: wait, scheduler } = pool.engine;
  if (wait > 0 && scheduler === "tensorrt_llm") {
    return {
      what: "prompts wait for every rank only where one queue deals them out",
      where: "engine.attention_dp_wait_steps",
      expected: "0 with engine.data_ranks: apart, whose ranks have queues of their own",
      remedy: "leave it out, or set engine.data_ranks: pooled",
    };
  }
  const { gpus_per_worker: gpus } = pool.cluster;
  if (gpus === null || gpus % ranks === 0) return undefined;
  return {
    what: `${String(gpus)} GPUs are not the same number for each of ${String(ranks)} ranks`,
    where: "cluster.gpus_per_worker",
    expected: `a multiple of cluster.parallelism.data = ${String(ranks)}`,
    remedy: "leave it out: it is tensor × pipeline × data ranks then",
  };
}
