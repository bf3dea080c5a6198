/**
 * SGLang's new-token ratio: the share of their remaining output that running requests are expected to need, and that admission
 * keeps free for them. It falls with every decode step and is estimated anew when memory ran short all the same.
 *
 * The ratio is a function of the decode steps since it was last set, never a sum over steps: jumping over steps and
 * visiting each give the same number.
 *
 * Source: SGLang v0.5 scheduler.py and schedule_batch.py (`retract_decode`), environ.py for the constants.
 */

/** SGLANG_INIT_NEW_TOKEN_RATIO. */
const RATIO_FIRST = 0.7;
/** SGLANG_MIN_NEW_TOKEN_RATIO_FACTOR: the floor, as a share of the first ratio. */
const FLOOR_SHARE = 0.14;
/** SGLANG_NEW_TOKEN_RATIO_DECAY_STEPS: decode steps from the first ratio to the floor. */
const DECAY_STEPS = 600;
/** SGLANG_RETRACT_DECODE_STEPS: decode steps that the estimate after a retraction grants each survivor. */
const RETRACT_DECODE_STEPS = 20;

export class NewTokenRatio {
  private readonly first: number;
  private readonly floor: number;
  private readonly decay: number;
  /** The ratio up to decode step `setAt`. */
  private set: number;
  private setAt = 0;

  constructor(conservativeness: number) {
    this.first = Math.min(1, RATIO_FIRST * conservativeness);
    this.floor = this.first * FLOOR_SHARE;
    this.decay = (this.first - this.floor) / DECAY_STEPS;
    this.set = this.first;
  }

  /** The ratio when `step` decode steps have been done. */
  at(step: number): number {
    const steps = step - this.setAt;
    return steps <= 0 ? this.set : Math.max(this.floor, this.set - this.decay * steps);
  }

  /** The worker ran out of work at decode step `step`: back to the first ratio. */
  reset(step: number): void {
    this.set = this.first;
    this.setAt = step;
  }

  /** A step with prompts in it gives decoding requests a token without letting the ratio fall. */
  skipStep(): void {
    this.setAt++;
  }

  /** Requests were retracted before decode step `step`; `survivors` have generated `generated` of at most `limit` tokens. */
  retracted(step: number, survivors: number, generated: number, limit: number): void {
    this.set = Math.min(1, (generated + RETRACT_DECODE_STEPS * survivors) / (limit + 1));
    // This step does not lower it either.
    this.setAt = step + 1;
  }
}
