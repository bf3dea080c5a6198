/** What a router learns from the answers that pass through it: lengths of outputs, and how fast each worker really is. */

/** Weight of a new sample in a moving average (assumption: about the last twenty). */
const SMOOTHING = 0.05;
/** Bins of output length: powers of the square root of two, up to 2^20 tokens. */
const LENGTH_BINS = 40;
/** What all bins lose whenever so many tokens have come in: old lengths fade (assumption). */
const FADE_AT_TOKENS = 2_000_000;
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

  /** Generated tokens by the length of their answer. */
  private readonly tokensByLength = new Float64Array(LENGTH_BINS);
  private tokens = 0;

  constructor(workers: number) {
    this.ttftUs = new Float64Array(workers).fill(NaN);
    this.ttftAtUs = new Float64Array(workers).fill(NaN);
    this.tpotUs = new Float64Array(workers).fill(NaN);
  }

  firstToken(worker: number, ttftUs: number, nowUs: number): void {
    this.ttftUs[worker] = smoothed(this.ttftUs[worker]!, ttftUs);
    this.ttftAtUs[worker] = nowUs;
  }

  /**
   * Share of the requests that decode at any moment whose answers are no longer than `length` tokens; long answers
   * are met more often than they arrive.
   */
  shareShorter(length: number): number {
    if (this.tokens === 0) return Math.min(1, length / (2 * this.outputMean));
    if (!(length >= 1)) return 0;
    const last = length >= 1 << 20 ? LENGTH_BINS - 1 : binOf(Math.floor(length));
    let below = 0;
    for (let bin = 0; bin <= last; bin++) below += this.tokensByLength[bin]!;
    return below / this.tokens;
  }

  private fade(): void {
    this.tokens = 0;
    for (let bin = 0; bin < LENGTH_BINS; bin++) {
      this.tokensByLength[bin]! /= 2;
      this.tokens += this.tokensByLength[bin]!;
    }
  }

  /** A request has ended after `generated` tokens, `decodeUs` after its first. */
  end(worker: number, generated: number, decodeUs: number): void {
    this.ended++;
    // The first samples count fully, so that the start does not linger.
    const weight = Math.max(SMOOTHING, 1 / this.ended);
    this.outputMean += weight * (generated - this.outputMean);
    this.tokensByLength[binOf(generated)]! += generated;
    this.tokens += generated;
    if (this.tokens > FADE_AT_TOKENS) this.fade();
    if (generated > 1) {
      this.tpotUs[worker] = smoothed(this.tpotUs[worker]!, decodeUs / (generated - 1));
    }
  }
}

/** Bin of an output length. */
function binOf(length: number): number {
  if (length <= 1) return 0;
  const low = 31 - Math.clz32(length);
  const isUpper = length * length >= (1 << low) * (1 << low) * 2 ? 1 : 0;
  return Math.min(LENGTH_BINS - 1, 2 * low + isUpper);
}

function smoothed(mean: number, sample: number): number {
  return Number.isNaN(mean) ? sample : mean + SMOOTHING * (sample - mean);
}
