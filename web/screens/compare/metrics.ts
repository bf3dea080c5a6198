/** Numbers of a report that runs are compared and swept by; each knows which way is better. */

import type { Unit } from "../../charts/axes.ts";
import type { Report } from "../../workers/protocol.ts";

export type Metric = {
  readonly id: string;
  readonly name: string;
  readonly unit: Unit;
  readonly betterIs: "more" | "less" | "neither";
  readonly value: (report: Report) => number | null;
};

const QUANTILES = ["p50", "p90", "p99"] as const;
const LATENCIES = [
  ["TTFT", "ttftMs"],
  ["ITL", "itlMs"],
  ["TPOT", "tpotMs"],
  ["end to end", "e2eMs"],
  ["queue", "queueMs"],
] as const;

export const METRICS: readonly Metric[] = [
  {
    id: "attainment",
    name: "requests within every goal",
    unit: "share",
    betterIs: "more",
    value: ({ slo }) => slo.attainment,
  },
  {
    id: "goodput",
    name: "goodput, requests/s",
    unit: "perS",
    betterIs: "more",
    value: ({ slo }) => slo.goodputPerS,
  },
  ...LATENCIES.flatMap(([label, key]) =>
    QUANTILES.map((q): Metric => ({
      id: `${key}.${q}`,
      name: `${label} ${q}, ms`,
      unit: "ms",
      betterIs: "less",
      value: ({ latency }) => latency[key][q],
    })),
  ),
  {
    id: "outputPerGpu",
    name: "output tokens/s per GPU",
    unit: "perS",
    betterIs: "more",
    value: ({ throughput }) => throughput.outputTokensPerSPerGpu,
  },
  {
    id: "output",
    name: "output tokens/s",
    unit: "perS",
    betterIs: "more",
    value: ({ throughput }) => throughput.outputTokensPerS,
  },
  {
    id: "hitRate",
    name: "prefix hit rate",
    unit: "share",
    betterIs: "more",
    value: ({ kv }) => kv.hitRate,
  },
  {
    id: "preemptions",
    name: "preemptions",
    unit: "count",
    betterIs: "less",
    value: ({ kv }) => kv.preemptions,
  },
  {
    id: "busy",
    name: "time with a step in progress",
    unit: "share",
    betterIs: "neither",
    value: ({ batch }) => batch.busyShare,
  },
  {
    id: "gpuHours",
    name: "GPU-hours",
    unit: "count",
    betterIs: "less",
    value: ({ gpuHours }) => gpuHours,
  },
  {
    id: "gpus",
    name: "GPUs",
    unit: "count",
    betterIs: "less",
    value: ({ pools }) => pools.reduce((sum, { gpus }) => sum + gpus, 0),
  },
  {
    id: "cost",
    name: "cost, $",
    unit: "usd",
    betterIs: "less",
    value: ({ cost }) => cost?.totalUsd ?? null,
  },
  {
    id: "costPerToken",
    name: "$ per million output tokens",
    unit: "usd",
    betterIs: "less",
    value: ({ cost }) => cost?.usdPerMillionOutputTokens ?? null,
  },
];

export function metricById(id: string): Metric {
  return METRICS.find((metric) => metric.id === id) ?? METRICS[0]!;
}
