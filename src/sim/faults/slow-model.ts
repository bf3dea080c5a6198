/** Step times of a machine that is slower than its kind. */

import type { StepTimeModel } from "../../hardware/index.ts";

/** The same steps, `factor` times as long. */
export function slowed(model: StepTimeModel, factor: number): StepTimeModel {
  const { work, decodeWork, stepAmongUs } = model;
  return {
    name: model.name,
    stepUs: (shape) => model.stepUs(shape) * factor,
    ...(stepAmongUs === undefined
      ? {}
      : { stepAmongUs: (shape, all) => stepAmongUs.call(model, shape, all) * factor }),
    decodeRun(requests, contextTokens, run, most) {
      model.decodeRun(requests, contextTokens, run, most);
      run.c0 *= factor;
      run.c1 *= factor;
      run.c2 *= factor;
    },
    ...(work === undefined ? {} : { work: work.bind(model) }),
    ...(decodeWork === undefined ? {} : { decodeWork: decodeWork.bind(model) }),
  };
}
