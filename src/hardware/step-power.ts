/**
 * Energy of forward passes: where a GPU's time goes, times the board power of that kind of work.
 *
 * Power is known by regime, as medians of sustained kernels under NVML (kernel notes §5.6); a finer law was tried there
 * and fits to ±30 % only. Arithmetic at the power cap and decode attention are regimes of their own; streaming weights
 * too. What lies between two regimes is split evenly between them: experts (measured 594 W on H200, 730 W on B200, 955 W
 * on GB200; the halves give 614, 836 and 914 W), attention of prompts (389, 740 and 668–802 W; halves 479, 690, 735 W).
 */

import type { PowerRegimes } from "./gpu-card.ts";
import type { DecodeRun, DecodeWork, StepShape, StepTimeModel, StepWork } from "./step-time.ts";

/** Energy of a pure decode step of one GPU: e0 + e1·ctx + e2·ctx², W·µs. */
export type DecodeEnergy = { e0: number; e1: number; e2: number };

const work: StepWork = { computeUs: 0, streamUs: 0, attentionUs: 0 };
const decodeWork: DecodeWork = { ...work, attentionUsPerToken: 0 };
const times: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };
const step: DecodeEnergy = { e0: 0, e1: 0, e2: 0 };

/** Energy of the passes of one step-time model on one kind of GPU. */
export class StepPower {
  readonly regimes: PowerRegimes;
  readonly #model: StepTimeModel;

  constructor(model: StepTimeModel, regimes: PowerRegimes) {
    this.#model = model;
    this.regimes = regimes;
  }

  /**
   * Energy of a step with prompt tokens on one GPU, W·µs. A model that does not say what its time is spent on counts as
   * arithmetic throughout (assumption). A step in which prompts land that another worker has computed may have no prompt
   * tokens: it takes what a decode step does.
   *
   * @param stepUs the step's time
   */
  mixedWattUs(shape: StepShape, stepUs: number): number {
    if (shape.prefillTokens <= 0) {
      const { decodeRequests: requests, decodeContextTokens: context } = shape;
      this.decodeRun(requests, context, step);
      return step.e0 + context * (step.e1 + context * step.e2);
    }
    const { idleW, computeW, weightStreamW, attentionDecodeW } = this.regimes;
    if (this.#model.work === undefined) return computeW * stepUs;
    this.#model.work(shape, work);
    return (
      idleW * stepUs +
      (computeW - idleW) * work.computeUs +
      (weightStreamW - idleW) * work.streamUs +
      (attentionDecodeW - idleW) * work.attentionUs
    );
  }

  /**
   * Fills `energy` with the energy of a decode step of `requests`, valid as long as the model's `decodeRun` from the same
   * context. A model that does not say what its time is spent on: what grows with context is attention, the rest
   * streams weights (assumption).
   */
  decodeRun(requests: number, contextTokens: number, energy: DecodeEnergy): void {
    const { idleW, computeW, weightStreamW, attentionDecodeW } = this.regimes;
    this.#model.decodeRun(requests, contextTokens, times);
    if (this.#model.decodeWork === undefined) {
      energy.e0 = weightStreamW * times.c0;
      energy.e1 = attentionDecodeW * times.c1;
      energy.e2 = attentionDecodeW * times.c2;
      return;
    }
    this.#model.decodeWork(requests, contextTokens, decodeWork);
    energy.e0 =
      idleW * times.c0 +
      (computeW - idleW) * decodeWork.computeUs +
      (weightStreamW - idleW) * decodeWork.streamUs +
      (attentionDecodeW - idleW) * decodeWork.attentionUs;
    energy.e1 = idleW * times.c1 + (attentionDecodeW - idleW) * decodeWork.attentionUsPerToken;
    energy.e2 = idleW * times.c2;
  }
}
