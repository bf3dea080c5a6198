/** The accuracy table for a terminal: targets first, then groups, rivals, and what was left out. */

import type { AccuracyReport, ErrorSummary, Metric, TargetOutcome } from "../plan/index.ts";
import { countText, NO_DATA } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

/** Metrics of the group table, in order, with their names. */
export const SHOWN_METRICS: readonly (readonly [name: string, metrics: readonly Metric[]])[] = [
  ["TTFT", ["ttftP50", "ttftMean"]],
  ["TTFT p99", ["ttftP99"]],
  ["TPOT", ["tpotP50", "tpotMean"]],
  ["e2e", ["e2eMean"]],
  ["e2e p99", ["e2eP99"]],
  ["tokens/s", ["throughput", "outputThroughput"]],
];

/** A share as percent with one digit: 0.0734 → 7.3 %. */
export function errorText(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : NO_DATA;
}

/** A signed share: +3 %. */
export function biasText(share: number): string {
  if (!Number.isFinite(share)) return NO_DATA;
  return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(0)} %`;
}

/** A target's value and limit in its own unit. */
export function targetTexts({ kind, value, limit }: TargetOutcome): [value: string, limit: string] {
  if (kind === "tau") {
    return [value === null ? NO_DATA : value.toFixed(2), `≥ ${limit.toFixed(2)}`];
  }
  return [value === null ? NO_DATA : errorText(value), `≤ ${errorText(limit)}`];
}

/** "met", "missed", or "no data". */
export function verdictText({ met }: TargetOutcome): string {
  if (met === null) return "no data";
  return met ? "met" : "missed";
}

/** The figure with the rows that were left out. */
function leftOutText({ withLeftOut }: TargetOutcome): string {
  if (withLeftOut === null) return "";
  const { rows, mape } = withLeftOut;
  return ` (${errorText(mape)} with ${countText(rows)} left out)`;
}

/** What makes up most of each missed target's error. */
function worstLines(report: AccuracyReport): string[] {
  const rows = report.targets.flatMap(({ id, worst }) =>
    worst.map(({ group, rows: count, mape, bias, share }, i) => [
      i === 0 ? id : "",
      group,
      `${(share * 100).toFixed(0)} % of the error`,
      `${errorText(mape)} (${biasText(bias)})`,
      `${countText(count)} rows`,
    ]),
  );
  const align = ["left", "left", "right", "right", "right"] as const;
  return textTable(rows, { align, indent: 2 });
}

function targetLines(report: AccuracyReport, style: Style): string[] {
  const rows = report.targets.map((target) => {
    const [value, limit] = targetTexts(target);
    const verdict = verdictText(target);
    const colour = target.met === null ? style.dim : target.met ? style.good : style.bad;
    const { summary } = target;
    const detail =
      summary === null
        ? ""
        : `median ${errorText(summary.medianApe)}, bias ${biasText(summary.bias)}, ` +
          `${countText(summary.rows)} rows${leftOutText(target)}`;
    return [target.title, value, limit, colour(verdict), style.dim(detail)];
  });
  const align = ["left", "right", "right", "left", "left"] as const;
  return textTable(rows, { align, indent: 2 });
}

/** The first of the metrics that the group has: error and bias. */
export function cellOf(
  summaries: readonly (ErrorSummary & { readonly metric: Metric })[],
  metrics: readonly Metric[],
): string {
  for (const metric of metrics) {
    const found = summaries.find((summary) => summary.metric === metric);
    if (found !== undefined) return `${errorText(found.mape)} (${biasText(found.bias)})`;
  }
  return NO_DATA;
}

function groupLines(report: AccuracyReport, style: Style): string[] {
  const head = ["group", "runs", ...SHOWN_METRICS.map(([name]) => name)];
  const line = (name: string, runs: number, summaries: Parameters<typeof cellOf>[0]): string[] => [
    name,
    countText(runs),
    ...SHOWN_METRICS.map(([, metrics]) => cellOf(summaries, metrics)),
  ];
  const rows = report.groups.map(({ group, calibrated, runs, metrics }) =>
    line(calibrated ? `${group} *` : group, runs, metrics),
  );
  const sums = report.families.map(({ family, runs, metrics }) =>
    line(style.bold(`all of ${family}`), runs, metrics),
  );
  const align = ["left", ...head.slice(1).map(() => "right" as const)] as const;
  return textTable([head.map(style.dim), ...rows, ...sums], { align, indent: 2 });
}

function stepLines(report: AccuracyReport): string[] {
  const rows = report.steps.map((step) => [
    step.calibrated ? `${step.run} *` : step.run,
    step.regime,
    errorText(step.mape),
    biasText(step.bias),
    `${countText(step.rows)} steps`,
    step.impossible > 0 ? `${countText(step.impossible)} faster than the peak rate, left out` : "",
  ]);
  const align = ["left", "left", "right", "right", "right", "left"] as const;
  return textTable(rows, { align, indent: 2 });
}

function blockLines(report: AccuracyReport): string[] {
  const rows = report.blocks.map(({ model, gpu, tp, least, most, predicted, error }) => {
    const logged = least === most ? countText(least) : `${countText(least)} … ${countText(most)}`;
    return [`${model} ${gpu} tp ${tp}`, logged, countText(predicted), biasText1(error)];
  });
  return textTable(rows, { align: ["left", "right", "right", "right"], indent: 2 });
}

/** A signed share with one digit. */
function biasText1(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)} %`;
}

function rivalLines(report: AccuracyReport): string[] {
  const rows = report.rivals.map(({ simulator, metric, theirs, ours }) => [
    simulator,
    metric,
    `${errorText(theirs.mape)} (median ${errorText(theirs.medianApe)})`,
    `${errorText(ours.mape)} (median ${errorText(ours.medianApe)})`,
    `${countText(ours.rows)} runs`,
  ]);
  const head = ["simulator", "metric", "theirs", "ours", ""];
  const align = ["left", "left", "right", "right", "right"] as const;
  return textTable([head, ...rows], { align, indent: 2 });
}

function leftOutLines(report: AccuracyReport): string[] {
  const rows = [
    ...report.failures.map(({ reason, runs }) => [countText(runs), "runs", reason]),
    ...report.skipped.map(({ file, reason, rows: count }) => [
      countText(count),
      "rows",
      `${file}: ${reason}`,
    ]),
  ];
  return textTable(rows, { align: ["right", "left", "left"], indent: 2 });
}

/** Heads of the table of groups that a factor was not chosen on. */
export const LEFT_OUT_HEAD = [
  "engine, GPU, models",
  "rows",
  "as shipped",
  "factor from the others",
  "with it",
] as const;

/** One row for each group that was left out in turn, and one over all rows. */
export function leftOutRows({ leaveOneOut }: AccuracyReport): string[][] {
  if (leaveOneOut === null) return [];
  const { groups, shipped, leftOut } = leaveOneOut;
  const rows = groups.map(
    ({ engine, gpu, models, rows: count, mape, bias, scalar, scaledMape }) => [
      `${engine} ${gpu} ${models}`,
      countText(count),
      `${errorText(mape)} (${biasText(bias)})`,
      scalar.toFixed(3),
      errorText(scaledMape),
    ],
  );
  const count = groups.reduce((sum, group) => sum + group.rows, 0);
  return [...rows, ["all", countText(count), errorText(shipped), "", errorText(leftOut)]];
}

function leaveOneOutLines(report: AccuracyReport, style: Style): string[] {
  const rows = leftOutRows(report);
  if (rows.length === 0 || report.leaveOneOut === null) return [];
  const align = ["left", "right", "right", "right", "right"] as const;
  const fitted = errorText(report.leaveOneOut.fitted);
  return [
    ...textTable([LEFT_OUT_HEAD.map(style.dim), ...rows], { align, indent: 2 }),
    `  ${style.dim(`with a factor chosen on all groups, these included: ${fitted}`)}`,
  ];
}

/** The whole report as text; errors are means of |predicted/measured − 1|, signs are biases. */
export function accuracyText(report: AccuracyReport, style: Style): string {
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [style.bold(title), ...lines, ""];
  const { ranking, compared } = report;
  const lines = [
    ...part(`Targets (${countText(compared)} runs compared)`, targetLines(report, style)),
    ...part("Missed targets: the groups that weigh most", worstLines(report)),
    ...part("Error by group, MAPE (bias)", groupLines(report, style)),
    ...part(
      "Time per output token, one group left out after the other",
      leaveOneOutLines(report, style),
    ),
    ...part("Single steps", stepLines(report)),
    ...part("KV blocks: logged, predicted", blockLines(report)),
    ...(report.rivals.length > 0
      ? part("Other simulators on the same runs", rivalLines(report))
      : []),
    ...part(
      "Ranking of configurations",
      ranking.groups.map(
        ({ model, shape, configurations, pairs, tau }) =>
          `  ${model} ${shape}: τ ${tau.toFixed(2)}, ${configurations} configurations, ` +
          `${pairs} pairs`,
      ),
    ),
    ...part("Not compared", leftOutLines(report)),
    style.dim("* calibration saw rows of this group"),
  ];
  return `${lines.join("\n")}\n`;
}
