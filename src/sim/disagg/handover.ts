/** When a request's decode worker is chosen and asked for memory. */

import type { EngineKnobs } from "../scenario.ts";
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
