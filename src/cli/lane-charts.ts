/** The report's charts of what only some runs have: KV tiers, links, hand-offs, workers up. */

import { runLanes } from "../plan/index.ts";
import type { RunLanes } from "../plan/index.ts";
import type { SimulationResult } from "../sim/index.ts";
import { timeSeriesChart } from "./charts/time-series.ts";

/** Curves of a chart: those of the fullest links (assumption: more cannot be told apart). */
const LINKS_DRAWN = 4;
const US_PER_S = 1e6;
const GB = 1e9;

/** None where a run has nothing of the kind, or was not sampled. */
export function laneCharts(result: SimulationResult): string[] {
  const lanes = runLanes(result);
  if (lanes === undefined) return [];
  const time = lanes.timeS.map((s) => s * US_PER_S);
  const percent = (value: number): string => `${String(Math.round(value * 1000) / 10)} %`;
  const { tiers, links, workersUp } = lanes;
  const charts: string[] = [];
  if (tiers.length > 0) {
    const used = tiers.map((tier) => ({ name: tier.level.toUpperCase(), values: tier.used }));
    charts.push(
      timeSeriesChart("KV tiers: share of blocks in use", time, used, { top: 1, format: percent }),
    );
  }
  const flows = flowsOf(lanes);
  if (flows.length > 0) charts.push(timeSeriesChart("Keys and values moved, GB/s", time, flows));
  if (links.length > 0) {
    const fullest = links
      .slice(0, LINKS_DRAWN)
      .map(({ name, use }) => ({ name, values: Float64Array.from(use) }));
    charts.push(timeSeriesChart("Use of the fullest links", time, fullest, { format: percent }));
  }
  if (workersUp !== null) {
    charts.push(
      timeSeriesChart("Workers that are up", time, [{ name: "up", values: workersUp }], {
        top: result.report.workers.length,
      }),
    );
  }
  return charts;
}

function flowsOf({ handoffs, tiers, peerBytesPerS }: RunLanes) {
  const inGb = (values: Float64Array): Float64Array => values.map((bytes) => bytes / GB);
  return [
    ...(handoffs === null ? [] : [{ name: "prefill to decode", values: inGb(handoffs.bytesPerS) }]),
    ...tiers.flatMap(({ level, inBytesPerS, outBytesPerS }) => [
      { name: `into ${level.toUpperCase()}`, values: inGb(inBytesPerS) },
      { name: `out of ${level.toUpperCase()}`, values: inGb(outBytesPerS) },
    ]),
    ...(peerBytesPerS === null ? [] : [{ name: "from peers", values: inGb(peerBytesPerS) }]),
  ];
}
