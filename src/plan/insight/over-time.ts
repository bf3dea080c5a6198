/** A run over its time: rates, occupancy, latency and attainment per sample, and what was short when. */

import type { Report, SeriesColumns } from "../../sim/index.ts";
import type { ClusterSize } from "./cluster-size.ts";
import { quantileOf } from "./latency-curves.ts";
import { latencyUs } from "./window.ts";
import type { TimedRequests } from "./window.ts";

/** Equal lengths; NaN: no data at that sample. */
export type OverTime = {
  readonly timeS: Float64Array;
  readonly arrivalsPerS: Float64Array;
  readonly completionsPerS: Float64Array;
  readonly outputTokensPerS: Float64Array;
  readonly prefillTokensPerS: Float64Array;
  readonly preemptionsPerS: Float64Array;
  readonly queued: Float64Array;
  readonly running: Float64Array;
  /** Shares of all KV blocks. */
  readonly kvUsed: Float64Array;
  readonly kvCached: Float64Array;
  readonly hitRate: Float64Array;
  /** Mean power of the cluster since the sample before, W; NaN without the GPUs' power. */
  readonly powerW: Float64Array;
  /** Over requests that arrived since the sample before. */
  readonly ttftMsP99: Float64Array;
  readonly tpotMsP99: Float64Array;
  /** Share of them within every target; NaN without targets. */
  readonly attainment: Float64Array;
  /** What ran short: positions in `limitNames`. */
  readonly limit: Uint8Array;
  readonly limitNames: readonly string[];
};

/** What can be short at a sample; the first is nothing. */
const LIMITS = ["nothing", "KV blocks", "batch slots", "compute"] as const;

const US_PER_S = 1e6;
const US_PER_MS = 1e3;
/** Share of the KV blocks, and of max_num_seqs, from which they count as full (assumption). */
const FULL_SHARE = 0.97;
/** Something is short when p90 waits this many steps, and this part of its TTFT: the verdict's rule. */
const QUEUE_STEPS = 3;
const QUEUE_PART = 0.5;

/** The run's samples as rates and shares: of the blocks and seats of the whole cluster. */
export function overTime(
  report: Report,
  series: SeriesColumns,
  requests: TimedRequests | undefined,
  cluster: ClusterSize,
): OverTime {
  const { timeUs } = series;
  const blocks = Math.max(1, cluster.kvBlocks);
  const share = (column: Float64Array): Float64Array => column.map((value) => value / blocks);
  const { hasWaited, ...perRequest } = requestBins(report, timeUs, requests);
  const kvUsed = share(series.kvBlocksUsed);
  const { seats } = cluster;
  return {
    timeS: timeUs.map((us) => us / US_PER_S),
    arrivalsPerS: ratePerS(timeUs, series.arrivals),
    completionsPerS: ratePerS(timeUs, series.completions),
    outputTokensPerS: ratePerS(timeUs, series.outputTokens),
    prefillTokensPerS: ratePerS(timeUs, series.prefillTokens),
    preemptionsPerS: ratePerS(timeUs, series.preemptions),
    queued: Float64Array.from(series.queued),
    running: Float64Array.from(series.running),
    kvUsed,
    kvCached: share(series.kvBlocksCached),
    hitRate: increaseRatio(series.cachedTokens, series.admittedTokens),
    powerW:
      series.energyJ === undefined
        ? new Float64Array(timeUs.length).fill(NaN)
        : ratePerS(timeUs, series.energyJ),
    ...perRequest,
    limitNames: LIMITS,
    limit: Uint8Array.from(timeUs, (_, i) => {
      if (hasWaited[i] === 0) return 0;
      if (kvUsed[i]! >= FULL_SHARE) return 1;
      return series.running[i]! >= FULL_SHARE * seats ? 2 : 3;
    }),
  };
}

/** Increase of a cumulative column per second of the interval before each sample. */
function ratePerS(timeUs: Float64Array, total: Float64Array): Float64Array {
  return total.map((value, i) => {
    const seconds = i === 0 ? 0 : (timeUs[i]! - timeUs[i - 1]!) / US_PER_S;
    return seconds > 0 ? (value - total[i - 1]!) / seconds : NaN;
  });
}

/** Increase of `part` over that of `whole`; NaN where nothing was admitted. */
function increaseRatio(part: Float64Array, whole: Float64Array): Float64Array {
  return part.map((value, i) => {
    const admitted = whole[i]! - (i === 0 ? 0 : whole[i - 1]!);
    return admitted > 0 ? (value - (i === 0 ? 0 : part[i - 1]!)) / admitted : NaN;
  });
}

type RequestBins = Pick<OverTime, "ttftMsP99" | "tpotMsP99" | "attainment"> & {
  /** Whether the requests of the sample waited longer than for the step in progress. */
  readonly hasWaited: Uint8Array;
};

/** Requests are in order of arrival, so each sample's are neighbours. */
function requestBins(
  report: Report,
  timeUs: Float64Array,
  requests: TimedRequests | undefined,
): RequestBins {
  const bins: RequestBins = {
    ttftMsP99: new Float64Array(timeUs.length).fill(NaN),
    tpotMsP99: new Float64Array(timeUs.length).fill(NaN),
    attainment: new Float64Array(timeUs.length).fill(NaN),
    hasWaited: new Uint8Array(timeUs.length),
  };
  if (requests === undefined) return bins;
  let row = 0;
  for (let i = 0; i < timeUs.length; i++) {
    const first = row;
    while (row < requests.rows && requests.arrivalUs[row]! <= timeUs[i]!) row++;
    if (row > first) fillBin(report, requests, { first, end: row, bin: i }, bins);
  }
  return bins;
}

function fillBin(
  report: Report,
  requests: TimedRequests,
  { first, end, bin }: { readonly first: number; readonly end: number; readonly bin: number },
  bins: RequestBins,
): void {
  const ttft: number[] = [];
  const tpot: number[] = [];
  const queue: number[] = [];
  let within = 0;
  const { slo } = report;
  for (let row = first; row < end; row++) {
    const own = {
      ttft: latencyUs(requests, row, "ttft") / US_PER_MS,
      tpot: latencyUs(requests, row, "tpot") / US_PER_MS,
      e2e: latencyUs(requests, row, "e2e") / US_PER_MS,
    };
    if (!Number.isNaN(own.ttft)) ttft.push(own.ttft);
    if (!Number.isNaN(own.tpot)) tpot.push(own.tpot);
    const queueMs = latencyUs(requests, row, "queue") / US_PER_MS;
    if (!Number.isNaN(queueMs)) queue.push(queueMs);
    const code = requests.sloClass?.[row];
    const targets = code === undefined ? slo.targets : (slo.classes?.[code]?.targets ?? {});
    const { ttftMs = Infinity, tpotMs = Infinity, e2eMs = Infinity } = targets;
    // Requests that never finished have NaN here and are not within; a missing TPOT misses nothing.
    if (own.e2e <= e2eMs && !(own.ttft > ttftMs) && !(own.tpot > tpotMs)) within++;
  }
  const sortedTtft = Float64Array.from(ttft).sort();
  const waitMs = quantileOf(Float64Array.from(queue).sort(), 0.9);
  const stepMs = report.latency.itlMs.p50 ?? 0;
  const isLong = waitMs > QUEUE_STEPS * stepMs && waitMs > QUEUE_PART * quantileOf(sortedTtft, 0.9);
  bins.hasWaited[bin] = isLong ? 1 : 0;
  bins.ttftMsP99[bin] = quantileOf(sortedTtft, 0.99);
  bins.tpotMsP99[bin] = quantileOf(Float64Array.from(tpot).sort(), 0.99);
  if (slo.attainment !== null) bins.attainment[bin] = within / (end - first);
}
