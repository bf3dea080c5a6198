/** The overview's charts as data. */

import { percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { drawBars } from "../../charts/bars.ts";
import type { Part } from "../../charts/bars.ts";
import { asDifference, tableOfLines } from "../../charts/compared.ts";
import type { LegendItem } from "../../charts/legend.tsx";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { LinesOptions } from "../../charts/lines.ts";
import type { Role } from "../../charts/palette.ts";
import type { Chart } from "../../charts/scene.ts";
import { drawStrip } from "../../charts/strip.ts";
import type {
  OverTime,
  Report,
  TimeGroup,
  TimePart,
  WindowInsight,
} from "../../workers/protocol.ts";

/** Parts as they are drawn: no more than there are colours that all eyes tell apart. */
const PARTS: readonly (readonly [name: string, role: Role, parts: readonly TimePart[]])[] = [
  ["path", "idle", ["path"]],
  ["queue", "queue", ["queue"]],
  ["prefill", "prefill", ["prefill"]],
  ["KV moving", "transfer", ["onboard", "transfer"]],
  ["preemption", "policy", ["preemption"]],
  ["decode", "decode", ["decode"]],
];
/** Names of the parts that any of the bars has. */
export function breakdownLegend(own: WindowInsight | null): readonly LegendItem[] {
  const groups = [...(own?.byTtft ?? []), ...(own?.byE2e ?? [])];
  return PARTS.filter(
    ([name, , parts]) => ALWAYS.includes(name) || groups.some((group) => sumOf(group, parts) > 0),
  ).map(([name, role]) => ({ name: name === "path" ? "client path" : name, role }));
}

/** In the order in which a request passes them. */
const TIME_PARTS = PARTS.flatMap(([, , parts]) => parts);
/** Drawn although they may be zero. */
const ALWAYS: readonly string[] = ["path", "queue", "prefill", "decode"];

/** Bars of the three percentile groups, by end-to-end time and by TTFT. */
export function breakdownChart(own: WindowInsight | null, beside: WindowInsight | null): Chart {
  const shown = [
    ...(own?.byTtft ?? []).map((group) => ({ ...group, label: `TTFT ${group.label}` })),
    ...(own?.byE2e ?? []).map((group) => ({ ...group, label: `e2e ${group.label}` })),
  ];
  const other = [...(beside?.byTtft ?? []), ...(beside?.byE2e ?? [])];
  const all = [...shown, ...other];
  const drawn = PARTS.filter(
    ([name, , parts]) => ALWAYS.includes(name) || all.some((group) => sumOf(group, parts) > 0),
  );
  const partsOf = (of: readonly TimeGroup[]): Part[] =>
    drawn.map(([name, role, parts]) => ({
      name,
      role,
      values: of.map((group) => sumOf(group, parts)),
    }));
  const most = Math.max(1e-3, ...all.map(({ ms }) => sumOf({ ms }, TIME_PARTS)));
  return {
    title: "Where does the time go?",
    summary: breakdownSummary(shown),
    table: {
      columns: [
        "requests around",
        ...TIME_PARTS.map((part) => (part === "path" ? "client path ms" : `${part} ms`)),
        "requests",
      ],
      rows: shown.map(({ label, ms, requests }) => [
        label,
        ...TIME_PARTS.map((part) => ms[part]),
        requests,
      ]),
    },
    draw: (size) =>
      drawBars(
        {
          groups: shown.map(({ label }) => label),
          parts: partsOf(shown),
          ...(other.length === 0 ? {} : { baseline: partsOf(other) }),
          x: {
            name: "mean time of the requests around the percentile",
            unit: "ms",
            scale: "linear",
            domain: [0, most * 1.02],
          },
        },
        size,
      ),
  };
}

function sumOf({ ms }: Pick<TimeGroup, "ms">, parts: readonly TimePart[]): number {
  return parts.reduce((sum, part) => sum + ms[part], 0);
}

function breakdownSummary(groups: readonly TimeGroup[]): string {
  const slow = groups.find(({ label }) => label === "TTFT p99");
  if (slow === undefined) return "No request completed in this stretch of time.";
  const { queue, prefill, onboard, transfer, preemption } = slow.ms;
  const total = sumOf(slow, TIME_PARTS);
  if (total <= 0) return "The slowest first tokens come at once.";
  return (
    `Of the slowest 1 % of first tokens (${textOf(total, "ms")}), ` +
    wordsFor([
      [queue, "waiting"],
      [prefill, "prefill"],
      [onboard + transfer, "moving keys and values"],
      [preemption, "work done again"],
    ])
      .map(([ms, name], i) => `${percentText(ms / total)}${i === 0 ? " is" : ""} ${name}`)
      .join(", ") +
    "."
  );
}

/** The first two, and what else there is. */
function wordsFor(parts: readonly (readonly [ms: number, name: string])[]) {
  return parts.filter(([ms], i) => i < 2 || ms > 0);
}

const SHORT_ROLES: Readonly<Record<string, Role | null>> = {
  nothing: null,
  "KV blocks": "transfer",
  "batch slots": "policy",
  compute: "queue",
};

/** What ran short over the run. */
export function shortChart(series: OverTime | null): Chart {
  const names = (series?.limitNames ?? ["nothing"]).map((name) => ({
    name,
    role: SHORT_ROLES[name] ?? null,
  }));
  const counts = names.map(() => 0);
  for (const code of series?.limit ?? []) counts[code]!++;
  const samples = series?.limit.length ?? 0;
  const parts = names
    .map(({ name }, i) => ({ name, share: samples === 0 ? 0 : counts[i]! / samples }))
    .filter(({ name, share }) => name !== "nothing" && share > 0)
    .map(({ name, share }) => `${name} ${percentText(share)} of the time`);
  return {
    title: "What runs short, and when?",
    summary:
      parts.length === 0
        ? "Nobody waits long at any sample: nothing runs short."
        : `Requests wait for ${parts.join(", ")}.`,
    table: {
      columns: ["time s", "short"],
      rows: Array.from(series?.limit ?? [], (code, i) => [
        series?.timeS[i] ?? null,
        names[code]?.name ?? "",
      ]),
    },
    draw: (size) =>
      drawStrip({ timeS: series?.timeS ?? [], codes: series?.limit ?? [], names }, size),
  };
}

/** Faults marked in a chart over time; more would hide it (assumption). */
const FAULTS_MOST = 8;

/** Requests waiting and running over time, and when something broke; with `isDifference` what changes from the baseline. */
export function loadChart(
  series: OverTime | null,
  baseline: OverTime | null,
  isDifference = false,
  faults: Report["faults"] = null,
): Chart {
  const own = series === null ? [] : curvesOf(series, false);
  const other = baseline === null ? [] : curvesOf(baseline, true);
  const curves = [...other, ...own];
  const endS = Math.max(1, series?.timeS.at(-1) ?? 0, baseline?.timeS.at(-1) ?? 0);
  const peak = Math.max(0, ...(series?.queued ?? []));
  const lines: LinesOptions = {
    x: { name: "simulated time", unit: "s", scale: "linear", domain: [0, endS] },
    y: {
      name: "requests",
      unit: "count",
      scale: "linear",
      domain: domainUp(
        curves.map(({ y }) => y),
        1,
      ),
    },
    curves,
    targets: (faults?.events ?? []).slice(0, FAULTS_MOST).map(({ kind, atS }) => ({
      on: "x",
      value: atS,
      label: kind.replaceAll("_", " "),
    })),
  };
  const drawn = isDifference ? asDifference(lines, "none") : lines;
  return {
    title: "Does a queue build up?",
    summary:
      peak === 0
        ? "No request waits for a batch at any sample."
        : `At most ${textOf(peak, "count")} requests wait at once.`,
    table:
      baseline === null
        ? {
            columns: ["time s", "queued", "running"],
            rows: Array.from(series?.timeS ?? [], (s, i) => [
              s,
              series?.queued[i] ?? null,
              series?.running[i] ?? null,
            ]),
          }
        : tableOfLines(drawn),
    draw: (size) => drawLines(drawn, size),
  };
}

function curvesOf(series: OverTime, isBaseline: boolean) {
  const suffix = isBaseline ? " (A)" : "";
  return [
    {
      name: `running${suffix}`,
      role: "decode",
      x: series.timeS,
      y: series.running,
      isBaseline,
      area: true,
    },
    {
      name: `queued${suffix}`,
      role: "queue",
      x: series.timeS,
      y: series.queued,
      isBaseline,
      area: true,
    },
  ] as const;
}
