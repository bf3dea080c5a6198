/** The accuracy report as one self-contained page: targets, scatter plots, residuals, groups. */

import type { AccuracyReport, AccuracyRow, Metric, RunFamily } from "../plan/index.ts";
import {
  biasText,
  cellOf,
  errorText,
  LEFT_OUT_HEAD,
  leftOutRows,
  SHOWN_METRICS,
  targetTexts,
  verdictText,
} from "./accuracy-text.ts";
import type { DotSeries } from "./charts/scatter.ts";
import { residualChart, scatterChart } from "./charts/scatter.ts";
import { escapeText } from "./charts/svg.ts";
import { htmlTable } from "./html-table.ts";
import { countText } from "./numbers.ts";
import { PAGE_STYLE } from "./report-style.ts";

type Plot = {
  readonly title: string;
  readonly unit: string;
  readonly metrics: readonly Metric[];
};

const PLOTS: readonly Plot[] = [
  { title: "TTFT", unit: "ms", metrics: ["ttftP50", "ttftMean"] },
  { title: "TPOT", unit: "ms", metrics: ["tpotP50", "tpotMean", "itlMean"] },
  { title: "End to end", unit: "ms", metrics: ["e2eMean"] },
  {
    title: "Throughput per GPU",
    unit: "tokens/s",
    metrics: ["throughput", "outputThroughput"],
  },
];

/** Families that a plot tells apart: as many as there are colours, and names that fit beside its title. */
const SERIES: Readonly<Record<RunFamily, string>> = {
  inferencex: "InferenceX",
  "inferencex-disagg": "split",
  silicon: "AIC sample",
  "silicon-split": "split",
  "trtllm-max": "TensorRT-LLM",
  "trtllm-online": "TensorRT-LLM",
  "vllm-e2e": "vLLM",
  "vllm-requests": "vLLM",
  "vllm-workstation": "vLLM",
};

/** One metric for each run: the first of the plot's that was measured. */
function rowsFor(report: AccuracyReport, metrics: readonly Metric[]): AccuracyRow[] {
  const best = new Map<string, AccuracyRow>();
  for (const row of report.rows) {
    const rank = metrics.indexOf(row.metric);
    if (rank < 0 || row.window !== "run") continue;
    const known = best.get(row.run);
    if (known === undefined || rank < metrics.indexOf(known.metric)) best.set(row.run, row);
  }
  return [...best.values()];
}

function seriesOf(rows: readonly AccuracyRow[]): DotSeries[] {
  const names = [...new Set(Object.values(SERIES))];
  return names.map((name) => ({
    name,
    dots: rows
      .filter((row) => SERIES[row.family] === name)
      .map(({ measured, predicted, group, shape, run, metric }) => ({
        measured,
        predicted,
        name: `${group}, ${shape}, ${metric} (${run})`,
      })),
  }));
}

function plots(report: AccuracyReport): string {
  const charts = PLOTS.flatMap(({ title, unit, metrics }) => {
    const series = seriesOf(rowsFor(report, metrics));
    if (series.length === 0) return [];
    return [scatterChart(title, series, unit), residualChart(`${title}: error`, series, unit)];
  });
  return `<div class="charts">${charts.join("")}</div>`;
}

function targetTable(report: AccuracyReport): string {
  const rows = report.targets.map((target) => {
    const { summary } = target;
    const details =
      summary === null
        ? ["", "", ""]
        : [errorText(summary.medianApe), biasText(summary.bias), countText(summary.rows)];
    return [target.title, ...targetTexts(target), verdictText(target), ...details];
  });
  return htmlTable(["target", "reached", "limit", "", "median", "bias", "rows"], rows);
}

function groupTable(report: AccuracyReport): string {
  const rows = report.groups.map(({ group, calibrated, runs, metrics }) => [
    calibrated ? `${group} *` : group,
    countText(runs),
    ...SHOWN_METRICS.map(([, names]) => cellOf(metrics, names)),
  ]);
  return htmlTable(["group", "runs", ...SHOWN_METRICS.map(([name]) => name)], rows);
}

function rivalTable(report: AccuracyReport): string {
  if (report.rivals.length === 0) return "";
  const rows = report.rivals.map(({ simulator, metric, theirs, ours }) => [
    simulator,
    metric,
    errorText(theirs.mape),
    errorText(ours.mape),
    countText(ours.rows),
  ]);
  const head = ["simulator", "metric", "their error", "ours", "runs"];
  return `<h2>Other simulators on the same runs</h2>\n${htmlTable(head, rows)}`;
}

/** The groups that weigh most in what was missed. */
function worstTable(report: AccuracyReport): string {
  const rows = report.targets.flatMap(({ title, worst }) =>
    worst.map(({ group, rows: count, mape, bias, share }, i) => [
      i === 0 ? title : "",
      group,
      errorText(share),
      `${errorText(mape)} (${biasText(bias)})`,
      countText(count),
    ]),
  );
  if (rows.length === 0) return "";
  const head = ["missed target", "group", "of the error", "its error (bias)", "rows"];
  return `<h2>Missed targets: the groups that weigh most</h2>\n${htmlTable(head, rows, 2)}`;
}

function leaveOneOutTable(report: AccuracyReport): string {
  const rows = leftOutRows(report);
  if (rows.length === 0 || report.leaveOneOut === null) return "";
  const fitted = errorText(report.leaveOneOut.fitted);
  return `<h2>Time per output token, one group left out after the other</h2>
<p>One factor for each engine, chosen on all groups but the one it is tried on: what hardware and models that no
calibration saw have to expect. Chosen on all groups, these included, the error is ${fitted}.</p>
${htmlTable(LEFT_OUT_HEAD, rows)}`;
}

/** Numbers stay on one line; wide tables scroll instead of widening the page. */
const TABLE_STYLE = "td,th{white-space:nowrap}table{display:block;overflow-x:auto;font-size:13px}";

/** The page; `command` is the line that made it. */
export function accuracyHtml(report: AccuracyReport, command: string): string {
  const judged = report.targets.filter(({ met }) => met !== null);
  const met = judged.filter((target) => target.met === true).length;
  const mood = met === judged.length ? "good" : met * 2 >= judged.length ? "fair" : "bad";
  const verdict =
    `${met} of ${judged.length} targets met; ` +
    `${countText(report.compared)} measured runs were simulated and compared`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headworks: predicted against measured</title>
<style>${PAGE_STYLE}${TABLE_STYLE}</style>
</head>
<body>
<main>
<h1>Predicted against measured</h1>
<p class="verdict ${mood}">${escapeText(verdict)}</p>
${targetTable(report)}
${worstTable(report)}
<h2>Every run</h2>
${plots(report)}
<h2>Error by group, mean of |predicted/measured − 1| (bias)</h2>
${groupTable(report)}
<p>* calibration saw rows of this group</p>
${leaveOneOutTable(report)}
${rivalTable(report)}
<h2>How to reproduce</h2>
<p>Version ${escapeText(report.versions.headworks)}.</p>
<pre>${escapeText(command)}</pre>
</main>
</body>
</html>
`;
}
