/** The KV screen's charts as data. */

import { countText, percentText } from "../../../src/core/index.ts";
import type { Axis } from "../../charts/axes.ts";
import { asDifference, tableOfLines } from "../../charts/compared.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Curve, LinesOptions, Target } from "../../charts/lines.ts";
import type { Chart } from "../../charts/scene.ts";
import type { ClusterSize, OverTime, Report, TraceStatistics } from "../../workers/protocol.ts";

type TierSummary = NonNullable<Report["kv"]["tiers"]>[number];

/** Blocks in use and kept for reuse, as shares of all. */
export function occupancyChart(
  series: OverTime | null,
  baseline: OverTime | null = null,
  isDifference = false,
): Chart {
  const peak = Math.max(0, ...(series?.kvUsed ?? []));
  const lines: LinesOptions = {
    x: timeAxis(series),
    y: { name: "share of blocks", unit: "share", scale: "linear", domain: [0, 1] },
    curves: [...occupancyCurves(baseline, true), ...occupancyCurves(series, false)],
    targets: [{ on: "y", value: 1, label: "all blocks" }],
  };
  const drawn = isDifference ? asDifference(lines, "none") : lines;
  return {
    title: "How full is the KV cache?",
    summary: `Requests in progress hold at most ${percentText(peak)} of all blocks at a sample; the rest keeps prefixes for reuse.`,
    table:
      baseline === null
        ? {
            columns: ["time s", "in use", "kept for reuse"],
            rows: Array.from(series?.timeS ?? [], (s, i) => [
              s,
              series?.kvUsed[i] ?? null,
              series?.kvCached[i] ?? null,
            ]),
          }
        : tableOfLines(drawn),
    draw: (size) => drawLines(drawn, size),
  };
}

function occupancyCurves(series: OverTime | null, isBaseline: boolean): readonly Curve[] {
  if (series === null) return [];
  const { timeS: x, kvUsed, kvCached } = series;
  const mark = isBaseline ? " (A)" : "";
  const both = kvUsed.map((used, i) => used + (kvCached[i] ?? 0));
  return [
    { name: `in use and kept${mark}`, role: "transfer", x, y: both, area: true, isBaseline },
    { name: `in use${mark}`, role: "prefill", x, y: kvUsed, area: true, isBaseline },
  ];
}

function timeAxis(series: OverTime | null): Axis {
  const endS = Math.max(1, series?.timeS.at(-1) ?? 0);
  return { name: "simulated time", unit: "s", scale: "linear", domain: [0, endS] };
}

/** Share of prompt tokens found in the cache, over time. */
export function hitRateChart(
  series: OverTime | null,
  baseline: OverTime | null,
  isDifference = false,
): Chart {
  const curves: readonly Curve[] = [
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
    { name: "hit rate", role: "transfer", x: series?.timeS ?? [], y: series?.hitRate ?? [] },
  ];
  const [, most] = domainUp(curves.map(({ y }) => y));
  const lines: LinesOptions = {
    x: timeAxis(series),
    y: { name: "hit rate", unit: "share", scale: "linear", domain: [0, Math.min(1, most)] },
    curves,
  };
  const drawn = isDifference ? asDifference(lines, "none") : lines;
  return {
    title: "When does the cache help?",
    summary: "Prompt tokens found in the cache, of those admitted in each sample.",
    table:
      baseline === null
        ? {
            columns: ["time s", "hit rate"],
            rows: Array.from(series?.timeS ?? [], (s, i) => [s, series?.hitRate[i] ?? null]),
          }
        : tableOfLines(drawn),
    draw: (size) => drawLines(drawn, size),
  };
}

/** What a cache of any size would hit, from the trace's stack distances, with this cluster's size marked. */
export function capacityChart(
  statistics: TraceStatistics | null,
  cluster: ClusterSize,
  tiers: readonly TierSummary[],
): Chart {
  const prefixes = statistics?.prefixes;
  const points = prefixes?.lruHit ?? [];
  const sizes = sizesOf(cluster, tiers, prefixes?.blockSize ?? 0);
  const own = sizes[0]?.value ?? 0;
  const largest = sizes.at(-1)?.value ?? 0;
  const most = points.at(-1)?.hit ?? 0;
  return {
    title: "Is more cache worth it?",
    summary:
      points.length === 0
        ? "The trace has no block ids, so prefixes cannot be followed."
        : `A cache without limit would serve ${percentText(most)} of the trace's blocks; the line is this cluster's GPU memory as one cache (${countText(own)} blocks)${sizes.length > 1 ? ", and with each tier below it" : ""}.`,
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
            domain: [points[0]?.blocks ?? 1, Math.max(points.at(-1)?.blocks ?? 10, largest * 1.1)],
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
          targets: sizes,
        },
        size,
      ),
  };
}

/** Blocks of the trace that all caches hold as if they were one: GPU memory, then with each level below it too. */
function sizesOf(
  { kvTokens, kvBlocks }: ClusterSize,
  tiers: readonly TierSummary[],
  blockSize: number,
): readonly Target[] {
  if (blockSize === 0 || kvTokens === 0) return [];
  const sizes: Target[] = [{ on: "x", value: kvTokens / blockSize, label: "this cluster" }];
  let tokens = kvTokens;
  for (const level of new Set(tiers.map((tier) => tier.level))) {
    for (const { level: name, stores, capacityBlocks } of tiers) {
      if (name === level) tokens += (stores * capacityBlocks * kvTokens) / kvBlocks;
    }
    sizes.push({ on: "x", value: tokens / blockSize, label: `with ${level.toUpperCase()}` });
  }
  return sizes;
}
