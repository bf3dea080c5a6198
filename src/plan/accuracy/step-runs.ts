/** Single steps that a real engine measured, against the step-time model: no load, no scheduler. */

import type { Result } from "../../core/index.ts";
import { fail, ok } from "../../core/index.ts";
import { kernelsStepTime, modelFacts } from "../../hardware/index.ts";
import type { KernelsLayout } from "../../hardware/index.ts";
import type { MeasuredStep, StepRegime } from "../calibrate/index.ts";
import { isPossible, parseSteps } from "../calibrate/index.ts";
import type { ErrorSummary } from "./compare-runs.ts";
import { summaryOf } from "./compare-runs.ts";
import { parseRecords } from "./record.ts";
import { modelName } from "./run-names.ts";
import type { RunParts } from "./run-engine.ts";

/** One engine instance whose steps were measured. */
export type StepRun = {
  readonly id: string;
  readonly model: string;
  readonly layout: KernelsLayout;
  readonly steps: readonly MeasuredStep[];
};

/** Errors of one instance's steps of one kind. */
export type StepSummary = ErrorSummary & {
  readonly run: string;
  readonly model: string;
  readonly regime: StepRegime;
  readonly calibrated: boolean;
  /** Rows quicker than the GPU's peak rate allows: no step's times, left out. */
  readonly impossible: number;
  readonly errors: readonly number[];
};

const REGIMES: readonly StepRegime[] = ["decode", "context", "mixed"];
const US_PER_S = 1e6;

/**
 * Instances whose steps set the scales of the vLLM timing on B300
 * (models/kernels/engines/vllm.json):
 * Qwen3-32B at these tensor-parallel ranks.
 */
const CALIBRATED_TP: readonly number[] = [1, 4];

/** Whether calibration saw the steps of an instance. */
export function isCalibrated(run: StepRun): boolean {
  return run.model === "qwen3-32b" && CALIBRATED_TP.includes(run.layout.tp ?? 1);
}

/** Reads the steps and the list of instances. Problems: a damaged file. */
export function loadStepRuns(steps: string, runs: string): Result<StepRun[]> {
  const parsed = parseSteps("measured steps", steps);
  if (!parsed.ok) return parsed;
  const rows = parseRecords("instances of measured steps", runs, ["run_id", "model", "tp"]);
  if (!rows.ok) return rows;
  return ok(
    rows.value.map((row) => ({
      id: row.text("run_id"),
      model: modelName(row.text("model")),
      layout: {
        tp: row.numberOr("tp", 1),
        dp: row.numberOr("dp", 1),
        ep: row.numberOr("ep", 1),
        dtype: "bf16" as const,
      },
      steps: parsed.value.filter((step) => step.run === row.text("run_id")),
    })),
  );
}

/** Errors by kind of step. Problems: a layout that does not divide, no step at all. */
export function compareSteps(run: StepRun, parts: RunParts): Result<StepSummary[]> {
  const { model: card, gpu, node, params, timing } = parts;
  const model = kernelsStepTime({
    model: card,
    gpu,
    params,
    timing,
    layout: run.layout,
    ...(node === undefined ? {} : { node }),
  });
  if (!model.ok) return model;
  const facts = modelFacts(card, run.layout);
  if (!facts.ok) return facts;
  const peak = gpu.flops.bf16FlopPerS * facts.value.gpus;
  const peakUsPerToken = (facts.value.flopsPerToken / peak) * US_PER_S;
  const summaries = REGIMES.flatMap((regime) => {
    const own = run.steps.filter((step) => step.regime === regime);
    const possible = own.filter((step) => isPossible(step, peakUsPerToken));
    if (possible.length === 0) return [];
    const errors = possible.map((step) => model.value.stepUs(step.shape) / step.measuredUs - 1);
    const name = `${run.model} tp ${run.layout.tp ?? 1}`;
    const impossible = own.length - possible.length;
    const base = { run: name, model: run.model, regime, calibrated: isCalibrated(run) };
    return [{ ...base, impossible, errors, ...summaryOf(errors) }];
  });
  return summaries.length > 0 ? ok(summaries) : fail({ what: "no step", where: run.id });
}
