/** What fetching and computing would take, as the onboard policy is told. */

import type { StepShape, StepTimeModel } from "../../hardware/index.ts";
import type { PrefixPlan } from "./prefix-plan.ts";

/** A worker's batch, and what a request would add to it. */
export type BatchView = {
  readonly haveBlocks: number;
  /** Tokens that need KV before the request can generate. */
  readonly knownTokens: number;
  /** Decoding requests of the worker and their context, and the prompts that the step being put together has. */
  readonly decodeRequests: number;
  readonly decodeContextTokens: number;
  readonly step: StepShape;
};

/** Time until a piece of the plan is here if it is fetched now, as the links are and without other transfers on them, µs. */
export type PieceTimes = {
  readonly arrivesUs: (piece: number) => number;
  readonly aloneUs: (piece: number) => number;
};

export class LoadForecast {
  private readonly model: StepTimeModel;
  private readonly blockSize: number;
  private readonly shape = {
    prefillRequests: 0,
    prefillTokens: 0,
    prefillPastTokens: 0,
    prefillPairs: 0,
    decodeRequests: 0,
    decodeContextTokens: 0,
  };

  constructor(model: StepTimeModel, blockSize: number) {
    this.model = model;
    this.blockSize = blockSize;
  }

  /** Time to compute `blocks` blocks behind `depth` others alone, µs. */
  recomputeUs(depth: number, blocks: number): number {
    this.shape.decodeRequests = 0;
    this.shape.decodeContextTokens = 0;
    return this.prefillUs(blocks * this.blockSize, depth * this.blockSize);
  }

  /**
   * Fills the plan's times for its first `pieces` pieces; a fetch that ends inside the step being put
   * together waits for its end.
   */
  fill(plan: PrefixPlan, pieces: number, view: BatchView, transfers: PieceTimes): void {
    const stepUs = this.stepUs(view);
    plan.loadUs[0] = 0;
    plan.crowdedUs[0] = 0;
    for (let k = 0; k <= pieces; k++) {
      const past = (view.haveBlocks + plan.blocksUpTo[k]!) * this.blockSize;
      this.shape.decodeRequests = view.decodeRequests;
      this.shape.decodeContextTokens = view.decodeContextTokens;
      plan.computeUs[k] = this.prefillUs(Math.max(1, view.knownTokens - past), past);
      if (k === 0) continue;
      const arrivesUs = transfers.arrivesUs(k - 1);
      const crowdedUs = arrivesUs - transfers.aloneUs(k - 1);
      plan.loadUs[k] = Math.max(plan.loadUs[k - 1]!, arrivesUs, stepUs);
      // Over a link that is cut both are without end, and nothing is fetched.
      plan.crowdedUs[k] = plan.crowdedUs[k - 1]! + (crowdedUs > 0 ? crowdedUs : 0);
    }
  }

  /** The step being put together as it is so far, µs. */
  private stepUs({ step, decodeRequests, decodeContextTokens }: BatchView): number {
    const { shape, model } = this;
    if (step.prefillRequests === 0 && decodeRequests === 0) return 0;
    Object.assign(shape, step);
    shape.decodeRequests = decodeRequests;
    shape.decodeContextTokens = decodeContextTokens;
    return model.stepUs(shape);
  }

  /** Time that `tokens` prompt tokens behind `past` others add to a step of the shape's decodes, µs. */
  private prefillUs(tokens: number, past: number): number {
    const { shape, model } = this;
    shape.prefillRequests = 0;
    shape.prefillTokens = 0;
    shape.prefillPastTokens = 0;
    shape.prefillPairs = 0;
    const withoutUs = shape.decodeRequests > 0 ? model.stepUs(shape) : 0;
    shape.prefillRequests = 1;
    shape.prefillTokens = tokens;
    shape.prefillPastTokens = past;
    shape.prefillPairs = tokens * (past + tokens / 2);
    return Math.max(0, model.stepUs(shape) - withoutUs);
  }
}
