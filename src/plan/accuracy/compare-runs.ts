/** Predicted against measured: rows, and their summaries by group. */

import type { MeasuredRun, Metric, RunFamily } from "./measured-run.ts";
import { METRICS } from "./measured-run.ts";
import { mean, quantile } from "./run-statistics.ts";
import type { Prediction } from "./simulate-run.ts";

/** One number of one run. */
export type AccuracyRow = {
  readonly run: string;
  readonly family: RunFamily;
  readonly group: string;
  readonly model: string;
  readonly gpu: string;
  readonly engine: string;
  readonly moe: boolean;
  readonly shape: string;
  readonly window: string;
  readonly metric: Metric;
  readonly measured: number;
  readonly predicted: number;
  readonly flags: readonly string[];
  /** The record contradicts itself. */
  readonly suspect: boolean;
};

/** Errors of some rows of one metric; shares, not percent. */
export type ErrorSummary = {
  readonly rows: number;
  /** Mean of |predicted/measured − 1|. */
  readonly mape: number;
  readonly medianApe: number;
  readonly p90Ape: number;
  /** Mean of predicted/measured − 1. */
  readonly bias: number;
};

export type MetricSummary = ErrorSummary & { readonly metric: Metric };

export type GroupSummary = {
  readonly group: string;
  readonly family: RunFamily;
  readonly runs: number;
  /** Calibration saw rows of this group. */
  readonly calibrated: boolean;
  readonly metrics: readonly MetricSummary[];
};

/** Rows of one run: every measured number that was predicted too. */
export function rowsOf(run: MeasuredRun, prediction: Prediction, moe: boolean): AccuracyRow[] {
  return run.windows.flatMap((window, i) =>
    METRICS.flatMap((metric) => {
      const measured = window.measured[metric];
      const predicted = prediction.windows[i]?.[metric];
      if (measured === undefined || predicted === undefined || !(predicted > 0)) return [];
      const { id, family, group, model, gpu, engine, shape, flags } = run;
      const suspect = run.suspect !== undefined;
      const facts = { run: id, family, group, model, gpu, engine, moe, shape, flags, suspect };
      return [{ ...facts, window: window.name, metric, measured, predicted }];
    }),
  );
}

/** predicted/measured − 1. */
export function errorOf(row: AccuracyRow): number {
  return row.predicted / row.measured - 1;
}

/** Summary of relative errors. */
export function summaryOf(errors: readonly number[]): ErrorSummary {
  const absolute = Float64Array.from(errors, Math.abs).sort();
  return {
    rows: errors.length,
    mape: mean(absolute),
    medianApe: quantile(absolute, 0.5),
    p90Ape: quantile(absolute, 0.9),
    bias: mean(errors),
  };
}

/** Summary of every metric among the rows, in the order of `METRICS`. */
export function summariesOf(rows: readonly AccuracyRow[]): MetricSummary[] {
  return METRICS.flatMap((metric) => {
    const errors = rows.filter((row) => row.metric === metric).map(errorOf);
    return errors.length === 0 ? [] : [{ metric, ...summaryOf(errors) }];
  });
}

/** Whole-run rows by group, in order of first appearance. */
export function groupsOf(
  rows: readonly AccuracyRow[],
  calibrated: (group: string) => boolean,
): GroupSummary[] {
  const byGroup = new Map<string, AccuracyRow[]>();
  for (const row of rows) {
    if (row.window !== "run") continue;
    const own = byGroup.get(row.group);
    if (own === undefined) byGroup.set(row.group, [row]);
    else own.push(row);
  }
  return [...byGroup].map(([group, own]) => ({
    group,
    family: own[0]!.family,
    runs: new Set(own.map((row) => row.run)).size,
    calibrated: calibrated(group),
    metrics: summariesOf(own),
  }));
}
