/** Predicted against measured steps, per run and regime. */
import type { StepTimeModel } from "../../hardware/index.ts";
import { quantileOf } from "./cross-validate.ts";
import type { MeasuredStep, StepRegime } from "./measured-steps.ts";

export type StepGroup = {
  readonly run: string;
  readonly regime: StepRegime;
  readonly rows: number;
  /** Rows left out: quicker than the GPU's peak rate allows, hence not a step's time. */
  readonly impossible: number;
  /** Mean of |predicted/measured − 1|. */
  readonly mape: number;
  /** Quantiles of predicted/measured. */
  readonly ratioP10: number;
  readonly ratioP50: number;
  readonly ratioP90: number;
};

export type StepAccuracy = {
  readonly groups: readonly StepGroup[];
  /** The same over all runs. */
  readonly overall: readonly StepGroup[];
};

export type AccuracyRun = {
  readonly run: string;
  readonly model: StepTimeModel;
  /** Shortest time the hardware allows for `tokens` rows: FLOPs over the peak of all GPUs, µs. */
  readonly peakUsPerToken: number;
};

const REGIMES: readonly StepRegime[] = ["decode", "context", "mixed"];

/** Whether a row can be a step's time at all: no GPU beats its peak. */
export function isPossible(step: MeasuredStep, peakUsPerToken: number): boolean {
  const rows = step.shape.prefillTokens + step.shape.decodeRequests;
  return step.measuredUs >= rows * peakUsPerToken;
}

function groupOf(
  run: string,
  regime: StepRegime,
  ratios: readonly number[],
  impossible: number,
): StepGroup {
  const sorted = Float64Array.from(ratios).sort();
  let sum = 0;
  for (const ratio of ratios) sum += Math.abs(ratio - 1);
  return {
    run,
    regime,
    rows: ratios.length,
    impossible,
    mape: sum / ratios.length,
    ratioP10: quantileOf(sorted, 0.1),
    ratioP50: quantileOf(sorted, 0.5),
    ratioP90: quantileOf(sorted, 0.9),
  };
}

/** Compares the models of the runs with the measured steps; nothing is fitted. */
export function stepAccuracy(
  steps: readonly MeasuredStep[],
  runs: readonly AccuracyRun[],
): StepAccuracy {
  const groups: StepGroup[] = [];
  const all = new Map<StepRegime, { ratios: number[]; impossible: number }>();
  for (const { run, model, peakUsPerToken } of runs) {
    for (const regime of REGIMES) {
      const own = steps.filter((step) => step.run === run && step.regime === regime);
      const possible = own.filter((step) => isPossible(step, peakUsPerToken));
      const ratios = possible.map((step) => model.stepUs(step.shape) / step.measuredUs);
      const impossible = own.length - possible.length;
      if (ratios.length > 0) groups.push(groupOf(run, regime, ratios, impossible));
      const total = all.get(regime) ?? { ratios: [], impossible: 0 };
      total.ratios.push(...ratios);
      total.impossible += impossible;
      all.set(regime, total);
    }
  }
  const overall = [...all]
    .filter(([, { ratios }]) => ratios.length > 0)
    .map(([regime, { ratios, impossible }]) => groupOf("all", regime, ratios, impossible));
  return { groups, overall };
}
