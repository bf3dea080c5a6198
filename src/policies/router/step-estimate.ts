/**
 * A step-time model boiled down to a few numbers, for estimates made thousands of times a second: prefill time at knots
 * of prompt length with one slope for what is cached in front, decode time affine in requests and context.
 */

import type { StepShape, StepTimeModel } from "../../hardware/index.ts";
import type { WorkerFacts } from "./router.ts";

/** Time of a prompt token and of a decode step when nobody has measured the worker, µs (assumption: a 70 B model on four GPUs). */
const UNKNOWN_TOKEN_US = 60;
const UNKNOWN_STEP_US = 20_000;
/** Knots are powers of two up to 2^20 tokens. */
const KNOTS = 21;
const PROBE_REQUESTS = 64;
const PROBE_CONTEXT = 64 * 4096;

export class StepEstimate {
  /** Time to compute a prompt of 2^i tokens alone, in steps as the engine cuts them, µs. */
  private readonly knots = new Float64Array(KNOTS);
  /** Time of a step that is full of a prompt, µs. */
  readonly fullStepUs: number;
  /** Time per pair of a new token and a cached one, µs. */
  private readonly pairUs: number;
  private readonly decodeBaseUs: number;
  private readonly decodeRequestUs: number;
  private readonly decodeContextUs: number;

  /** Tokens of a block of the workers it holds for. */
  readonly blockSize: number;
  private readonly steps: StepTimeModel | undefined;
  private readonly maxBatchedTokens: number;

  constructor({ steps, maxBatchedTokens, blockSize }: WorkerFacts) {
    this.steps = steps;
    this.maxBatchedTokens = maxBatchedTokens;
    this.blockSize = blockSize;
    if (steps === undefined) {
      for (let i = 0; i < KNOTS; i++) this.knots[i] = (1 << i) * UNKNOWN_TOKEN_US;
      this.fullStepUs = maxBatchedTokens * UNKNOWN_TOKEN_US;
      this.pairUs = 0;
      this.decodeBaseUs = UNKNOWN_STEP_US;
      this.decodeRequestUs = 0;
      this.decodeContextUs = 0;
      return;
    }
    const shape = emptyShape();
    const stepUs = (tokens: number, past: number): number => {
      shape.prefillRequests = 1;
      shape.prefillTokens = tokens;
      shape.prefillPastTokens = past;
      shape.prefillPairs = tokens * (past + tokens / 2);
      return steps.stepUs(shape);
    };
    this.fullStepUs = stepUs(maxBatchedTokens, 0);
    for (let i = 0; i < KNOTS; i++) {
      const tokens = 1 << i;
      let us = 0;
      for (let done = 0; done < tokens; done += maxBatchedTokens) {
        us += stepUs(Math.min(maxBatchedTokens, tokens - done), done);
      }
      this.knots[i] = us;
    }
    const probe = Math.min(maxBatchedTokens, 2048);
    const past = 16_384;
    this.pairUs = Math.max(0, (stepUs(probe, past) - stepUs(probe, 0)) / (probe * past));
    const decode = emptyShape();
    const decodeUs = (requests: number, context: number): number => {
      decode.decodeRequests = requests;
      decode.decodeContextTokens = context;
      return steps.stepUs(decode);
    };
    const one = decodeUs(1, 4096);
    const many = decodeUs(PROBE_REQUESTS, 4096);
    const deep = decodeUs(PROBE_REQUESTS, 4096 + PROBE_CONTEXT);
    this.decodeRequestUs = Math.max(0, (many - one) / (PROBE_REQUESTS - 1));
    this.decodeContextUs = Math.max(0, (deep - many) / PROBE_CONTEXT);
    this.decodeBaseUs = Math.max(0, one - this.decodeRequestUs - 4096 * this.decodeContextUs);
  }

  /** Whether another worker's estimate would be the same. */
  holdsFor({ steps, maxBatchedTokens, blockSize }: WorkerFacts): boolean {
    if (steps !== this.steps || blockSize !== this.blockSize) return false;
    return maxBatchedTokens === this.maxBatchedTokens;
  }

  /** Time to compute `tokens` of a prompt behind `past` cached ones, alone, µs. */
  prefillUs(tokens: number, past: number): number {
    if (tokens <= 1) return this.knots[0]! + past * this.pairUs;
    const low = Math.min(KNOTS - 2, 31 - Math.clz32(tokens));
    const from = 1 << low;
    const share = (tokens - from) / from;
    const alone = this.knots[low]! + share * (this.knots[low + 1]! - this.knots[low]!);
    return alone + tokens * past * this.pairUs;
  }

  /** Time of a decode step of a batch, µs. */
  decodeUs(requests: number, contextTokens: number): number {
    return (
      this.decodeBaseUs + requests * this.decodeRequestUs + contextTokens * this.decodeContextUs
    );
  }
}

function emptyShape(): StepShape {
  return {
    prefillRequests: 0,
    prefillTokens: 0,
    prefillPastTokens: 0,
    prefillPairs: 0,
    decodeRequests: 0,
    decodeContextTokens: 0,
  };
}
