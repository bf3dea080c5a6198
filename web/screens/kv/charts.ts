/** The KV screen's charts as data. */

import { countText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Chart } from "../../charts/scene.ts";
import type {
  ClusterSize,
  OverTime,
  PromptSources,
  Report,
  TraceStatistics,
} from "../../workers/protocol.ts";
import { drawFlows } from "./flows.ts";
import type { Flow } from "./flows.ts";

/** The parts of the prompt tokens with words for what each means. */
function flowsOf(sources: PromptSources): readonly Flow[] {
  return [
    { from: "prompt tokens", to: "found in cache", value: sources.cached, role: "transfer" },
    {
      from: "prompt tokens",
      to: "computed",
      value: sources.total - sources.cached,
      role: "prefill",
    },
    { from: "computed", to: "never seen before", value: sources.firstSeen, role: "idle" },
    { from: "computed", to: "seen by another worker", value: sources.elsewhere, role: "policy" },
    {
      from: "computed",
      to: "seen here, dropped or unfinished",
      value: sources.evicted,
      role: "queue",
    },
    { from: "computed", to: "tail shorter than a block", value: sources.partial, role: "decode" },
  ];
}

/** Where prompt tokens come from, and why the rest was computed. */
export function sourcesChart(sources: PromptSources | null, report: Report): Chart {
  const total = sources?.total ?? report.tokens.input;
  const flows =
    sources === null
      ? [
          {
            from: "prompt tokens",
            to: "found in cache",
            value: report.tokens.cached,
            role: "transfer" as const,
          },
          {
            from: "prompt tokens",
            to: "computed",
            value: report.tokens.input - report.tokens.cached,
            role: "prefill" as const,
          },
        ]
      : flowsOf(sources);
  return {
    title: "Where do prompt tokens come from?",
    summary: sourcesSummary(sources, report),
    table: {
      columns: ["tokens", "of", "count", "share of all prompt tokens"],
      rows: flows.map(({ from, to, value }) => [to, from, value, total > 0 ? value / total : null]),
    },
    draw: (size) => drawFlows(flows, total, size),
  };
}

function sourcesSummary(sources: PromptSources | null, report: Report): string {
  if (sources === null) {
    return `${percentText(report.kv.hitRate)} of the prompt tokens were found in the cache; without block ids nobody can say why the rest was not.`;
  }
  const { total, cached, elsewhere, evicted } = sources;
  if (total === 0) return "No prompt token was admitted in this stretch of time.";
  const lost = elsewhere >= evicted ? elsewhere : evicted;
  const why =
    elsewhere >= evicted
      ? "another worker had it: routing decides"
      : "it was dropped or unfinished: capacity decides";
  return `${percentText(cached / total)} of ${textOf(total, "count")} prompt tokens were in the cache. Of the rest, most that could be saved is ${percentText(lost / total)}, because ${why}.`;
}

/** Blocks in use and kept for reuse, as shares of all. */
export function occupancyChart(series: OverTime | null): Chart {
  const peak = Math.max(0, ...(series?.kvUsed ?? []));
  const both = Array.from(series?.kvUsed ?? [], (used, i) => used + (series?.kvCached[i] ?? 0));
  return {
    title: "How full is the KV cache?",
    summary: `Requests in progress hold at most ${percentText(peak)} of all blocks at a sample; the rest keeps prefixes for reuse.`,
    table: {
      columns: ["time s", "in use", "kept for reuse"],
      rows: Array.from(series?.timeS ?? [], (s, i) => [
        s,
        series?.kvUsed[i] ?? null,
        series?.kvCached[i] ?? null,
      ]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: "simulated time",
            unit: "s",
            scale: "linear",
            domain: [0, Math.max(1, series?.timeS.at(-1) ?? 0)],
          },
          y: { name: "share of blocks", unit: "share", scale: "linear", domain: [0, 1] },
          curves: [
            {
              name: "in use and kept",
              role: "transfer",
              x: series?.timeS ?? [],
              y: both,
              area: true,
            },
            {
              name: "in use",
              role: "prefill",
              x: series?.timeS ?? [],
              y: series?.kvUsed ?? [],
              area: true,
            },
          ],
          targets: [{ on: "y", value: 1, label: "all blocks" }],
        },
        size,
      ),
  };
}

/** Share of prompt tokens found in the cache, over time. */
export function hitRateChart(series: OverTime | null, baseline: OverTime | null): Chart {
  const curves = [
    ...(baseline === null
      ? []
      : [
          {
            name: "hit rate (A)",
            role: "transfer" as const,
            x: baseline.timeS,
            y: baseline.hitRate,
            isBaseline: true,
          },
        ]),
    {
      name: "hit rate",
      role: "transfer" as const,
      x: series?.timeS ?? [],
      y: series?.hitRate ?? [],
    },
  ];
  const [, most] = domainUp(curves.map(({ y }) => y));
  return {
    title: "When does the cache help?",
    summary: "Prompt tokens found in the cache, of those admitted in each sample.",
    table: {
      columns: ["time s", "hit rate"],
      rows: Array.from(series?.timeS ?? [], (s, i) => [s, series?.hitRate[i] ?? null]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: "simulated time",
            unit: "s",
            scale: "linear",
            domain: [0, Math.max(1, series?.timeS.at(-1) ?? 0)],
          },
          y: { name: "hit rate", unit: "share", scale: "linear", domain: [0, Math.min(1, most)] },
          curves,
        },
        size,
      ),
  };
}

/** What a cache of any size would hit, from the trace's stack distances, with this cluster's size marked. */
export function capacityChart(
  statistics: TraceStatistics | null,
  { kvTokens: tokens }: ClusterSize,
): Chart {
  const prefixes = statistics?.prefixes;
  const points = prefixes?.lruHit ?? [];
  // Blocks of the trace that the whole cluster's caches hold, as if they were one.
  const own = prefixes === undefined || prefixes.blockSize === 0 ? 0 : tokens / prefixes.blockSize;
  const most = points.at(-1)?.hit ?? 0;
  return {
    title: "Is more cache worth it?",
    summary:
      points.length === 0
        ? "The trace has no block ids, so prefixes cannot be followed."
        : `A cache without limit would serve ${percentText(most)} of the trace's blocks; the line is this cluster's memory as one cache (${countText(own)} blocks).`,
    table: {
      columns: ["blocks", "share of block references served"],
      rows: points.map(({ blocks, hit }) => [blocks, hit]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: `blocks of ${String(prefixes?.blockSize ?? 0)} tokens, logarithmic`,
            unit: "count",
            scale: "log",
            domain: [points[0]?.blocks ?? 1, Math.max(points.at(-1)?.blocks ?? 10, own * 1.1)],
          },
          y: {
            name: "blocks served",
            unit: "share",
            scale: "linear",
            domain: [0, Math.max(0.05, most * 1.1)],
          },
          curves: [
            {
              name: "least recently used",
              role: "transfer",
              x: points.map(({ blocks }) => blocks),
              y: points.map(({ hit }) => hit),
            },
          ],
          targets: own > 0 ? [{ on: "x", value: own, label: "this cluster" }] : [],
        },
        size,
      ),
  };
}
