/**
 * What the forward passes of a pool's workers take in energy, and how large the largest were. Mixed steps are metered one by one, decode runs in closed form
 * when their stretch ends; both engine modes end the same stretches, so they give the same energy to the bit. Metering
 * reads and changes nothing.
 */

import { runSum } from "../hardware/index.ts";
import type { DecodeEnergy, StepPower, StepShape } from "../hardware/index.ts";
import type { DecodeStretch } from "./decode-stretch.ts";

/** Numbers of a worker. Energy of finished passes, of the mixed step in progress (W·µs), highest power of a pass (W). */
const STEPS_WATT_US = 0;
const PENDING_WATT_US = 1;
const PEAK_W = 2;
/** Most requests in a decode step, and most tokens in a mixed step. */
const BATCH_MOST = 3;
const TOKENS_MOST = 4;
/** How long the mixed step in progress takes, µs. */
const PENDING_US = 5;
const METER_NUMBERS = 6;

const energy: DecodeEnergy = { e0: 0, e1: 0, e2: 0 };

/** Of one GPU of a worker; all its GPUs do the same. */
export class PassMeter {
  private readonly power: StepPower;
  private readonly firstId: number;
  private readonly numbers: Float64Array;

  /** `firstId`: number of the pool's first worker; methods take workers by their numbers. */
  constructor(power: StepPower, workers: number, firstId: number) {
    this.power = power;
    this.firstId = firstId;
    this.numbers = new Float64Array(workers * METER_NUMBERS);
  }

  /** A mixed step of `stepUs` begins. */
  startMixed(worker: number, shape: StepShape, stepUs: number): void {
    const base = this.baseOf(worker);
    this.numbers[base + PENDING_WATT_US] = this.power.mixedWattUs(shape, stepUs);
    this.numbers[base + PENDING_US] = stepUs;
    this.raise(base + TOKENS_MOST, shape.prefillTokens + shape.decodeRequests);
  }

  /** The mixed step that began last is over, after `stepUs`. */
  endMixed(worker: number, stepUs: number): void {
    const base = this.baseOf(worker);
    const wattUs = this.numbers[base + PENDING_WATT_US]!;
    this.numbers[base + STEPS_WATT_US]! += wattUs;
    this.raise(base + PEAK_W, wattUs / stepUs);
  }

  /** The first `steps` steps of a stretch are over, and no more will come. */
  endStretch(worker: number, stretch: DecodeStretch, steps: number): void {
    const base = this.baseOf(worker);
    const { batch, context } = stretch;
    this.power.decodeRun(batch, context, energy);
    const { e0, e1, e2 } = energy;
    this.numbers[base + STEPS_WATT_US]! += runSum(e0, e1, e2, context, batch, steps);
    // Power rises or falls with context all along a stretch: the highest is at one of its ends.
    this.raise(base + BATCH_MOST, batch);
    this.raise(base + PEAK_W, runSum(e0, e1, e2, context, batch, 1) / stretch.stepUs(0));
    const last = context + batch * (steps - 1);
    this.raise(base + PEAK_W, runSum(e0, e1, e2, last, batch, 1) / stretch.stepUs(steps - 1));
  }

  /** In steps that were metered for their work alone the worker has waited `us` for others. */
  addWait(worker: number, us: number): void {
    this.numbers[this.baseOf(worker) + STEPS_WATT_US]! += this.power.regimes.idleW * us;
  }

  /** Mean power of one GPU over the mixed step in progress, W. */
  pendingW(worker: number): number {
    const base = this.baseOf(worker);
    return this.numbers[base + PENDING_WATT_US]! / this.numbers[base + PENDING_US]!;
  }

  /** Energy that the first `steps` steps of a stretch take of one GPU, W·µs. */
  stretchWattUs(stretch: DecodeStretch, steps: number): number {
    const { batch, context } = stretch;
    this.power.decodeRun(batch, context, energy);
    return runSum(energy.e0, energy.e1, energy.e2, context, batch, steps);
  }

  /** Energy of the finished passes on one GPU, W·µs. */
  stepsWattUs(worker: number): number {
    return this.numbers[this.baseOf(worker) + STEPS_WATT_US]!;
  }

  /** Mean power of one GPU over its most demanding pass, W; 0 without passes. */
  peakW(worker: number): number {
    return this.numbers[this.baseOf(worker) + PEAK_W]!;
  }

  private baseOf(worker: number): number {
    return (worker - this.firstId) * METER_NUMBERS;
  }

  /** Most requests in a decode step of any worker. */
  get batchMost(): number {
    return this.most(BATCH_MOST);
  }

  /** Most tokens, prompts' and answers', in a step with prompts of any worker. */
  get tokensMost(): number {
    return this.most(TOKENS_MOST);
  }

  private most(place: number): number {
    let most = 0;
    for (let i = place; i < this.numbers.length; i += METER_NUMBERS) {
      most = Math.max(most, this.numbers[i]!);
    }
    return most;
  }

  private raise(place: number, value: number): void {
    if (value > this.numbers[place]!) this.numbers[place] = value;
  }
}
