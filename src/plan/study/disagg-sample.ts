/** What the disaggregation study keeps of a run, and what limited it. */

import type { LinkSummary, Report } from "../../sim/index.ts";

/** The place of a run in the study. */
export type DisaggPlace = {
  /** Null: mixed workers. */
  readonly network: string | null;
  /** Line rate for a GPU, one direction, bytes/s. */
  readonly bytesPerS: number | null;
  readonly prefill: number;
  readonly decode: number;
  /** Whether it belongs to the search for the crossover. */
  readonly isSearch: boolean;
};

export type Limit =
  "network" | "prefill" | "decode compute" | "decode memory" | "compute" | "memory" | "none";

export type DisaggSample = DisaggPlace & {
  readonly goodputPerS: number;
  /** Share of the requests that met the SLO. */
  readonly attainment: number;
  readonly ttftMsP50: number | null;
  readonly ttftMsP99: number | null;
  readonly tpotMsP50: number | null;
  readonly tpotMsP99: number | null;
  readonly e2eMsP99: number | null;
  readonly outputTokensPerSPerGpu: number;
  /** Keys and values on their way: mean, and over what it would be without other transfers; null: nothing moved. */
  readonly transferMsMean: number | null;
  readonly slowdown: number | null;
  /** The fullest link. */
  readonly link: Pick<LinkSummary, "name" | "utilization"> | null;
  /** Busy share of prefill and decode workers, and how full their memory was at most; of all workers when mixed. */
  readonly prefillBusy: number;
  readonly decodeBusy: number;
  readonly decodeKvPeak: number;
  readonly limit: Limit;
};

/** A link, or workers, that are busy for more than this are what limits (assumption). */
const FULL = 0.8;
/** Memory that was used to this share was short (assumption). */
const MEMORY_FULL = 0.98;
/** Transfers that take this much longer than alone, or this share of the time to the first token, limit (assumptions). */
const SLOW = 1.5;
const LARGE_SHARE = 0.25;

/** What the study keeps of a report. */
export function sampleOf(report: Report, place: DisaggPlace): DisaggSample {
  const { slo, latency, throughput, network, disagg, pools } = report;
  const of = (role: string) => pools.find((pool) => pool.role === role) ?? pools[0]!;
  const link = network?.links[0];
  const base = {
    ...place,
    goodputPerS: slo.goodputPerS ?? 0,
    attainment: slo.attainment ?? 0,
    ttftMsP50: latency.ttftMs.p50,
    ttftMsP99: latency.ttftMs.p99,
    tpotMsP50: latency.tpotMs.p50,
    tpotMsP99: latency.tpotMs.p99,
    e2eMsP99: latency.e2eMs.p99,
    outputTokensPerSPerGpu: throughput.outputTokensPerSPerGpu,
    transferMsMean: disagg?.transferMs.mean ?? null,
    slowdown: network?.transfers.slowdown ?? null,
    link: link === undefined ? null : { name: link.name, utilization: link.utilization },
    prefillBusy: of("prefill").busyShare,
    decodeBusy: of("decode").busyShare,
    decodeKvPeak: of("decode").kv.usagePeak,
  };
  return { ...base, limit: limitOf(base, slo.targets.tpotMs ?? Infinity) };
}

/** A worker that decodes is busy whatever its batch: its compute limits when answers are too slow, not when it is busy. */
function limitOf(sample: Omit<DisaggSample, "limit">, tpotMsMost: number): Limit {
  const { network, link, slowdown, transferMsMean, ttftMsP50, attainment } = sample;
  const { prefillBusy, decodeKvPeak } = sample;
  const memory = decodeKvPeak >= MEMORY_FULL;
  if (network === null) {
    if (attainment === 1) return "none";
    return memory ? "memory" : "compute";
  }
  const isSlow = (slowdown ?? 1) >= SLOW;
  const isLong = (transferMsMean ?? 0) >= LARGE_SHARE * (ttftMsP50 ?? Infinity);
  if ((link?.utilization ?? 0) >= FULL || (isSlow && isLong)) return "network";
  if (memory) return "decode memory";
  if ((sample.tpotMsP99 ?? 0) > tpotMsMost) return "decode compute";
  if (prefillBusy >= FULL && attainment < 1) return "prefill";
  return isLong ? "network" : "none";
}
