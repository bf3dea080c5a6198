/** Two runs request by request, as charts. */

import { countText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { Axis } from "../../charts/axes.ts";
import { drawCells } from "../../charts/cells.ts";
import { drawDiverging } from "../../charts/diverging.ts";
import { drawLines } from "../../charts/lines.ts";
import type { Curve } from "../../charts/lines.ts";
import type { Chart } from "../../charts/scene.ts";
import type { ChangedParts, PairedInsight, TimePart } from "../../workers/protocol.ts";

export const LATENCY_WORDS = {
  ttft: "TTFT",
  e2e: "end to end",
  queue: "queue",
  tpot: "TPOT",
} as const;

/** A change with its sign. */
export function changeMs(ms: number): string {
  return `${ms > 0 ? "+" : ""}${textOf(ms, "ms")}`;
}

/** Each request by its latency in A and in B. */
export function besideChart({ name, beside, pairs, slower, faster }: PairedInsight): Chart {
  const { xEdges = [0.1, 1], yEdges = [0.1, 1], counts = [], most = 0 } = beside ?? {};
  const axis = (run: string, edges: ArrayLike<number>): Axis => ({
    name: `${LATENCY_WORDS[name]} in ${run}, logarithmic`,
    unit: "ms",
    scale: "log",
    domain: [edges[0] ?? 0.1, edges[edges.length - 1] ?? 1],
  });
  const rows = yEdges.length - 1;
  return {
    title: "Which requests got slower?",
    summary:
      `Of ${countText(pairs)} requests in both runs, ${countText(slower)} wait longer in B (above the line) and ` +
      `${countText(faster)} shorter (below it). The lighter a cell, the more requests.`,
    table: {
      columns: ["A, ms from", "B, ms from", "requests"],
      rows: Array.from(counts as ArrayLike<number>, (count, i) => [
        xEdges[Math.floor(i / rows)] ?? null,
        yEdges[i % rows] ?? null,
        count,
      ]).filter(([, , count]) => count !== 0),
    },
    draw: (size) =>
      drawCells(
        {
          x: axis("A", xEdges),
          y: axis("B", yEdges),
          xEdges,
          yEdges,
          counts,
          most,
          diagonal: "the same in both",
        },
        size,
      ),
  };
}

/** The distribution of the changes. */
export function changesChart({ name, share, ms, quantiles, pairs }: PairedInsight): Chart {
  const of = (at: number): number => quantiles.find((one) => one.share === at)?.ms ?? 0;
  const [low, high] = [Math.min(0, of(0.01)), Math.max(0, of(0.99))];
  const pad = (high - low || 1) * 0.05;
  return {
    title: "By how much?",
    summary:
      `Half of the requests change by ${changeMs(of(0.25))} to ${changeMs(of(0.75))}, ` +
      `one in a hundred by less than ${changeMs(of(0.01))}, one by more than ${changeMs(of(0.99))}.`,
    table: {
      columns: ["share of requests", "B − A, ms"],
      rows: Array.from(share, (value, i) => [value, ms[i] ?? null]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: `change of ${LATENCY_WORDS[name]}, B − A, of ${countText(pairs)} requests`,
            unit: "ms",
            scale: "linear",
            domain: [low - pad, high + pad],
          },
          y: { name: "requests", unit: "share", scale: "linear", domain: [0, 1] },
          curves: [{ name: "changed by at most", role: "policy", x: ms, y: share }],
          targets: [{ on: "x", value: 0, label: "no change" }],
        },
        size,
      ),
  };
}

/** Quantiles of the changes by time of arrival. */
export function courseChart({ name, course }: PairedInsight): Chart {
  const { timeS, p10, p50, p90 } = course;
  const curves: readonly Curve[] = [
    { name: "p90 of the changes", role: "queue", x: timeS, y: p90 },
    { name: "median change", role: "policy", x: timeS, y: p50 },
    { name: "p10 of the changes", role: "transfer", x: timeS, y: p10 },
  ];
  const all = [0, ...p10, ...p90].filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = (high - low || 1) * 0.06;
  const worst = p50.reduce((best, ms, i) => (ms > (p50[best] ?? -Infinity) ? i : best), 0);
  return {
    title: "When do they part?",
    summary: `The median change is largest for arrivals around ${textOf(timeS[worst] ?? NaN, "s")}: ${changeMs(p50[worst] ?? NaN)}.`,
    table: {
      columns: ["arrival s", "p10 ms", "p50 ms", "p90 ms"],
      rows: Array.from(timeS, (s, i) => [s, ...[p10, p50, p90].map((of) => finite(of[i]))]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: "simulated time of arrival in B",
            unit: "s",
            scale: "linear",
            domain: [0, Math.max(1, timeS.at(-1) ?? 1)],
          },
          y: {
            name: `change of ${LATENCY_WORDS[name]}`,
            unit: "ms",
            scale: "linear",
            domain: [low - pad, high + pad],
          },
          curves,
          targets: [{ on: "y", value: 0, label: "no change" }],
        },
        size,
      ),
  };
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

const PART_WORDS: readonly (readonly [part: TimePart, words: string])[] = [
  ["queue", "queue"],
  ["onboard", "loading KV"],
  ["prefill", "prefill"],
  ["transfer", "KV transfer"],
  ["preemption", "preemption"],
  ["decode", "decode"],
  ["path", "client path"],
];

/** Where the time went of those that got slower, and came from for the others; null for latencies without parts. */
export function whyChart({ slowerParts, fasterParts }: PairedInsight): Chart | null {
  const groups = [
    { name: "slower", role: "decode", parts: slowerParts },
    { name: "faster", role: "prefill", parts: fasterParts },
  ] as const;
  const bars = groups.flatMap(({ name, role, parts }) =>
    parts === null ? [] : [{ name: `${countText(parts.requests)} ${name}`, role, ms: parts.ms }],
  );
  if (bars.length === 0) return null;
  const drawn = PART_WORDS.filter(([part]) => bars.some(({ ms }) => Math.abs(ms[part]) > 0));
  const values = bars.flatMap(({ ms }) => drawn.map(([part]) => ms[part]));
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const pad = (high - low || 1) * 0.05;
  return {
    title: "Why?",
    summary: [causeText("slower", slowerParts), causeText("faster", fasterParts)]
      .filter((text) => text !== "")
      .join(" "),
    table: {
      columns: ["part", ...bars.map(({ name }) => `${name}: mean change, ms`)],
      rows: drawn.map(([part, words]) => [words, ...bars.map(({ ms }) => ms[part])]),
    },
    draw: (size) =>
      drawDiverging(
        {
          rows: drawn.map(([, words]) => words),
          bars: bars.map(({ name, role, ms }) => ({
            name,
            role,
            values: drawn.map(([part]) => ms[part]),
          })),
          x: {
            name: "mean change of each part, B − A",
            unit: "ms",
            scale: "linear",
            domain: [low - pad, high + pad],
          },
        },
        size,
      ),
  };
}

/** "312 requests got slower by +0.8 s in the mean, most of it queue (+0.6 s)." */
function causeText(way: "slower" | "faster", parts: ChangedParts | null): string {
  if (parts === null) return "";
  const { requests, ms } = parts;
  const total = PART_WORDS.reduce((sum, [part]) => sum + ms[part], 0);
  const sign = way === "slower" ? 1 : -1;
  const [cause, words] = PART_WORDS.reduce((best, one) =>
    sign * ms[one[0]] > sign * ms[best[0]] ? one : best,
  );
  return (
    `${countText(requests)} requests got ${way}, by ${changeMs(total)} in the mean, ` +
    `most of it ${words} (${changeMs(ms[cause])}).`
  );
}

/** How many requests changed at all, in words. */
export function pairedWords({ pairs, slower, faster, onlyA, onlyB }: PairedInsight): string {
  const same = pairs - slower - faster;
  const lost = onlyA === 0 ? "" : ` ${countText(onlyA)} were completed in A alone.`;
  const won = onlyB === 0 ? "" : ` ${countText(onlyB)} were completed in B alone.`;
  return `${percentText(slower / pairs)} slower, ${percentText(faster / pairs)} faster, ${percentText(same / pairs)} equal to the microsecond.${lost}${won}`;
}
