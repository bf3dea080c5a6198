/** Interpolated measurements: a Dynamo planner profile as a step-time model. */
import { invariant } from "../core/index.ts";
import { prefillTokensOfMeans } from "./step-time-means.ts";
import type { MixedStep } from "./step-time-polynomial.ts";
import { checkProfile, type ProfileTable } from "./step-time-profile.ts";
import { decodeRunUs, STEP_US_MIN } from "./step-time-run.ts";
import type { DecodeRun, StepShape, StepTimeModel } from "./step-time.ts";

const US_PER_MS = 1000;

/** Shortest decode step, as in Dynamo's mocker (lib/mocker/src/common/perf_model.rs): 1 ms. */
const DECODE_US_MIN = 1000;

/** How far a run may look ahead where the grid sets no end; assumption: long enough to be rare. */
const HORIZON_TOKENS = 1_048_576;

export type TableOptions = {
  /** Mixed steps: `sum` as Dynamo's (default), or `fused`. */
  readonly mixed?: MixedStep;
};

/** Index of the grid interval that prices `x`: the first or last one outside the grid. */
function intervalOf(axis: Float64Array, x: number): number {
  let low = 0;
  let high = axis.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (axis[middle]! <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Smallest whole n with n / requests ≥ mean, decided by that very division. */
function firstTotalOfMean(mean: number, requests: number): number {
  let n = Math.ceil(mean * requests);
  while ((n - 1) / requests >= mean) n--;
  while (n / requests < mean) n++;
  return n;
}

/**
 * First whole context in (from, end) at which `run` is on the other side of the floor than at
 * `from`, or `end`. A parabola is monotone on either side of its vertex, so that each side needs
 * one bisection; sides are decided by `decodeRunUs` itself, hence agree with what steps cost.
 */
function floorCrossing(run: DecodeRun, from: number, end: number, below: boolean): number {
  let low = from;
  const last = end - 1;
  const vertex = run.c2 === 0 ? last : Math.floor(-run.c1 / (2 * run.c2));
  const turn = Math.min(Math.max(vertex, from), last);
  for (const stop of [turn, Math.min(turn + 1, last), last]) {
    if (decodeRunUs(run, stop) < DECODE_US_MIN === below) {
      low = stop;
      continue;
    }
    let high = stop;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (decodeRunUs(run, middle) < DECODE_US_MIN === below) low = middle;
      else high = middle;
    }
    return high;
  }
  return end;
}

/**
 * Prefill: linear in the step's new prompt tokens. Decode: bilinear in (Σ context, mean context),
 * at least 1 ms. Both go on outside the grid with the slope of the outermost interval, as Dynamo's
 * mocker does; so a prefill time can fall to nothing there, which ends at 1 µs here (0 there).
 *
 * Within a grid cell a decode run of B requests moves both coordinates in proportion to the total
 * context, so that its time is a quadratic; `contextEnd` is the first total context in another
 * cell or on the other side of the floor.
 *
 * Differences from Dynamo: the mean context is not rounded down to a whole token, and
 * `mixed: "fused"` exists: prefill + decode less the smaller of both tables' minima (a pass's fixed
 * cost, paid once), never less than either part. Assumption: those minima are mostly fixed cost.
 */
export class TableStepTime implements StepTimeModel {
  readonly name = "table";
  readonly #table: ProfileTable;
  readonly #fused: boolean;
  readonly #fixedUs: number;
  // Per cell, in µs: t = #k0 + #kx·Σcontext + #ky·mean + #kxy·Σcontext·mean.
  readonly #k0: Float64Array;
  readonly #kx: Float64Array;
  readonly #ky: Float64Array;
  readonly #kxy: Float64Array;
  readonly #run: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };

  /** Throws `InvariantError` on a table that `checkProfile` refuses. */
  constructor(table: ProfileTable, options: TableOptions = {}) {
    invariant(checkProfile(table).ok, "the profile table must pass checkProfile");
    this.#table = table;
    this.#fused = options.mixed === "fused";
    let prefillMinMs = Infinity;
    for (const ms of table.prefillMs) prefillMinMs = Math.min(prefillMinMs, ms);
    let decodeMinMs = Infinity;
    for (const ms of table.decodeMs) decodeMinMs = Math.min(decodeMinMs, ms);
    this.#fixedUs = Math.min(prefillMinMs, decodeMinMs) * US_PER_MS;
    const cells = (table.decodeKvTokens.length - 1) * (table.decodeContext.length - 1);
    this.#k0 = new Float64Array(cells);
    this.#kx = new Float64Array(cells);
    this.#ky = new Float64Array(cells);
    this.#kxy = new Float64Array(cells);
    this.#expandCells();
  }

  #expandCells(): void {
    const { decodeKvTokens: xs, decodeContext: ys, decodeMs: ms } = this.#table;
    const columns = ys.length;
    for (let i = 0; i + 1 < xs.length; i++) {
      for (let j = 0; j + 1 < columns; j++) {
        const at = i * columns + j;
        const x0 = xs[i]!;
        const y0 = ys[j]!;
        const dx = xs[i + 1]! - x0;
        const dy = ys[j + 1]! - y0;
        const corner = ms[at]! * US_PER_MS;
        const right = ms[at + columns]! * US_PER_MS;
        const up = ms[at + 1]! * US_PER_MS;
        const far = ms[at + columns + 1]! * US_PER_MS;
        const gx = (right - corner) / dx;
        const gy = (up - corner) / dy;
        const gxy = (far - right - up + corner) / dx / dy;
        const cell = i * (columns - 1) + j;
        this.#k0[cell] = corner - gx * x0 - gy * y0 + gxy * x0 * y0;
        this.#kx[cell] = gx - gxy * y0;
        this.#ky[cell] = gy - gxy * x0;
        this.#kxy[cell] = gxy;
      }
    }
  }

  #prefillUs(tokens: number): number {
    const { prefillTokens: xs, prefillMs: ms } = this.#table;
    const i = intervalOf(xs, tokens);
    const slope = (ms[i + 1]! - ms[i]!) / (xs[i + 1]! - xs[i]!);
    return Math.max(STEP_US_MIN, (ms[i]! + slope * (tokens - xs[i]!)) * US_PER_MS);
  }

  /** Fills the quadratic of the grid cell, without the floor and without `contextEnd`. */
  #cellRun(i: number, j: number, requests: number, run: DecodeRun): void {
    const cell = i * (this.#table.decodeContext.length - 1) + j;
    run.c0 = this.#k0[cell]!;
    run.c1 = this.#kx[cell]! + this.#ky[cell]! / requests;
    run.c2 = this.#kxy[cell]! / requests;
  }

  #decodeUs(requests: number, contextTokens: number): number {
    const { decodeKvTokens, decodeContext } = this.#table;
    const i = intervalOf(decodeKvTokens, contextTokens);
    const j = intervalOf(decodeContext, contextTokens / requests);
    this.#cellRun(i, j, requests, this.#run);
    return Math.max(DECODE_US_MIN, decodeRunUs(this.#run, contextTokens));
  }

  stepUs(shape: StepShape): number {
    const hasPrefill = shape.prefillRequests > 0;
    const hasDecode = shape.decodeRequests > 0;
    const decodeUs = hasDecode
      ? this.#decodeUs(shape.decodeRequests, shape.decodeContextTokens)
      : 0;
    if (!hasPrefill) return decodeUs;
    if (!this.#fused) return this.#prefillUs(prefillTokensOfMeans(shape)) + decodeUs;
    const prefillUs = this.#prefillUs(shape.prefillTokens);
    if (!hasDecode) return prefillUs;
    return Math.max(prefillUs, decodeUs, prefillUs + decodeUs - this.#fixedUs);
  }

  decodeRun(requests: number, contextTokens: number, run: DecodeRun): void {
    const { decodeKvTokens: xs, decodeContext: ys } = this.#table;
    const i = intervalOf(xs, contextTokens);
    const j = intervalOf(ys, contextTokens / requests);
    this.#cellRun(i, j, requests, run);
    let end = i + 2 < xs.length ? Math.ceil(xs[i + 1]!) : Infinity;
    if (j + 2 < ys.length) end = Math.min(end, firstTotalOfMean(ys[j + 1]!, requests));
    const below = decodeRunUs(run, contextTokens) < DECODE_US_MIN;
    const settled = below ? run.c1 <= 0 && run.c2 <= 0 : run.c1 >= 0 && run.c2 >= 0;
    if (!settled) {
      end = Math.min(end, contextTokens * 2 + HORIZON_TOKENS);
      end = floorCrossing(run, contextTokens, end, below);
    }
    if (below) {
      run.c0 = DECODE_US_MIN;
      run.c1 = 0;
      run.c2 = 0;
    }
    run.contextEnd = end;
  }
}
