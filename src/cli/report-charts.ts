/** A run's columns → the charts of its report. */

import { clusterSize } from "../plan/index.ts";
import type {
  GapColumns,
  Report,
  RequestColumns,
  SeriesColumns,
  SimulationResult,
} from "../sim/index.ts";
import { REQUEST_COMPLETED } from "../sim/index.ts";
import { breakdownCharts } from "./breakdown-charts.ts";
import { workerBars } from "./charts/bars.ts";
import { ecdfChart } from "./charts/ecdf.ts";
import { histogramChart } from "./charts/histogram.ts";
import { quantileChart } from "./charts/quantiles.ts";
import { laneCharts } from "./lane-charts.ts";
import { timeSeriesChart } from "./charts/time-series.ts";

const US_PER_MS = 1e3;
const US_PER_S = 1e6;
const WATTS_PER_KW = 1e3;

export type ChartGroup = { readonly title: string; readonly charts: readonly string[] };

/** Every chart that the result has data for, in reading order. */
export function reportCharts(result: SimulationResult): ChartGroup[] {
  const { report, requests, series, gaps } = result;
  const groups: ChartGroup[] = [
    { title: "Latency", charts: latencyCharts(report, requests, gaps) },
  ];
  if (report.breakdown.e2e.meanMs !== null) {
    groups.push({ title: "Where the time goes", charts: breakdownCharts(report) });
  }
  if (series !== undefined) {
    groups.push({
      title: "Over time",
      charts: [...seriesCharts(report, series), ...laneCharts(result)],
    });
  }
  groups.push({ title: "Workers", charts: workerCharts(report) });
  return groups;
}

function latencyCharts(
  report: Report,
  requests: RequestColumns | undefined,
  gaps: GapColumns,
): string[] {
  const { latency } = report;
  const rows = [
    ["TTFT", latency.ttftMs],
    ["TPOT", latency.tpotMs],
    ["ITL", latency.itlMs],
    ["end to end", latency.e2eMs],
    ["queue", latency.queueMs],
  ] as const;
  const ladder = quantileChart(
    "Quantiles: p50, p90, p95, p99, p99.9, max",
    rows.map(([name, one]) => ({
      name,
      points: [
        ["p50", one.p50],
        ["p90", one.p90],
        ["p95", one.p95],
        ["p99", one.p99],
        ["p99.9", one.p999],
        ["max", one.max],
      ],
    })),
  );
  const gapChart = histogramChart(
    "Gaps between tokens: number of tokens",
    gaps.upperUs.map((us) => us / US_PER_MS),
    { unit: "ITL" },
    gaps.tokens,
  );
  const byRequest = requests === undefined ? [] : requestCharts(report, requests);
  return [...byRequest, gapChart, ladder];
}

function requestCharts(report: Report, requests: RequestColumns): string[] {
  const warmupUs = report.scenario.traffic.warmup_s * US_PER_S;
  const { arrivalUs, firstTokenUs, finishUs, outputTokens } = requests;
  const measured = (of: (row: number) => number): Float64Array => sortedMs(requests, warmupUs, of);
  const at = (column: Float64Array, row: number): number => column[row] ?? Number.NaN;
  const pathUs = report.engine.clientPathMs * US_PER_MS;
  const ttft = measured((row) => at(firstTokenUs, row) - at(arrivalUs, row) + pathUs);
  const e2e = measured((row) => at(finishUs, row) - at(arrivalUs, row) + pathUs);
  const tpot = measured((row) => {
    const tokens = outputTokens[row] ?? 0;
    return tokens > 1 ? (at(finishUs, row) - at(firstTokenUs, row)) / (tokens - 1) : Number.NaN;
  });
  const targets = report.slo.targets;
  return [
    ecdfChart("Time to first token and end to end", [
      { name: "TTFT", sortedMs: ttft, ...sloOf(targets.ttftMs) },
      { name: "end to end", sortedMs: e2e, ...sloOf(targets.e2eMs) },
    ]),
    histogramChart("Time per output token: number of requests", tpot, {
      unit: "TPOT",
      ...sloOf(targets.tpotMs),
    }),
  ];
}

function sloOf(sloMs: number | undefined): { readonly sloMs?: number } {
  return sloMs === undefined ? {} : { sloMs };
}

/** Values of the measured, completed requests, in ms, ascending; NaN is left out. */
function sortedMs(
  requests: RequestColumns,
  warmupUs: number,
  of: (row: number) => number,
): Float64Array {
  const values = new Float64Array(requests.rows);
  let count = 0;
  for (let row = 0; row < requests.rows; row++) {
    if (requests.status[row] !== REQUEST_COMPLETED) continue;
    if ((requests.arrivalUs[row] ?? 0) < warmupUs) continue;
    const us = of(row);
    if (Number.isNaN(us)) continue;
    values[count++] = us / US_PER_MS;
  }
  return values.slice(0, count).sort();
}

function seriesCharts(report: Report, series: SeriesColumns): string[] {
  const time = series.timeUs;
  const blocks =
    report.pools.length > 1
      ? clusterSize(report).kvBlocks
      : report.kv.blocksPerWorker * report.workers.length;
  const share = (column: Float64Array): Float64Array => column.map((value) => value / blocks);
  const percent = (value: number): string => `${String(Math.round(value * 1000) / 10)} %`;
  return [
    timeSeriesChart("Requests per second", time, [
      { name: "arrivals", values: ratePerS(time, series.arrivals) },
      { name: "completions", values: ratePerS(time, series.completions) },
    ]),
    timeSeriesChart("Requests queued and running", time, [
      { name: "queued", values: series.queued },
      { name: "running", values: series.running },
    ]),
    timeSeriesChart(
      "KV cache: share of all blocks",
      time,
      [
        { name: "used", values: share(series.kvBlocksUsed) },
        { name: "kept for reuse", values: share(series.kvBlocksCached) },
      ],
      { top: 1, format: percent },
    ),
    timeSeriesChart(
      "Prefix cache hit rate",
      time,
      [{ name: "hit rate", values: ratio(series.cachedTokens, series.admittedTokens) }],
      { top: 1, format: percent },
    ),
    timeSeriesChart("Output tokens per second", time, [
      { name: "output", values: ratePerS(time, series.outputTokens) },
    ]),
    timeSeriesChart("Prompt tokens computed per second", time, [
      { name: "prefill", values: ratePerS(time, series.prefillTokens) },
    ]),
    ...powerChart(series),
    timeSeriesChart("Preemptions per second", time, [
      { name: "preemptions", values: ratePerS(time, series.preemptions) },
    ]),
  ];
}

/** Mean power between samples, when the cards tell of power. */
function powerChart({ timeUs, energyJ }: SeriesColumns): string[] {
  if (energyJ === undefined) return [];
  const kW = ratePerS(timeUs, energyJ).map((watts) => watts / WATTS_PER_KW);
  return [timeSeriesChart("Power of the cluster, kW", timeUs, [{ name: "power", values: kW }])];
}

/** Increase of a cumulative column per second of the interval before each sample. */
function ratePerS(timeUs: Float64Array, total: Float64Array): Float64Array {
  return total.map((value, i) => {
    const seconds = ((timeUs[i] ?? 0) - (timeUs[i - 1] ?? 0)) / US_PER_S;
    return seconds > 0 ? (value - (total[i - 1] ?? 0)) / seconds : Number.NaN;
  });
}

/** Increase of `part` over that of `whole`; NaN where nothing was admitted. */
function ratio(part: Float64Array, whole: Float64Array): Float64Array {
  return part.map((value, i) => {
    const admitted = (whole[i] ?? 0) - (whole[i - 1] ?? 0);
    return admitted > 0 ? (value - (part[i - 1] ?? 0)) / admitted : Number.NaN;
  });
}

function workerCharts(report: Report): string[] {
  const { workers, simS } = report;
  const percent = (value: number): string => `${String(Math.round(value * 100))} %`;
  return [
    workerBars(
      "Share of the time with a step in progress",
      workers.map((one) => (simS > 0 ? one.busyS / simS : 0)),
      { top: 1, format: percent },
    ),
    workerBars(
      "Requests completed",
      workers.map((one) => one.completed),
    ),
  ];
}
