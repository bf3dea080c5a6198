/** What a run shows first, computed with it: everything else is computed when its view asks. */

import { runTitle, verdictOf } from "../../sim/index.ts";
import type { Report, SimulationResult, Verdict } from "../../sim/index.ts";
import { clusterSize } from "./cluster-size.ts";
import type { ClusterSize } from "./cluster-size.ts";
import { groupTables } from "./group-tables.ts";
import type { GroupTable } from "./group-tables.ts";
import { overTime } from "./over-time.ts";
import type { OverTime } from "./over-time.ts";
import { timeBreakdown } from "./time-breakdown.ts";
import type { TimeGroup } from "./time-breakdown.ts";
import { rowsOfRun, timedRequests } from "./window.ts";
import type { TimeWindow } from "./window.ts";

/** Parts that a brush restricts to the requests that arrived within it. */
export type WindowInsight = {
  readonly requests: number;
  readonly byE2e: readonly TimeGroup[];
  readonly byTtft: readonly TimeGroup[];
};

export type Insight = {
  readonly report: Report;
  readonly title: string;
  readonly verdict: Verdict;
  readonly cluster: ClusterSize;
  readonly series: OverTime | null;
  readonly whole: WindowInsight | null;
  /** Classes and tenants of requests, where there are several. */
  readonly groups: readonly GroupTable[];
};

/** The overview of a run. Parts without columns are null. */
export function insightOf(result: SimulationResult): Insight {
  const { report, series, requests } = result;
  const plain = reportInsight(report);
  const { cluster } = plain;
  return {
    ...plain,
    series: series === undefined ? null : overTime(report, series, timedRequests(result), cluster),
    whole: requests === undefined ? null : plain.whole,
  };
}

/** The overview of a run of which only the report is there. */
export function reportInsight(report: Report): Insight {
  return {
    report,
    title: runTitle(report),
    verdict: verdictOf(report),
    cluster: clusterSize(report),
    series: null,
    whole: wholeInsight(report),
    groups: groupTables(report),
  };
}

/** Of the whole run, the report has them. */
function wholeInsight({ breakdown: { e2e, ttft } }: Report): WindowInsight {
  return { requests: e2e.requests, byE2e: e2e.groups, byTtft: ttft.groups };
}

/** The parts that depend on a window of time; null when no request columns were kept. */
export function windowInsight(result: SimulationResult, window: TimeWindow): WindowInsight | null {
  const found = rowsOfRun(result, window);
  if (found === null) return null;
  const { requests, rows } = found;
  return {
    requests: rows.length,
    byE2e: timeBreakdown(requests, rows, "e2e"),
    byTtft: timeBreakdown(requests, rows, "ttft"),
  };
}
