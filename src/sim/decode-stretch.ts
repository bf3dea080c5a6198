/**
 * A decode stretch: a batch that only decodes, from the last change of its composition on. Step j of the stretch takes
 * t(j) = c0 + c1·ctx + c2·ctx², ctx = ctx0 + B·j, and ends at anchor + round(S(j + 1)), S(k) = Σ_{i<k} t(i), in closed form.
 *
 * Both engine modes take every boundary from here, whether they visit it or jump over it; so cutting a run moves nothing.
 */

import { decodeStepUs } from "../core/index.ts";
import type { GapHistogram } from "../core/index.ts";
import { runSum } from "../hardware/index.ts";
import type { DecodeRun, StepTimeModel } from "../hardware/index.ts";

/** Shortest step, µs: two boundaries never fall on the same microsecond. */
const STEP_US_MIN = 1;

/** Places of the numbers of a stretch, side by side in one small array. */
const ANCHOR_US = 0;
const ANCHOR_STEP = 1;
const BATCH = 2;
const CONTEXT = 3;
const C0 = 4;
const C1 = 5;
const C2 = 6;
const CONTEXT_END = 7;
/** Numbers per stretch: one cache line. */
export const STRETCH_NUMBERS = 8;

/** Filled by the model and copied at once. */
const scratch: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };

export class DecodeStretch {
  /** False when the batch has changed since the anchor. */
  valid = false;
  protected readonly numbers: Float64Array;
  protected readonly base: number;
  /** `numbers` holds the stretches of all workers; this one's begin at `base`. */
  constructor(numbers: Float64Array, base: number) {
    this.numbers = numbers;
    this.base = base;
  }

  /** When the stretch began, µs. */
  get anchorUs(): number {
    return this.numbers[this.base + ANCHOR_US]!;
  }

  /** The worker's decode-step counter at the anchor. */
  get anchorStep(): number {
    return this.numbers[this.base + ANCHOR_STEP]!;
  }

  /** Requests in the batch. */
  get batch(): number {
    return this.numbers[this.base + BATCH]!;
  }

  /** The batch's total context in the first step. */
  get context(): number {
    return this.numbers[this.base + CONTEXT]!;
  }

  /** Starts a stretch at `nowUs` for `batch` requests of total context `context`. */
  begin(model: StepTimeModel, nowUs: number, step: number, batch: number, context: number): void {
    model.decodeRun(batch, context, scratch);
    this.set(nowUs, step, batch, context, scratch, scratch.contextEnd);
  }

  /** Starts a stretch whose times are those of a batch of `batch` requests of total context `context`. */
  protected set(
    nowUs: number,
    step: number,
    batch: number,
    context: number,
    run: DecodeRun,
    contextEnd: number,
  ): void {
    const { numbers: n, base } = this;
    this.valid = true;
    n[base + ANCHOR_US] = nowUs;
    n[base + ANCHOR_STEP] = step;
    n[base + BATCH] = batch;
    n[base + CONTEXT] = context;
    n[base + C0] = run.c0;
    n[base + C1] = run.c1;
    n[base + C2] = run.c2;
    n[base + CONTEXT_END] = contextEnd;
    if (this.stepUs(0) >= STEP_US_MIN) return;
    n[base + C0] = STEP_US_MIN;
    n[base + C1] = 0;
    n[base + C2] = 0;
    n[base + CONTEXT_END] = context + 1;
  }

  /** Steps of the stretch for which the step-time polynomial holds, from the anchor on; ≥ 1. */
  get stepsValid(): number {
    const { numbers: n, base } = this;
    return Math.ceil((n[base + CONTEXT_END]! - n[base + CONTEXT]!) / n[base + BATCH]!);
  }

  /** Time of step `j` of the stretch, µs, not rounded. */
  stepUs(j: number): number {
    const { numbers: n, base } = this;
    return decodeStepUs(
      n[base + C0]!,
      n[base + C1]!,
      n[base + C2]!,
      n[base + CONTEXT]! + n[base + BATCH]! * j,
    );
  }

  /** When the first `j` steps are done, µs. */
  timeAt(j: number): number {
    return this.numbers[this.base + ANCHOR_US]! + Math.round(this.sum(j));
  }

  /** How many steps are done at `timeUs`, given that the answer lies in low … high − 1. */
  stepsBy(timeUs: number, low: number, high: number): number {
    const x = timeUs - this.numbers[this.base + ANCHOR_US]!;
    let guess = low + (x - this.sum(low)) / this.stepUs(low);
    guess -= (this.sum(guess) - x) / this.stepUs(guess);
    let j = Math.min(Math.max(Math.floor(guess), low), high - 1);
    if (!(j >= low)) j = low;
    while (j > low && this.timeAt(j) > timeUs) j--;
    while (j + 1 < high && this.timeAt(j + 1) <= timeUs) j++;
    return j;
  }

  /** Steps of a run that began with step `first`, at most `limit`, until the first boundary at or after `timeUs`; ≥ 1. */
  stepsUntil(timeUs: number, first: number, limit: number): number {
    const done = this.stepsBy(timeUs, first, first + limit);
    const steps = done - first + (this.timeAt(done) >= timeUs ? 0 : 1);
    return Math.max(1, Math.min(limit, steps));
  }

  /** Adds the gaps of steps first … first + steps − 1 to a histogram, each weighted with the batch. */
  addGaps(gaps: GapHistogram, first: number, steps: number): void {
    const { numbers: n, base } = this;
    gaps.addRun(
      n[base + C0]!,
      n[base + C1]!,
      n[base + C2]!,
      n[base + CONTEXT]!,
      n[base + BATCH]!,
      first,
      steps,
      this.batch,
    );
  }

  private sum(j: number): number {
    const { numbers: n, base } = this;
    const batch = n[base + BATCH]!;
    return runSum(n[base + C0]!, n[base + C1]!, n[base + C2]!, n[base + CONTEXT]!, batch, j);
  }
}
