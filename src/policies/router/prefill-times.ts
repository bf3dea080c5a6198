/** Predicted times of prefills, from the workers' step-time models. */

import type { WorkerFacts } from "./router.ts";

export class PrefillTimes {
  private readonly shape = {
    prefillRequests: 1,
    prefillTokens: 0,
    prefillPastTokens: 0,
    prefillPairs: 0,
    decodeRequests: 0,
    decodeContextTokens: 0,
  };

  /** Of `newTokens` behind `past` cached ones alone on a worker, µs; NaN: nobody has measured it. */
  alone({ steps }: WorkerFacts, newTokens: number, past: number): number {
    if (steps === undefined) return NaN;
    if (newTokens <= 0) return 0;
    const { shape } = this;
    shape.prefillTokens = newTokens;
    shape.prefillPastTokens = past;
    shape.prefillPairs = newTokens * (past + newTokens / 2);
    return steps.stepUs(shape);
  }
}
