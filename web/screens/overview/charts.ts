/** The overview's charts as data. */

import { percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { drawBars } from "../../charts/bars.ts";
import type { Part } from "../../charts/bars.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Role } from "../../charts/palette.ts";
import type { Chart } from "../../charts/scene.ts";
import { drawStrip } from "../../charts/strip.ts";
import type { OverTime, TimeGroup, WindowInsight } from "../../workers/protocol.ts";

const PARTS = [
  ["path", "idle"],
  ["queue", "queue"],
  ["prefill", "prefill"],
  ["decode", "decode"],
] as const;

/** Bars of the three percentile groups, by end-to-end time and by TTFT. */
export function breakdownChart(own: WindowInsight | null, beside: WindowInsight | null): Chart {
  const groups = [
    ...(own?.byTtft ?? []).map((group) => ({ ...group, label: `TTFT ${group.label}` })),
    ...(own?.byE2e ?? []).map((group) => ({ ...group, label: `e2e ${group.label}` })),
  ];
  const shown = groups.map((group, i) => withoutDecode(group, i < (own?.byTtft.length ?? 0)));
  const other = [...(beside?.byTtft ?? []), ...(beside?.byE2e ?? [])].map((group, i) =>
    withoutDecode(group, i < (beside?.byTtft.length ?? 0)),
  );
  const partsOf = (of: readonly TimeGroup[]): Part[] =>
    PARTS.map(([name, role]) => ({ name, role, values: of.map(({ ms }) => ms[name]) }));
  const most = Math.max(
    1e-3,
    ...[...shown, ...other].map(({ ms }) => ms.path + ms.queue + ms.prefill + ms.decode),
  );
  return {
    title: "Where does the time go?",
    summary: breakdownSummary(shown),
    table: {
      columns: [
        "requests around",
        "client path ms",
        "queue ms",
        "prefill ms",
        "decode ms",
        "requests",
      ],
      rows: shown.map(({ label, ms, requests }) => [
        label,
        ms.path,
        ms.queue,
        ms.prefill,
        ms.decode,
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

/** TTFT ends before decoding. */
function withoutDecode(group: TimeGroup, isTtft: boolean): TimeGroup {
  return isTtft ? { ...group, ms: { ...group.ms, decode: 0 } } : group;
}

function breakdownSummary(groups: readonly TimeGroup[]): string {
  const slow = groups.find(({ label }) => label === "TTFT p99");
  if (slow === undefined) return "No request completed in this stretch of time.";
  const { path, queue, prefill } = slow.ms;
  const total = path + queue + prefill;
  if (total <= 0) return "The slowest first tokens come at once.";
  return (
    `Of the slowest 1 % of first tokens (${textOf(total, "ms")}), ${percentText(queue / total)} is waiting ` +
    `and ${percentText(prefill / total)} prefill.`
  );
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

/** Requests waiting and running over time. */
export function loadChart(series: OverTime | null, baseline: OverTime | null): Chart {
  const own = series === null ? [] : curvesOf(series, false);
  const other = baseline === null ? [] : curvesOf(baseline, true);
  const curves = [...other, ...own];
  const endS = Math.max(1, series?.timeS.at(-1) ?? 0, baseline?.timeS.at(-1) ?? 0);
  const peak = Math.max(0, ...(series?.queued ?? []));
  return {
    title: "Does a queue build up?",
    summary:
      peak === 0
        ? "No request waits for a batch at any sample."
        : `At most ${textOf(peak, "count")} requests wait at once.`,
    table: {
      columns: ["time s", "queued", "running"],
      rows: Array.from(series?.timeS ?? [], (s, i) => [
        s,
        series?.queued[i] ?? null,
        series?.running[i] ?? null,
      ]),
    },
    draw: (size) =>
      drawLines(
        {
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
        },
        size,
      ),
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
