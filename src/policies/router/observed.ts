/**
 * What a router learns from what passes through it: lengths of outputs, how fast each worker really is, and how much of the
 * prompts is computed again.
 */

import { halfOctaveOf } from "./half-octaves.ts";

/** Weight of a new sample in a moving average (assumption: about the last twenty). */
const SMOOTHING = 0.05;
/** Bins of output length: powers of the square root of two, up to 2^20 tokens. */
const LENGTH_BINS = 40;
/** What all bins lose whenever so many tokens have come in: old lengths fade (assumption). */
const FADE_AT_TOKENS = 2_000_000;
/** The same of prompt tokens: a minute or more of a busy group (assumption). */
const FADE_AT_PROMPT_TOKENS = 8_000_000;
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

  /** Generated tokens of answers whose length is in a bin or below it: asked more often than it changes. */
  private readonly tokensUpTo = new Float64Array(LENGTH_BINS);
  /** Prompt tokens that workers had to compute, and those of them that had been computed before. */
  private newTokens = 0;
  private againTokens = 0;

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
    const tokens = this.tokensUpTo[LENGTH_BINS - 1]!;
    if (tokens === 0) return Math.min(1, length / (2 * this.outputMean));
    if (!(length >= 1)) return 0;
    const last = length >= 1 << 20 ? LENGTH_BINS - 1 : binOf(length);
    return this.tokensUpTo[last]! / tokens;
  }

  /** A prompt was sent of which `newTokens` must be computed, `againTokens` of them not for the first time. */
  prompted(newTokens: number, againTokens: number): void {
    this.newTokens += newTokens;
    this.againTokens += againTokens;
    if (this.newTokens < FADE_AT_PROMPT_TOKENS) return;
    this.newTokens /= 2;
    this.againTokens /= 2;
  }

  /**
   * Share of the prompt tokens to compute that had been computed before: the chance that what is evicted will be wanted
   * again. Needs `again`.
   */
  get againShare(): number {
    return this.newTokens === 0 ? 0 : this.againTokens / this.newTokens;
  }

  /** A request has ended after `generated` tokens, `decodeUs` after its first. */
  end(worker: number, generated: number, decodeUs: number): void {
    this.ended++;
    // The first samples count fully, so that the start does not linger.
    const weight = Math.max(SMOOTHING, 1 / this.ended);
    this.outputMean += weight * (generated - this.outputMean);
    const { tokensUpTo } = this;
    for (let bin = binOf(generated); bin < LENGTH_BINS; bin++) tokensUpTo[bin]! += generated;
    if (tokensUpTo[LENGTH_BINS - 1]! > FADE_AT_TOKENS) {
      for (let bin = 0; bin < LENGTH_BINS; bin++) tokensUpTo[bin]! /= 2;
    }
    if (generated > 1) {
      this.tpotUs[worker] = smoothed(this.tpotUs[worker]!, decodeUs / (generated - 1));
    }
  }
}

/** Bin of an output length. */
function binOf(length: number): number {
  const bin = halfOctaveOf(length);
  return bin < LENGTH_BINS ? bin : LENGTH_BINS - 1;
}

function smoothed(mean: number, sample: number): number {
  return Number.isNaN(mean) ? sample : mean + SMOOTHING * (sample - mean);
}
