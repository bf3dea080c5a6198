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
   * Fills the plan's times for its first `pieces` pieces; `arrivesUs`: time until a piece is here. A fetch that ends inside the
   * step being put together waits for its end.
   */
  fill(
    plan: PrefixPlan,
    pieces: number,
    view: BatchView,
    arrivesUs: (piece: number) => number,
  ): void {
    const stepUs = this.stepUs(view);
    for (let k = 0; k <= pieces; k++) {
      const past = (view.haveBlocks + plan.blocksUpTo[k]!) * this.blockSize;
      this.shape.decodeRequests = view.decodeRequests;
      this.shape.decodeContextTokens = view.decodeContextTokens;
      plan.computeUs[k] = this.prefillUs(Math.max(1, view.knownTokens - past), past);
      plan.loadUs[k] = k === 0 ? 0 : Math.max(plan.loadUs[k - 1]!, arrivesUs(k - 1), stepUs);
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
