/** How the engines' defaults answer what a scenario's `disagg` section leaves open. */

import type { LandingRules } from "../engine.ts";
import type { EngineKnobs, Scenario } from "../scenario.ts";
import type { DisaggKnobs } from "./disagg-schema.ts";

/** When the decode worker is chosen and asked for memory. */
export type Handover =
  /** Chosen and asked when the prompt is computed. */
  | "sync"
  /** Chosen at arrival, asked when the prompt is computed. */
  | "chosen"
  /** Chosen and asked at arrival; the prompt is computed meanwhile. */
  | "push"
  /** Chosen and asked at arrival; the prompt waits until it has memory there. */
  | "destination_first";

/** The scenario's way of handing over; `scheduler`: the decode workers'. */
export function handoverOf(knobs: DisaggKnobs, scheduler: EngineKnobs["scheduler"]): Handover {
  let { dispatch, reserve } = knobs;
  if (dispatch === "auto") {
    if (reserve === "auto") dispatch = scheduler === "sglang" ? "bootstrap" : "sync";
    else dispatch = reserve === "destination_first" ? "bootstrap" : "sync";
  }
  if (reserve === "auto") reserve = "destination_first";
  if (dispatch !== "bootstrap") return dispatch;
  return reserve === "destination_first" ? reserve : "chosen";
}

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
    room: isGuaranteed ? "whole" : scheduler === "sglang" ? "reserved" : "prompt",
  };
}
