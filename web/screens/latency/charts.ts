/** The latency screen's charts as data. */

import { percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { Axis } from "../../charts/axes.ts";
import { drawBars } from "../../charts/bars.ts";
import type { Part } from "../../charts/bars.ts";
import { drawCells } from "../../charts/cells.ts";
import { asDifference, tableOfLines } from "../../charts/compared.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Curve, LinesOptions, Target } from "../../charts/lines.ts";
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

/** Two runs' latencies, one over the other or as the change between them. */
export type LatencyPair = {
  readonly own: LatencyInsight | null;
  readonly beside: LatencyInsight | null;
  readonly targets: Targets;
  readonly isDifference: boolean;
};

/** Share of the requests at or below a latency. */
export function ecdfChart({ own, beside, targets, isDifference }: LatencyPair): Chart {
  const all = [...(own?.curves ?? []), ...(beside?.curves ?? [])];
  const curves = [
    ...curvesOf(beside, true, (share) => share),
    ...curvesOf(own, false, (share) => share),
  ];
  const lines: LinesOptions = {
    x: latencyAxis(all),
    y: { name: "requests", unit: "share", scale: "linear", domain: [0, 1] },
    curves,
    targets: targetsOn(targets, "x"),
  };
  const drawn = isDifference ? asDifference(lines, "hold") : lines;
  return {
    title: isDifference ? "How many more are done by when?" : "How long do requests take?",
    summary: isDifference
      ? "Above the line, a larger share of B's requests is done within that latency; below it, of A's."
      : ecdfSummary(own, targets),
    table: beside === null ? curveTable(own) : tableOfLines(drawn),
    draw: (size) => drawLines(drawn, size),
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
export function tailChart({ own, beside, targets }: LatencyPair): Chart {
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

/** B − A at each percentile: which part of the requests gained or lost. */
export function quantileChangeChart(
  own: LatencyInsight | null,
  beside: LatencyInsight | null,
): Chart {
  const all = [...(own?.curves ?? []), ...(beside?.curves ?? [])];
  const most = Math.max(100, ...all.map(({ count }) => count));
  const of = (insight: LatencyInsight | null, isBaseline: boolean): Curve[] =>
    (insight?.curves ?? []).map(({ name, share, ms, count }) => ({
      name: `${NAMES[name] ?? name}${isBaseline ? " (A)" : ""}`,
      role: ROLES[name] ?? "idle",
      // Ascending: the slowest request first.
      x: share.map((value) => 1 - value + 1 / count).toReversed(),
      y: ms.toReversed(),
      isBaseline,
    }));
  const lines = asDifference(
    {
      x: {
        name: "requests slower, logarithmic",
        unit: "share",
        scale: "log",
        domain: [1 / most, 1],
      },
      y: { name: "latency", unit: "ms", scale: "linear", domain: [0, 1] },
      curves: [...of(beside, true), ...of(own, false)],
    },
    "none",
  );
  return {
    title: "Which percentile gains?",
    summary:
      "The change of each percentile: the slowest requests at the left, all of them at the right.",
    table: tableOfLines(lines),
    draw: (size) => drawLines(lines, size),
  };
}

/** p99 of the requests that arrived since the sample before. */
export function overTimeChart(
  series: OverTime | null,
  baseline: OverTime | null,
  { targets, isDifference }: Pick<LatencyPair, "targets" | "isDifference">,
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
  const lines: LinesOptions = {
    x: { name: "simulated time of arrival", unit: "s", scale: "linear", domain: [0, endS] },
    y: { name: "latency", unit: "ms", scale: "log", domain: [Math.max(1, most / 1e4), most] },
    curves,
    targets: targetsOn(targets, "y"),
  };
  const drawn = isDifference ? asDifference(lines, "none") : lines;
  return {
    title: isDifference ? "When is B slower?" : "When is it slow?",
    summary: "The 99th percentile of the requests that arrived in each sample.",
    table:
      baseline === null
        ? {
            columns: ["time s", "TTFT p99 ms", "TPOT p99 ms"],
            rows: Array.from(series?.timeS ?? [], (s, i) => [
              s,
              series?.ttftMsP99[i] ?? null,
              series?.tpotMsP99[i] ?? null,
            ]),
          }
        : tableOfLines(drawn),
    draw: (size) => drawLines(drawn, size),
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
  type Row = (typeof rows)[number];
  const partsOf = (of: (row: Row) => Row[1] | null | undefined): readonly Part[] => {
    const at = (q: "p50" | "p90" | "p99"): number[] => shown.map((row) => of(row)?.[q] ?? 0);
    const [p50, p90, p99] = [at("p50"), at("p90"), at("p99")];
    const less = (from: readonly number[], other: readonly number[]): number[] =>
      from.map((value, i) => value - (other[i] ?? 0));
    return [
      { name: "p50", role: "prefill", values: p50 },
      { name: "more at p90", role: "queue", values: less(p90, p50) },
      { name: "more at p99", role: "policy", values: less(p99, p90) },
    ];
  };
  const most = Math.max(1, ...shown.flatMap(([, own, other]) => [own.p99 ?? 0, other?.p99 ?? 0]));
  return {
    title: "Which percentile hurts?",
    summary: "TTFT and queue: median, then what p90 and p99 add. The table has every latency.",
    table: {
      columns: ["latency ms", ...quantiles],
      rows: rows.flatMap(([name, own, other]) => [
        ...(other === undefined ? [] : [[`${name} (A)`, ...quantiles.map((q) => other[q])]]),
        [name, ...quantiles.map((q) => own[q])],
      ]),
    },
    draw: (size) =>
      drawBars(
        {
          groups: shown.map(([name]) => name),
          parts: partsOf(([, own]) => own),
          ...(baseline === null ? {} : { baseline: partsOf(([, , other]) => other) }),
          x: { name: "latency", unit: "ms", scale: "linear", domain: [0, most * 1.03] },
        },
        size,
      ),
  };
}
