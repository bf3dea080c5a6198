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

/**
 * Σ of `c0 + c1·ctx + c2·ctx²` over the first `steps` steps of a run whose context starts at `context` and grows by
 * `growth` a step, in closed form.
 */
export function runSum(
  c0: number,
  c1: number,
  c2: number,
  context: number,
  growth: number,
  steps: number,
): number {
  const pairs = (steps * (steps - 1)) / 2;
  const total = c0 * steps + c1 * (context * steps + growth * pairs);
  if (c2 === 0) return total;
  const squares = (pairs * (2 * steps - 1)) / 3;
  return (
    total +
    c2 * (context * context * steps + 2 * context * growth * pairs + growth * growth * squares)
  );
}

/** Step time in µs of a decode run at a total context of `contextTokens`, by Horner's rule. */
export function decodeRunUs(run: DecodeRun, contextTokens: number): number {
  return run.c0 + (run.c1 + run.c2 * contextTokens) * contextTokens;
}
