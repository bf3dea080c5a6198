/** How the engines' defaults answer what a scenario's `disagg` section leaves open. */

import type { LandingRules } from "../engine.ts";
import type { EngineKnobs, Scenario } from "../scenario.ts";
import type { DisaggKnobs } from "./disagg-schema.ts";

/** Whether the prefill worker's token is the client's first; otherwise the decode worker's first step makes it. */
export function firstTokenComes(knobs: DisaggKnobs, scheduler: EngineKnobs["scheduler"]): boolean {
  if (knobs.first_token === "auto") return scheduler !== "vllm";
  return knobs.first_token === "handed_over";
}

type SeatKnobs = Pick<EngineKnobs, "scheduler" | "max_num_seqs" | "capacity_scheduler_policy">;

/** By what rule a decode worker lets prompts in: that of its own scheduler's admission. */
export function landingRules({ disagg }: Scenario, engine: SeatKnobs): LandingRules {
  const { scheduler } = engine;
  const isGuaranteed =
    scheduler === "tensorrt_llm" && engine.capacity_scheduler_policy === "guaranteed_no_evict";
  return {
    seats: engine.max_num_seqs,
    firstTokenComes: firstTokenComes(disagg, scheduler),
    stagingBlocks: disagg.staging_blocks ?? Infinity,
    inTurn: scheduler === "vllm",
    room: isGuaranteed ? "whole" : scheduler === "sglang" ? "reserved" : "prompt",
  };
}
