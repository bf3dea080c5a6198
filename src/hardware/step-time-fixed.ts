/** Constant step times: the hand-checkable model for closed-form tests and parity fixtures. */
import { fail, invariant, ok, type Result } from "../core/index.ts";
import type { DecodeRun, StepShape, StepTimeModel } from "./step-time.ts";
import { STEP_US_MIN } from "./step-time-run.ts";

export type FixedStepTimes = {
  /** Time of a step's prefill part when it is not empty, µs. */
  readonly prefillUs: number;
  /** Time of a step's decode part when it is not empty, µs. */
  readonly decodeUs: number;
  /** A mixed step costs the larger part (true) or the sum of both (false, the default). */
  readonly fused?: boolean;
};

/** The times as they are, or a problem when one is not a finite number of at least 1 µs. */
export function checkFixed(times: FixedStepTimes): Result<FixedStepTimes> {
  for (const name of ["prefillUs", "decodeUs"] as const) {
    const value = times[name];
    if (Number.isFinite(value) && value >= STEP_US_MIN) continue;
    return fail({
      what: `a fixed step time of ${value} µs cannot be simulated`,
      where: `stepTime.${name}`,
      expected: `a finite time of at least ${STEP_US_MIN} µs`,
      remedy: "use 1 µs for a part that shall cost next to nothing",
    });
  }
  return ok(times);
}

/**
 * A non-empty prefill part costs `prefillUs`, a non-empty decode part `decodeUs`, whatever their
 * size. In a mixed step the two add up, as in Dynamo's `timing.type: fixed`, unless `fused`.
 *
 * Source: ai-dynamo/aisimulate, crates/core/src/engine/timing.rs (in ms there).
 */
export class FixedStepTime implements StepTimeModel {
  readonly name = "fixed";
  readonly #prefillUs: number;
  readonly #decodeUs: number;
  readonly #mixedUs: number;

  /** Throws `InvariantError` on times that `checkFixed` refuses. */
  constructor(times: FixedStepTimes) {
    invariant(checkFixed(times).ok, "fixed step times must be finite and at least 1 µs");
    const { prefillUs, decodeUs } = times;
    this.#prefillUs = prefillUs;
    this.#decodeUs = decodeUs;
    this.#mixedUs = times.fused === true ? Math.max(prefillUs, decodeUs) : prefillUs + decodeUs;
  }

  stepUs(shape: StepShape): number {
    if (shape.prefillRequests === 0) return shape.decodeRequests === 0 ? 0 : this.#decodeUs;
    return shape.decodeRequests === 0 ? this.#prefillUs : this.#mixedUs;
  }

  decodeRun(_requests: number, _contextTokens: number, run: DecodeRun): void {
    run.c0 = this.#decodeUs;
    run.c1 = 0;
    run.c2 = 0;
    run.contextEnd = Infinity;
  }
}
