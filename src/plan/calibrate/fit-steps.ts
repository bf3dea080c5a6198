/** Scales and host floors of an engine on one GPU, from measured steps. */
import { wallUs } from "../../hardware/index.ts";
import type {
  EngineTiming,
  KernelsStepTime,
  RegimeScales,
  Residuals,
} from "../../hardware/index.ts";
import { crossValidate } from "./cross-validate.ts";
import type { MeasuredStep } from "./measured-steps.ts";
import type { LinearSolver } from "./robust-fit.ts";
import { isPossible } from "./step-accuracy.ts";

export type StepFitRun = {
  readonly run: string;
  /** Built with an engine timing that is given below. */
  readonly model: KernelsStepTime;
  readonly peakUsPerToken: number;
};

export type StepFit = {
  readonly scales: RegimeScales;
  /** Factors on the host times of scheduling a step and of launching its kernels. */
  readonly hostFactors: { readonly scheduling: number; readonly launch: number };
  readonly residuals: Residuals;
  readonly impossible: number;
};

export type StepFitOptions = {
  /** Whether scheduling is hidden, and the gap between steps. */
  readonly timing: EngineTiming;
  /** Whether host floors are fitted too; without, only the three scales are. */
  readonly floors: boolean;
  readonly solve: LinearSolver;
};

/** Scales outside would mean a wrong model or GPU rather than a slow engine. */
const SCALE = { initial: 1.05, min: 0.4, max: 4 };

/** Fits one scale for each regime over all runs, and optionally two factors on the host floors. */
export function fitSteps(
  steps: readonly MeasuredStep[],
  runs: readonly StepFitRun[],
  options: StepFitOptions,
): StepFit {
  const byRun = new Map(runs.map((run) => [run.run, run]));
  const own = steps.filter((step) => byRun.has(step.run));
  const used = own.filter((step) => isPossible(step, byRun.get(step.run)!.peakUsPerToken));
  const parts = used.map((step) => byRun.get(step.run)!.model.parts(step.shape));
  const index = { decode: 0, context: 1, mixed: 2 };
  const { values, residuals } = crossValidate({
    parameters: [
      { name: "decode", ...SCALE },
      { name: "context", ...SCALE },
      { name: "mixed", ...SCALE },
      {
        name: "scheduling",
        initial: 1,
        min: options.floors ? 0.1 : 1,
        max: options.floors ? 10 : 1,
      },
      {
        name: "launch",
        initial: 1,
        min: options.floors ? 0.1 : 1,
        max: options.floors ? 10 : 1,
      },
    ],
    predict: (at, row) => {
      const { gpuUs, launchUs, schedulingUs } = parts[row]!;
      const { regime } = used[row]!;
      const gpu = gpuUs * at[index[regime]]!;
      const host = { launchUs: launchUs * at[4]!, schedulingUs: schedulingUs * at[3]! };
      return wallUs(options.timing, gpu, host);
    },
    measured: Float64Array.from(used, (step) => step.measuredUs),
    rows: Int32Array.from(used.keys()),
    groupOf: (row) => used[row]!.shape.decodeRequests * 65_537 + used[row]!.shape.prefillTokens,
    solve: options.solve,
  });
  return {
    scales: { decode: values[0]!, context: values[1]!, mixed: values[2]! },
    hostFactors: { scheduling: values[3]!, launch: values[4]! },
    residuals,
    impossible: own.length - used.length,
  };
}
