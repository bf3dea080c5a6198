/**
 * When the decode group of a worker needs new blocks. A request takes a block in the step in which its context passes a
 * multiple of the block size, that is at steps ≡ phase (mod block size) of the worker's decode-step counter. Counting
 * requests by phase gives the demand of any run of steps without walking the batch.
 */

/** Result of `BlockDemand.sum`; one for all workers. */
export type DemandSum = {
  /** Blocks taken in all. */
  blocks: number;
  /** Sum over the steps of the blocks taken up to and including each. */
  blockSteps: number;
};

export class BlockDemand {
  /** Requests in the group. */
  requests = 0;
  private readonly blockSize: number;
  private readonly byPhase: Int32Array;
  private readonly base: number;

  /** `byPhase` holds the counts of all workers, `blockSize` each; this one's begin at `base`. */
  constructor(blockSize: number, byPhase: Int32Array, base: number) {
    this.blockSize = blockSize;
    this.byPhase = byPhase;
    this.base = base;
  }

  /** A request joins whose context is `context` in step `step`. */
  join(step: number, context: number): void {
    this.byPhase[this.placeOf(step, context)]!++;
    this.requests++;
  }

  leave(step: number, context: number): void {
    this.byPhase[this.placeOf(step, context)]!--;
    this.requests--;
  }

  /** Blocks needed in step `step`. */
  at(step: number): number {
    return this.byPhase[this.base + (step % this.blockSize)]!;
  }

  /**
   * Demand of the `steps` steps from `step` on.
   */
  sum(step: number, steps: number, result: DemandSum): void {
    const size = this.blockSize;
    const phases = Math.min(steps, size);
    let blocks = 0;
    let blockSteps = 0;
    let phase = step % size;
    for (let offset = 0; offset < phases; offset++) {
      const count = this.byPhase[this.base + phase]!;
      if (count > 0) {
        // This phase's steps are offset, offset + size, …; each block is held from its step to the end.
        const times = Math.floor((steps - 1 - offset) / size) + 1;
        blocks += count * times;
        blockSteps += count * (times * (steps - offset) - (size * times * (times - 1)) / 2);
      }
      if (++phase === size) phase = 0;
    }
    result.blocks = blocks;
    result.blockSteps = blockSteps;
  }

  /** Most steps from `step` on, at most `steps`, whose demand `available` blocks can meet. */
  stepsWithin(step: number, steps: number, available: number): number {
    const size = this.blockSize;
    if (this.requests * Math.ceil(steps / size) <= available) return steps;
    // A full cycle of phases needs one block for each request.
    const cycles = Math.floor(available / this.requests);
    let left = available - cycles * this.requests;
    let done = cycles * size;
    let phase = step % size;
    while (done < steps) {
      left -= this.byPhase[this.base + phase]!;
      if (left < 0) break;
      done++;
      if (++phase === size) phase = 0;
    }
    return Math.min(done, steps);
  }

  private placeOf(step: number, context: number): number {
    const phase = (step + 1 - context) % this.blockSize;
    return this.base + (phase < 0 ? phase + this.blockSize : phase);
  }
}
