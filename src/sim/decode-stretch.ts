/**
 * A decode stretch: a batch that only decodes, from the last change of its composition on. Step j of the stretch takes
 * t(j) = c0 + c1·ctx + c2·ctx², ctx = ctx0 + B·j, and ends at anchor + round(S(j + 1)), S(k) = Σ_{i<k} t(i), in closed form.
 *
 * Both engine modes take every boundary from here, whether they visit it or jump over it; so cutting a run moves nothing.
 */

import { decodeStepUs } from "../core/index.ts";
import type { GapHistogram } from "../core/index.ts";
import type { DecodeRun, StepTimeModel } from "../hardware/index.ts";

/** Shortest step, µs: two boundaries never fall on the same microsecond. */
const STEP_US_MIN = 1;

export class DecodeStretch {
  /** False when the batch has changed since the anchor. */
  valid = false;
  anchorUs = 0;
  /** The worker's decode-step counter at the anchor. */
  anchorStep = 0;
  batch = 0;
  private context = 0;
  private readonly run: DecodeRun = { c0: 1, c1: 0, c2: 0, contextEnd: Infinity };

  /** Starts a stretch at `nowUs` for `batch` requests of total context `context`. */
  begin(model: StepTimeModel, nowUs: number, step: number, batch: number, context: number): void {
    this.valid = true;
    this.anchorUs = nowUs;
    this.anchorStep = step;
    this.batch = batch;
    this.context = context;
    const run = this.run;
    model.decodeRun(batch, context, run);
    if (!(this.stepUs(0) >= STEP_US_MIN)) {
      run.c0 = STEP_US_MIN;
      run.c1 = 0;
      run.c2 = 0;
      run.contextEnd = context + 1;
    }
  }

  /** Steps of the stretch for which the step-time polynomial holds, from the anchor on; ≥ 1. */
  get stepsValid(): number {
    const end = this.run.contextEnd;
    return end === Infinity ? Infinity : Math.ceil((end - this.context) / this.batch);
  }

  /** Time of step `j` of the stretch, µs, not rounded. */
  stepUs(j: number): number {
    const { c0, c1, c2 } = this.run;
    return decodeStepUs(c0, c1, c2, this.context + this.batch * j);
  }

  /** When the first `j` steps are done, µs. */
  timeAt(j: number): number {
    return this.anchorUs + Math.round(this.sum(j));
  }

  /** How many steps are done at `timeUs`, given that the answer lies in low … high − 1. */
  stepsBy(timeUs: number, low: number, high: number): number {
    const x = timeUs - this.anchorUs;
    let guess = low + (x - this.sum(low)) / this.stepUs(low);
    guess -= (this.sum(guess) - x) / this.stepUs(guess);
    guess -= (this.sum(guess) - x) / this.stepUs(guess);
    let j = Math.min(Math.max(Math.floor(guess), low), high - 1);
    if (!(j >= low)) j = low;
    while (j > low && this.timeAt(j) > timeUs) j--;
    while (j + 1 < high && this.timeAt(j + 1) <= timeUs) j++;
    return j;
  }

  /** Adds the gaps of steps first … first + steps − 1 to a histogram, each weighted with the batch. */
  addGaps(gaps: GapHistogram, first: number, steps: number): void {
    const { c0, c1, c2 } = this.run;
    gaps.addRun(c0, c1, c2, this.context, this.batch, first, steps, this.batch);
  }

  private sum(j: number): number {
    const { c0, c1, c2 } = this.run;
    const pairs = (j * (j - 1)) / 2;
    const batch = this.batch;
    const context = this.context;
    let total = c0 * j + c1 * (context * j + batch * pairs);
    if (c2 !== 0) {
      const squares = (pairs * (2 * j - 1)) / 3;
      total += c2 * (context * context * j + 2 * context * batch * pairs + batch * batch * squares);
    }
    return total;
  }
}
