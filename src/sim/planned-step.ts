/** A step that a scheduling pass has put together and that has not begun. */

import type { PassState } from "./engine.ts";
import type { HandoffBatch } from "./handoff-batch.ts";
import { TokenStalls } from "./token-stalls.ts";

export type PlannedStep = Pick<PassState, "shape" | "landed" | "landedContext">;

/** Adds what decodes to the shape of a step with prompts; returns how many requests do that did before. */
export function addDecodes(batch: HandoffBatch, step: PlannedStep, nowUs: number): number {
  const { shape, landed, landedContext } = step;
  const { decodesInStep, demand } = batch;
  const requests = decodesInStep ? demand.requests : 0;
  if (!decodesInStep && demand.requests > 0) {
    batch.stalls ??= new TokenStalls();
    batch.stalls.hold(nowUs, demand.requests);
  }
  // Of what has landed the step computes one token each, as a decode does.
  shape.decodeRequests = requests + landed;
  shape.decodeContextTokens = (decodesInStep ? batch.decodeContext : 0) + landedContext;
  return requests;
}
