/** Confidence bands: how far each headline number of a report moves over draws of the uncertain parameters. */

import type { Spread } from "../../hardware/index.ts";
import type { Report } from "../../sim/index.ts";
import { quantile } from "../accuracy/run-statistics.ts";

/** Where a headline number lies among the draws; the report's own value beside it. */
export type Band = {
  /** Path in the report, for example `latency.ttftMs.p99`. */
  readonly metric: string;
  readonly value: number;
  readonly low: number;
  readonly median: number;
  readonly high: number;
};

export type Uncertainty = {
  readonly samples: number;
  /** Draws that could not be simulated, for example because the model no longer fits. */
  readonly failed: number;
  /** Share of the draws inside a band. */
  readonly level: number;
  readonly bands: readonly Band[];
  readonly spreads: readonly Spread[];
};

/** A report that says how sure it is. */
export type BandedReport = Report & { readonly uncertainty?: Uncertainty };

/** The numbers that decide, in the order in which they are shown. */
const HEADLINES = [
  "latency.ttftMs.mean",
  "latency.ttftMs.p50",
  "latency.ttftMs.p90",
  "latency.ttftMs.p99",
  "latency.tpotMs.mean",
  "latency.tpotMs.p50",
  "latency.tpotMs.p90",
  "latency.tpotMs.p99",
  "latency.itlMs.mean",
  "latency.itlMs.p99",
  "latency.e2eMs.mean",
  "latency.e2eMs.p50",
  "latency.e2eMs.p90",
  "latency.e2eMs.p99",
  "latency.queueMs.mean",
  "latency.queueMs.p99",
  "throughput.requestsPerS",
  "throughput.inputTokensPerS",
  "throughput.outputTokensPerS",
  "throughput.outputTokensPerSPerGpu",
  "slo.goodputPerS",
  "slo.attainment",
  "kv.hitRate",
  "kv.usagePeak",
  "kv.preemptions",
  "batch.busyShare",
  "gpuHours",
  "energy.facilityKwh",
  "energy.meanW",
  "energy.joulesPerOutputToken",
  "cost.totalUsd",
  "cost.usdPerMillionOutputTokens",
  "cost.usdPerMillionTokens",
] as const;

function valueAt(report: Report, path: string): number | undefined {
  let value: unknown = report;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/**
 * Bands of the headline numbers that the report and all draws have. Quantiles between draws are interpolated.
 *
 * @param level share of the draws inside, 0 … 1
 */
export function bandsOf(base: Report, draws: readonly Report[], level: number): readonly Band[] {
  return HEADLINES.flatMap((metric) => {
    const value = valueAt(base, metric);
    const values = draws.flatMap((draw) => valueAt(draw, metric) ?? []);
    if (value === undefined || values.length === 0 || values.length < draws.length) return [];
    const sorted = Float64Array.from(values).sort();
    const at = (share: number): number => quantile(sorted, share);
    return [
      { metric, value, low: at((1 - level) / 2), median: at(0.5), high: at((1 + level) / 2) },
    ];
  });
}
