/** Everything that the views of one run show, computed once from its columns: the page only draws. */

import { runTitle, verdictOf } from "../../sim/index.ts";
import type { Report, SimulationResult, Verdict } from "../../sim/index.ts";
import type { Trace } from "../../trace/index.ts";
import { clusterSize } from "./cluster-size.ts";
import type { ClusterSize } from "./cluster-size.ts";
import { latencyOverPrompt, latencyOverTime } from "./density.ts";
import type { Density } from "./density.ts";
import { latencyCurve } from "./latency-curves.ts";
import type { LatencyCurve } from "./latency-curves.ts";
import { overTime } from "./over-time.ts";
import type { OverTime } from "./over-time.ts";
import { promptSources } from "./prompt-sources.ts";
import type { PromptSources } from "./prompt-sources.ts";
import { timeBreakdown } from "./time-breakdown.ts";
import type { TimeGroup } from "./time-breakdown.ts";
import { latencyUs, rowsWithin, WHOLE_RUN } from "./window.ts";
import type { TimedRequests, TimeWindow } from "./window.ts";

/** Parts that a brush restricts to the requests that arrived within it. */
export type WindowInsight = {
  readonly requests: number;
  readonly curves: readonly LatencyCurve[];
  readonly byE2e: readonly TimeGroup[];
  readonly byTtft: readonly TimeGroup[];
  readonly overTime: { readonly ttft: Density; readonly e2e: Density };
  readonly overPrompt: Density;
  readonly sources: PromptSources | null;
  readonly slowest: readonly SlowRequest[];
};

/** One of the slowest requests by end-to-end time; times in µs from the start of the run. */
export type SlowRequest = {
  readonly request: number;
  readonly worker: number;
  readonly arrivalUs: number;
  readonly admittedUs: number;
  readonly firstTokenUs: number;
  readonly finishUs: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly preemptions: number;
};

export type Insight = {
  readonly report: Report;
  readonly title: string;
  readonly verdict: Verdict;
  readonly cluster: ClusterSize;
  readonly series: OverTime | null;
  readonly whole: WindowInsight | null;
};

const US_PER_S = 1e6;
const US_PER_MS = 1e3;
const SLOWEST = 20;

/** The views of a run. Parts without columns are null. */
export function insightOf(result: SimulationResult, trace: Trace | undefined): Insight {
  const { report, series } = result;
  const requests = timed(result);
  const cluster = clusterSize(report);
  return {
    report,
    title: runTitle(report),
    verdict: verdictOf(report),
    cluster,
    series: series === undefined ? null : overTime(report, series, requests, cluster),
    whole: windowInsight(result, trace, WHOLE_RUN),
  };
}

function timed({ report, requests }: SimulationResult): TimedRequests | undefined {
  return requests === undefined
    ? undefined
    : { ...requests, pathUs: report.engine.clientPathMs * US_PER_MS };
}

/** The parts that depend on a window of time; null when no request columns were kept. */
export function windowInsight(
  result: SimulationResult,
  trace: Trace | undefined,
  window: TimeWindow,
): WindowInsight | null {
  const { report } = result;
  const requests = timed(result);
  if (requests === undefined) return null;
  const warmupUs = report.scenario.traffic.warmup_s * US_PER_S;
  const rows = rowsWithin(requests, warmupUs, window);
  const { workers } = clusterSize(report);
  const slow = rows
    .slice()
    .sort((a, b) => latencyUs(requests, b, "e2e") - latencyUs(requests, a, "e2e") || a - b);
  return {
    requests: rows.length,
    curves: (["ttft", "tpot", "e2e", "queue"] as const).map((name) =>
      latencyCurve(requests, rows, name),
    ),
    byE2e: timeBreakdown(requests, rows, "e2e"),
    byTtft: timeBreakdown(requests, rows, "ttft"),
    overTime: {
      ttft: latencyOverTime(requests, rows, "ttft"),
      e2e: latencyOverTime(requests, rows, "e2e"),
    },
    overPrompt: latencyOverPrompt(requests, rows, "ttft"),
    sources: trace === undefined ? null : (promptSources(trace, requests, rows, workers) ?? null),
    slowest: Array.from(slow.slice(0, SLOWEST), (row) => ({
      request: requests.row[row]!,
      worker: requests.worker[row]!,
      arrivalUs: requests.arrivalUs[row]!,
      admittedUs: requests.admittedUs[row]!,
      firstTokenUs: requests.firstTokenUs[row]!,
      finishUs: requests.finishUs[row]!,
      inputTokens: requests.inputTokens[row]!,
      cachedTokens: requests.cachedTokens[row]!,
      outputTokens: requests.outputTokens[row]!,
      preemptions: requests.preemptions[row]!,
    })),
  };
}
