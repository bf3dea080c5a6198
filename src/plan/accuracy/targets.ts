/** What the comparison is held to: the project's targets, each a selection of rows and a limit. */

import { isCalibrationGroup } from "./calibration-groups.ts";
import type { AccuracyRow, ErrorSummary } from "./compare-runs.ts";
import { errorOf, summaryOf } from "./compare-runs.ts";
import type { Metric } from "./measured-run.ts";
import type { Ranking } from "./ranking.ts";

/** A target: mean absolute error (a share) of the rows it selects, at most. */
export type ErrorTarget = {
  readonly id: string;
  readonly title: string;
  readonly limit: number;
  readonly selects: (row: AccuracyRow) => boolean;
};

export type TargetOutcome = {
  readonly id: string;
  readonly title: string;
  /** At most this error; for the ranking at least this τ. */
  readonly limit: number;
  readonly kind: "error" | "tau";
  /** What was reached; null: no row to judge by. */
  readonly value: number | null;
  readonly summary: ErrorSummary | null;
  readonly met: boolean | null;
  /**
   * The error with the rows that were left out as well, because their record contradicts itself or
   * because a number was chosen after them, and how many these are.
   */
  readonly withLeftOut: { readonly mape: number; readonly rows: number } | null;
  /** Of a missed target: the groups that add most to the error, worst first. */
  readonly worst: readonly WorstGroup[];
};

export type WorstGroup = {
  readonly group: string;
  readonly rows: number;
  readonly mape: number;
  readonly bias: number;
  /** Its part of the sum of errors. */
  readonly share: number;
};

/** Groups named for a missed target. */
const WORST_GROUPS = 3;

/** The groups with the largest parts in the sum of errors. */
export function worstGroups(rows: readonly AccuracyRow[]): WorstGroup[] {
  const byGroup = new Map<string, number[]>();
  let total = 0;
  for (const row of rows) {
    const error = errorOf(row);
    total += Math.abs(error);
    const own = byGroup.get(row.group);
    if (own === undefined) byGroup.set(row.group, [error]);
    else own.push(error);
  }
  const groups = [...byGroup].map(([group, errors]) => {
    const { mape, bias } = summaryOf(errors);
    const share = total === 0 ? 0 : (mape * errors.length) / total;
    return { group, rows: errors.length, mape, bias, share };
  });
  return groups.toSorted((a, b) => b.share - a.share).slice(0, WORST_GROUPS);
}

const RANKING_LIMIT = 0.9;

/** Median where it was published, else the mean: one TPOT for each run. */
function isTpot(row: AccuracyRow): boolean {
  if (row.family === "inferencex") return row.metric === "tpotP50";
  return row.family === "silicon" && row.metric === "tpotMean";
}

function isOpenLoop(metric: Metric): (row: AccuracyRow) => boolean {
  return (row) =>
    (row.family === "vllm-e2e" || row.family === "vllm-requests") && row.metric === metric;
}

function isSteady(row: AccuracyRow, metric: Metric): boolean {
  return row.family === "inferencex" && row.metric === metric && row.flags.length === 0;
}

/** Limits as the project set them; errors are MAPE. */
export const ERROR_TARGETS: readonly ErrorTarget[] = [
  {
    id: "tpot-dense",
    title: "TPOT, dense models, aggregated",
    limit: 0.07,
    selects: (row) => isTpot(row) && !row.moe,
  },
  {
    id: "tpot-moe",
    title: "TPOT, mixture of experts, aggregated, no speculation",
    limit: 0.1,
    selects: (row) => isTpot(row) && row.moe,
  },
  {
    id: "inferencex-throughput",
    title: "InferenceX throughput per GPU, no cold-start stall, aggregated",
    limit: 0.08,
    selects: (row) => isSteady(row, "throughput"),
  },
  {
    id: "inferencex-ttft",
    title: "InferenceX median TTFT, the same runs",
    limit: 0.2,
    selects: (row) => isSteady(row, "ttftP50"),
  },
  {
    id: "disagg-tpot",
    title: "disaggregated, recorded layout: TPOT",
    limit: 0.12,
    selects: (row) => row.family === "inferencex-disagg" && row.metric === "tpotP50",
  },
  {
    id: "disagg-throughput",
    title: "disaggregated, recorded layout: throughput per GPU",
    limit: 0.15,
    selects: (row) => row.family === "inferencex-disagg" && row.metric === "throughput",
  },
  {
    id: "trtllm-max",
    title: "TensorRT-LLM throughput at maximum load",
    limit: 0.1,
    selects: (row) => row.family === "trtllm-max",
  },
  {
    id: "vllm-e2e-mean",
    title: "vLLM open loop, e2e mean",
    limit: 0.06,
    selects: isOpenLoop("e2eMean"),
  },
  {
    id: "vllm-itl-mean",
    title: "vLLM open loop, ITL mean",
    limit: 0.06,
    selects: isOpenLoop("itlMean"),
  },
  {
    id: "vllm-ttft-mean",
    title: "vLLM open loop, TTFT mean",
    limit: 0.12,
    selects: isOpenLoop("ttftMean"),
  },
  {
    id: "vllm-e2e-p99",
    title: "vLLM open loop, e2e p99",
    limit: 0.1,
    selects: isOpenLoop("e2eP99"),
  },
];

const NOTHING_ELSE: Pick<TargetOutcome, "withLeftOut" | "worst"> = { withLeftOut: null, worst: [] };

/** Outcome of an error target from the errors it is judged by. */
export function errorOutcome(
  target: { readonly id: string; readonly title: string; readonly limit: number },
  errors: readonly number[],
): TargetOutcome {
  const { id, title, limit } = target;
  if (errors.length === 0) {
    const none = { value: null, summary: null, met: null, withLeftOut: null, worst: [] };
    return { id, title, limit, kind: "error", ...none };
  }
  const summary = summaryOf(errors);
  const met = summary.mape <= limit;
  return { id, title, limit, kind: "error", value: summary.mape, summary, met, ...NOTHING_ELSE };
}

/** Judges the rows of whole runs, and the ranking; groups that numbers were chosen after are left out. */
export function judge(
  rows: readonly AccuracyRow[],
  ranking: Ranking,
  wasLookedAt: (group: string) => boolean = isCalibrationGroup,
): TargetOutcome[] {
  const whole = rows.filter((row) => row.window === "run");
  const outcomes: TargetOutcome[] = ERROR_TARGETS.map((target) => {
    const selected = whole.filter(target.selects);
    const sound = selected.filter((row) => !row.suspect && !wasLookedAt(row.group));
    const outcome = errorOutcome(target, sound.map(errorOf));
    const worst = outcome.met === false ? worstGroups(sound) : [];
    const leftOut = selected.length - sound.length;
    if (leftOut === 0) return { ...outcome, worst };
    const { mape } = summaryOf(selected.map(errorOf));
    return { ...outcome, worst, withLeftOut: { mape, rows: leftOut } };
  });
  const tau = ranking.pairs === 0 ? null : ranking.tau;
  outcomes.push({
    id: "ranking",
    title: "ranking of configurations by throughput at an interactivity, Kendall's τ",
    limit: RANKING_LIMIT,
    kind: "tau",
    value: tau,
    summary: null,
    ...NOTHING_ELSE,
    met: tau === null ? null : tau >= RANKING_LIMIT,
  });
  return outcomes;
}
