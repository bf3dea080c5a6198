/**
 * What the step-time models share: evaluation of a decode run, and the shortest step the clock can
 * hold.
 */
import type { DecodeRun } from "./step-time.ts";

/**
 * Shortest step a model may give, in µs. The engine's clock counts whole microseconds, so a
 * shorter step could round to no time at all.
 */
export const STEP_US_MIN = 1;

/** Step time in µs of a decode run at a total context of `contextTokens`, by Horner's rule. */
export function decodeRunUs(run: DecodeRun, contextTokens: number): number {
  return run.c0 + (run.c1 + run.c2 * contextTokens) * contextTokens;
}
