/** The latency screen's charts as data. */

import { percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { Axis } from "../../charts/axes.ts";
import { drawBars } from "../../charts/bars.ts";
import { drawCells } from "../../charts/cells.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Curve, Target } from "../../charts/lines.ts";
import type { Role } from "../../charts/palette.ts";
import type { Chart } from "../../charts/scene.ts";
import type {
  Density,
  LatencyCurve,
  LatencyInsight,
  OverTime,
  Report,
} from "../../workers/protocol.ts";

type Targets = Report["slo"]["targets"];

const ROLES: Readonly<Record<string, Role>> = {
  ttft: "prefill",
  e2e: "decode",
  queue: "queue",
  tpot: "transfer",
};
const NAMES: Readonly<Record<string, string>> = {
  ttft: "TTFT",
  e2e: "end to end",
  queue: "queue",
  tpot: "TPOT",
};

function targetsOn(targets: Targets, on: "x" | "y"): Target[] {
  return (
    [
      ["TTFT goal", targets.ttftMs],
      ["TPOT goal", targets.tpotMs],
      ["e2e goal", targets.e2eMs],
    ] as const
  ).flatMap(([label, value]) => (value === undefined ? [] : [{ label, value, on }]));
}

/** Smallest positive and largest value of the curves. */
function spanOf(curves: readonly LatencyCurve[]): [number, number] {
  let low = Infinity;
  let high = 1;
  for (const { ms } of curves) {
    for (const value of ms) {
      if (value > 0) low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [Math.max(0.1, Math.min(low, high / 10)), high * 1.05];
}

function curvesOf(
  insight: LatencyInsight | null,
  isBaseline: boolean,
  y: (share: number) => number,
): Curve[] {
  return (insight?.curves ?? []).map(({ name, share, ms }) => ({
    name: `${NAMES[name] ?? name}${isBaseline ? " (A)" : ""}`,
    role: ROLES[name] ?? "idle",
    x: ms.map((value) => Math.max(value, 0.1)),
    y: share.map(y),
    isBaseline,
  }));
}

function latencyAxis(curves: readonly LatencyCurve[]): Axis {
  return { name: "latency, logarithmic", unit: "ms", scale: "log", domain: spanOf(curves) };
}

/** Share of the requests at or below a latency. */
export function ecdfChart(
  own: LatencyInsight | null,
  beside: LatencyInsight | null,
  targets: Targets,
): Chart {
  const all = [...(own?.curves ?? []), ...(beside?.curves ?? [])];
  const curves = [
    ...curvesOf(beside, true, (share) => share),
    ...curvesOf(own, false, (share) => share),
  ];
  return {
    title: "How long do requests take?",
    summary: ecdfSummary(own, targets),
    table: curveTable(own),
    draw: (size) =>
      drawLines(
        {
          x: latencyAxis(all),
          y: { name: "requests", unit: "share", scale: "linear", domain: [0, 1] },
          curves,
          targets: targetsOn(targets, "x"),
        },
        size,
      ),
  };
}

function ecdfSummary(own: LatencyInsight | null, { ttftMs }: Targets): string {
  const ttft = own?.curves.find(({ name }) => name === "ttft");
  if (ttft === undefined || ttft.count === 0)
    return "No request completed in this stretch of time.";
  const median = ttft.ms[ttft.share.findIndex((share) => share >= 0.5)] ?? NaN;
  const half = `Half of the first tokens come within ${textOf(median, "ms")}`;
  if (ttftMs === undefined) return `${half}.`;
  const at = ttft.ms.findLastIndex((ms) => ms <= ttftMs);
  return `${half}; ${percentText(at < 0 ? 0 : (ttft.share[at] ?? 0))} within the goal of ${textOf(ttftMs, "ms")}.`;
}

function curveTable(own: LatencyInsight | null) {
  return {
    columns: ["latency", "share of requests", "ms"],
    rows: (own?.curves ?? []).flatMap(({ name, share, ms }) =>
      Array.from(share, (value, i) => [NAMES[name] ?? name, value, ms[i] ?? null] as const),
    ),
  };
}

/** Share of the requests above a latency, logarithmic: one decade per nine of the percentile. */
export function tailChart(
  own: LatencyInsight | null,
  beside: LatencyInsight | null,
  targets: Targets,
): Chart {
  const all = [...(own?.curves ?? []), ...(beside?.curves ?? [])];
  // The share at or above: the slowest request is the one beyond which none is.
  const above = (insight: LatencyInsight | null, isBaseline: boolean): Curve[] =>
    curvesOf(insight, isBaseline, (share) => share).map((curve, i) => {
      const count = insight?.curves[i]?.count ?? 1;
      const y = Array.from(curve.y as ArrayLike<number>, (share) => 1 - share + 1 / count);
      return { ...curve, y };
    });
  const most = Math.max(100, ...all.map(({ count }) => count));
  const e2e = own?.curves.find(({ name }) => name === "ttft");
  const slowest = e2e === undefined ? NaN : (e2e.ms.at(-1) ?? NaN);
  return {
    title: "How bad is the tail?",
    summary: `The slowest first token takes ${textOf(slowest, "ms")}. Each step down is a tenth of the requests above.`,
    table: curveTable(own),
    draw: (size) =>
      drawLines(
        {
          x: latencyAxis(all),
          y: { name: "requests slower", unit: "share", scale: "log", domain: [1 / most, 1] },
          curves: [...above(beside, true), ...above(own, false)],
          targets: targetsOn(targets, "x"),
        },
        size,
      ),
  };
}

/** p99 of the requests that arrived since the sample before. */
export function overTimeChart(
  series: OverTime | null,
  baseline: OverTime | null,
  targets: Targets,
): Chart {
  const of = (one: OverTime | null, isBaseline: boolean): Curve[] =>
    one === null
      ? []
      : [
          { name: "TTFT p99", role: "prefill", x: one.timeS, y: one.ttftMsP99, isBaseline },
          { name: "TPOT p99", role: "transfer", x: one.timeS, y: one.tpotMsP99, isBaseline },
        ];
  const curves = [...of(baseline, true), ...of(series, false)];
  const endS = Math.max(1, series?.timeS.at(-1) ?? 0);
  const [, most] = domainUp(curves.map(({ y }) => y));
  return {
    title: "When is it slow?",
    summary: "The 99th percentile of the requests that arrived in each sample.",
    table: {
      columns: ["time s", "TTFT p99 ms", "TPOT p99 ms"],
      rows: Array.from(series?.timeS ?? [], (s, i) => [
        s,
        series?.ttftMsP99[i] ?? null,
        series?.tpotMsP99[i] ?? null,
      ]),
    },
    draw: (size) =>
      drawLines(
        {
          x: { name: "simulated time of arrival", unit: "s", scale: "linear", domain: [0, endS] },
          y: { name: "latency", unit: "ms", scale: "log", domain: [Math.max(1, most / 1e4), most] },
          curves,
          targets: targetsOn(targets, "y"),
        },
        size,
      ),
  };
}

/** Requests by latency and by time or prompt length. */
export function densityChart(density: Density | null, over: "time" | "prompt"): Chart {
  const { xEdges = [0, 1], yEdges = [1, 10], counts = [], most = 0 } = density ?? {};
  const x: Axis =
    over === "time"
      ? {
          name: "simulated time of arrival",
          unit: "s",
          scale: "linear",
          domain: [xEdges[0] ?? 0, xEdges[xEdges.length - 1] ?? 1],
        }
      : {
          name: "prompt tokens, logarithmic",
          unit: "count",
          scale: "log",
          domain: [xEdges[0] ?? 1, xEdges[xEdges.length - 1] ?? 10],
        };
  const y: Axis = {
    name: "TTFT",
    unit: "ms",
    scale: "log",
    domain: [yEdges[0] ?? 1, yEdges[yEdges.length - 1] ?? 10],
  };
  const rows = yEdges.length - 1;
  return {
    title: over === "time" ? "Do bursts make it slow?" : "Do long prompts make it slow?",
    summary: `TTFT by ${over === "time" ? "time of arrival" : "prompt length"}: the lighter a cell, the more requests, at most ${String(most)}.`,
    table: {
      columns: [over === "time" ? "time s" : "prompt tokens", "TTFT ms from", "requests"],
      rows: Array.from(counts as ArrayLike<number>, (count, i) => [
        xEdges[Math.floor(i / rows)] ?? null,
        yEdges[i % rows] ?? null,
        count,
      ]).filter(([, , count]) => count !== 0),
    },
    draw: (size) => drawCells({ x, y, xEdges, yEdges, counts, most }, size),
  };
}

/** The report's quantiles side by side. */
export function percentileChart(report: Report, baseline: Report | null): Chart {
  const { ttftMs, tpotMs, itlMs, e2eMs, queueMs } = report.latency;
  const rows = [
    ["TTFT", ttftMs, baseline?.latency.ttftMs],
    ["TPOT", tpotMs, baseline?.latency.tpotMs],
    ["ITL", itlMs, baseline?.latency.itlMs],
    ["end to end", e2eMs, baseline?.latency.e2eMs],
    ["queue", queueMs, baseline?.latency.queueMs],
  ] as const;
  const quantiles = ["p50", "p90", "p95", "p99", "p999", "max"] as const;
  const shown = rows.slice(0, 1).concat(rows.slice(4));
  const part = (of: (row: (typeof rows)[number]) => number | null | undefined): readonly number[] =>
    shown.map((row) => of(row) ?? 0);
  const p50 = part(([, own]) => own.p50);
  const p90 = part(([, own]) => own.p90);
  const p99 = part(([, own]) => own.p99);
  const most = Math.max(1, ...p99);
  return {
    title: "Which percentile hurts?",
    summary: "TTFT and queue: median, then what p90 and p99 add. The table has every latency.",
    table: {
      columns: ["latency ms", ...quantiles],
      rows: rows.map(([name, own]) => [name, ...quantiles.map((q) => own[q])]),
    },
    draw: (size) =>
      drawBars(
        {
          groups: shown.map(([name]) => name),
          parts: [
            { name: "p50", role: "prefill", values: p50 },
            {
              name: "more at p90",
              role: "queue",
              values: p90.map((value, i) => value - (p50[i] ?? 0)),
            },
            {
              name: "more at p99",
              role: "policy",
              values: p99.map((value, i) => value - (p90[i] ?? 0)),
            },
          ],
          x: { name: "latency", unit: "ms", scale: "linear", domain: [0, most * 1.03] },
        },
        size,
      ),
  };
}
