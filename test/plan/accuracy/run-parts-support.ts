/** Cards, kernel parameters and engine timing that a measured run names, from the bundled files. */
import { findModel } from "../../../src/hardware/index.ts";
import type { MeasuredRun, RunParts } from "../../../src/plan/index.ts";
import { deck, paramsOf, timingOf } from "../../hardware/kernels-support.ts";

export function runPartsOf({ model, gpu, engine }: MeasuredRun): RunParts {
  const entry = findModel(deck, model);
  if (!entry.ok) throw new Error(entry.problem.what);
  const gpuCard = deck.gpus.find(({ id }) => id === gpu)!;
  const node = deck.nodes.find(({ id }) => id === gpuCard.node);
  const params = paramsOf(gpuCard.calibration);
  const timing = timingOf(engine);
  return {
    model: entry.value.card,
    gpu: gpuCard,
    params,
    timing,
    ...(node === undefined ? {} : { node }),
  };
}
