/** A model whose steps with decodes take a fixed time longer. */
import type { DecodeRun, DecodeWork, StepShape, StepTimeModel, StepWork } from "./step-time.ts";

/** `overheadUs` more for every step in which requests decode; the GPU waits meanwhile. */
export class OverheadStepTime implements StepTimeModel {
  readonly name: string;
  readonly work?: (shape: StepShape, work: StepWork) => void;
  readonly decodeWork?: (requests: number, contextTokens: number, work: DecodeWork) => void;
  readonly #model: StepTimeModel;
  readonly #overheadUs: number;

  constructor(model: StepTimeModel, overheadUs: number) {
    this.#model = model;
    this.#overheadUs = overheadUs;
    this.name = model.name;
    if (model.work !== undefined) this.work = model.work.bind(model);
    if (model.decodeWork !== undefined) this.decodeWork = model.decodeWork.bind(model);
  }

  stepUs(shape: StepShape): number {
    return this.#model.stepUs(shape) + (shape.decodeRequests > 0 ? this.#overheadUs : 0);
  }

  decodeRun(requests: number, contextTokens: number, run: DecodeRun, most?: number): void {
    this.#model.decodeRun(requests, contextTokens, run, most);
    run.c0 += this.#overheadUs;
  }
}
