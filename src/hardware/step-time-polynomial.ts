/** NVIDIA's mocker formula, so that results can be laid beside Dynamo's and AISimulate's. */
import { fail, invariant, ok, type Result } from "../core/index.ts";
import { prefillTokensOfMeans } from "./step-time-means.ts";
import type { DecodeRun, StepShape, StepTimeModel } from "./step-time.ts";

// Coefficients in ms; source: ai-dynamo/aisimulate, crates/core/src/engine/common/perf_model.rs.
const PREFILL_MS_2 = 4.209989e-7;
const PREFILL_MS_1 = 1.518344e-2;
const PREFILL_MS_0 = 16.50142;
const DECODE_MS_2 = -25.74;
const DECODE_MS_1 = 54.01;
const DECODE_MS_0 = 5.74;
const DECODE_MS_MIN = 1;
const US_PER_MS = 1000;

/** How a step with prefill and decode parts is priced: as two passes, or as one. */
export type MixedStep = "sum" | "fused";

export type PolynomialOptions = {
  /** KV pool of one worker in tokens: number of blocks × block size. */
  readonly kvCapacityTokens: number;
  /** Mixed steps: `sum` as NVIDIA's (default), or `fused`. */
  readonly mixed?: MixedStep;
};

function prefillMs(tokens: number): number {
  return PREFILL_MS_2 * (tokens * tokens) + PREFILL_MS_1 * tokens + PREFILL_MS_0;
}

function decodeMs(utilisation: number): number {
  const ms = DECODE_MS_2 * (utilisation * utilisation) + DECODE_MS_1 * utilisation + DECODE_MS_0;
  return Math.max(DECODE_MS_MIN, ms);
}

/** The options as they are, or a problem when the capacity is not a positive whole number. */
export function checkPolynomial(options: PolynomialOptions): Result<PolynomialOptions> {
  const capacity = options.kvCapacityTokens;
  if (Number.isSafeInteger(capacity) && capacity > 0) return ok(options);
  return fail({
    what: `the polynomial step time cannot work with a KV pool of ${capacity} tokens`,
    where: "kvCapacityTokens",
    expected: "a positive whole number: num_gpu_blocks × block_size",
  });
}

/**
 * prefill_ms = 4.209989e-7·t² + 1.518344e-2·t + 16.50142 for t new tokens;
 * decode_ms = max(1, −25.74·u² + 54.01·u + 5.74), u = min(1, Σ context / KV capacity).
 *
 * Uncalibrated and blind to model, GPU and batch size: for comparison, not for planning. On
 * 0 ≤ u ≤ 1 the decode formula rises from 5.74 to 34.01 ms (its vertex is at u = 1.049), so the
 * floor of 1 ms never acts.
 *
 * `mixed: "sum"` is AISimulate digit for digit: prefill and decode added, t from integer means
 * (see `prefillTokensOfMeans`). What it counts, for whoever fills a `StepShape` to match it:
 * - decode counts every request whose prompt is complete *after* this step's scheduling, also those
 *   whose prompt ends in this very step, each with its full length before the new token;
 * - t counts prompt tokens only: generated tokens that a preempted request recomputes are free
 *   (here: whatever the caller counts as `prefillTokens`);
 * - u is taken over logical lengths: a prefix that n requests share counts n times.
 *
 * Differences that remain: AISimulate rounds both parts to whole nanoseconds and keeps times as
 * float milliseconds; this model does not round, and the engine's clock counts microseconds.
 *
 * `mixed: "fused"` is one forward pass, as engines with chunked prefill run it: the fixed cost of a
 * pass (launches, weight reading) is paid once. From the same coefficients:
 * max(16.50142, 5.74) + (prefill slope terms of t) + (decode slope terms of u), t exact. That is
 * the sum less 5.74 ms in mixed steps and the formulas above in pure ones. Assumption: the
 * constants of both fits are such fixed costs; which 6 ms of a mixed step are spent twice in the
 * sum is not measured.
 */
export class PolynomialStepTime implements StepTimeModel {
  readonly name = "polynomial";
  readonly #capacity: number;
  readonly #fused: boolean;
  readonly #c1: number;
  readonly #c2: number;

  /** Throws `InvariantError` on options that `checkPolynomial` refuses. */
  constructor(options: PolynomialOptions) {
    invariant(checkPolynomial(options).ok, "KV capacity must be a positive whole number");
    this.#capacity = options.kvCapacityTokens;
    this.#fused = options.mixed === "fused";
    this.#c1 = (DECODE_MS_1 * US_PER_MS) / this.#capacity;
    this.#c2 = (DECODE_MS_2 * US_PER_MS) / this.#capacity / this.#capacity;
  }

  stepUs(shape: StepShape): number {
    let ms = 0;
    if (shape.prefillRequests > 0) {
      ms = prefillMs(this.#fused ? shape.prefillTokens : prefillTokensOfMeans(shape));
      if (this.#fused && shape.decodeRequests > 0) ms -= Math.min(PREFILL_MS_0, DECODE_MS_0);
    }
    if (shape.decodeRequests > 0) {
      ms += decodeMs(Math.min(1, shape.decodeContextTokens / this.#capacity));
    }
    return ms * US_PER_MS;
  }

  decodeRun(_requests: number, contextTokens: number, run: DecodeRun): void {
    if (contextTokens < this.#capacity) {
      run.c0 = DECODE_MS_0 * US_PER_MS;
      run.c1 = this.#c1;
      run.c2 = this.#c2;
      run.contextEnd = this.#capacity;
      return;
    }
    run.c0 = decodeMs(1) * US_PER_MS;
    run.c1 = 0;
    run.c2 = 0;
    run.contextEnd = Infinity;
  }
}
