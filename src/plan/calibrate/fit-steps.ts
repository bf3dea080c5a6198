/** Scales and host floors of an engine on one GPU, from measured steps. */
import type { KernelsStepTime, RegimeScales, Residuals } from "../../hardware/index.ts";
import { crossValidate } from "./cross-validate.ts";
import type { MeasuredStep } from "./measured-steps.ts";
import type { LinearSolver } from "./robust-fit.ts";
import { isPossible } from "./step-accuracy.ts";

export type StepFitRun = {
  readonly run: string;
  /** Built with an engine timing whose scheduling and gap are as given below. */
  readonly model: KernelsStepTime;
  readonly peakUsPerToken: number;
};

export type StepFit = {
  readonly scales: RegimeScales;
  /** Factors on the host floors of steps without and with prompts. */
  readonly hostFactors: { readonly decode: number; readonly prefill: number };
  readonly residuals: Residuals;
  readonly impossible: number;
};

export type StepFitOptions = {
  readonly asyncScheduling: boolean;
  readonly gapUs: number;
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
        name: "hostDecode",
        initial: 1,
        min: options.floors ? 0.1 : 1,
        max: options.floors ? 10 : 1,
      },
      {
        name: "hostPrefill",
        initial: 1,
        min: options.floors ? 0.1 : 1,
        max: options.floors ? 10 : 1,
      },
    ],
    predict: (at, row) => {
      const { gpuUs, hostUs } = parts[row]!;
      const { regime } = used[row]!;
      const gpu = gpuUs * at[index[regime]]!;
      const host = hostUs * at[regime === "decode" ? 3 : 4]!;
      return (options.asyncScheduling ? Math.max(gpu, host) : gpu + host) + options.gapUs;
    },
    measured: Float64Array.from(used, (step) => step.measuredUs),
    rows: Int32Array.from(used.keys()),
    groupOf: (row) => used[row]!.shape.decodeRequests * 65_537 + used[row]!.shape.prefillTokens,
    solve: options.solve,
  });
  return {
    scales: { decode: values[0]!, context: values[1]!, mixed: values[2]! },
    hostFactors: { decode: values[3]!, prefill: values[4]! },
    residuals,
    impossible: own.length - used.length,
  };
}
