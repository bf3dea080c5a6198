/** What a router learns from the answers that pass through it: lengths of outputs, and how fast each worker really is. */

/** Weight of a new sample in a moving average (assumption: about the last twenty). */
const SMOOTHING = 0.05;
/** Output length to assume before anything was seen (assumption; the conversation trace's mean is 342). */
const FIRST_OUTPUT = 256;

export class Observed {
  /** Moving mean of generated tokens per request. */
  outputMean = FIRST_OUTPUT;
  /** Requests that have ended. */
  ended = 0;
  /** Moving mean of the time to first token by worker, µs, and when it last changed; NaN: no data. */
  readonly ttftUs: Float64Array;
  readonly ttftAtUs: Float64Array;
  /** Moving mean of the time per token by worker, µs; NaN: no data. */
  readonly tpotUs: Float64Array;

  constructor(workers: number) {
    this.ttftUs = new Float64Array(workers).fill(NaN);
    this.ttftAtUs = new Float64Array(workers).fill(NaN);
    this.tpotUs = new Float64Array(workers).fill(NaN);
  }

  firstToken(worker: number, ttftUs: number, nowUs: number): void {
    this.ttftUs[worker] = smoothed(this.ttftUs[worker]!, ttftUs);
    this.ttftAtUs[worker] = nowUs;
  }

  /** A request has ended after `generated` tokens, `decodeUs` after its first. */
  end(worker: number, generated: number, decodeUs: number): void {
    this.ended++;
    // The first samples count fully, so that the start does not linger.
    const weight = Math.max(SMOOTHING, 1 / this.ended);
    this.outputMean += weight * (generated - this.outputMean);
    if (generated > 1) {
      this.tpotUs[worker] = smoothed(this.tpotUs[worker]!, decodeUs / (generated - 1));
    }
  }
}

function smoothed(mean: number, sample: number): number {
  return Number.isNaN(mean) ? sample : mean + SMOOTHING * (sample - mean);
}
