/** What limited a run: the second sentence of its verdict. */

import { countText, msText, numberText, percentText } from "../core/index.ts";
import type { Report } from "./report.ts";

/** Preemptions per completed request from which KV pressure is named (assumption). */
const PREEMPTION_SHARE = 0.005;
/** Share of time, or of max_num_seqs, from which workers count as saturated (assumption). */
const SATURATED_SHARE = 0.9;
/** Share of the blocks from which the KV cache counts as full (assumption). */
const KV_FULL_SHARE = 0.97;
/** Waiting up to this many steps is the usual wait for the one in progress (assumption). */
const QUEUE_STEPS = 3;
/** Part of the p99 TTFT spent waiting from which queueing is named, and moving from which links are (assumption). */
const QUEUE_PART = 0.5;

/** Workers that are alike, as far as their limits go. */
type Crowd = {
  /** Empty: there is but one. */
  readonly pool: string;
  readonly meanSize: number;
  readonly seats: number;
  readonly kv: Pick<Report["kv"], "usagePeak" | "usageMean">;
  readonly busyShare: number;
};

function crowdsOf({ pools, batch, kv, engine }: Report): readonly Crowd[] {
  if (pools.length < 2) {
    const { meanSize, busyShare } = batch;
    return [{ pool: "", meanSize, busyShare, seats: engine.maxNumSeqs, kv }];
  }
  return pools.map((pool) => ({
    pool: pool.name,
    meanSize: pool.meanBatchSize,
    seats: pool.engine.maxNumSeqs,
    kv: pool.kv,
    busyShare: pool.busyShare,
  }));
}

/**
 * The scarcest thing. A worker that is always busy is no sign by itself, because a step is in
 * progress as long as one request runs: only waiting shows that something ran short.
 */
export function limitOf(report: Report): string {
  const { kv, batch, latency, requests, disagg } = report;
  const crowds = crowdsOf(report);
  if (kv.preemptions > PREEMPTION_SHARE * Math.max(1, requests.completed)) {
    return (
      `KV blocks were the limit: ${countText(kv.preemptions)} preemptions, ` +
      `${countText(report.tokens.recomputed)} tokens computed again.`
    );
  }
  const moving = disagg?.transferMs.p99 ?? 0;
  if (moving > QUEUE_PART * (latency.ttftMs.p99 ?? Infinity)) {
    return `Moving keys and values was the limit: the slowest 1 % of hand-offs took over ${msText(moving)}.`;
  }
  if (!hasQueued(report)) {
    const steps = crowds.map(({ meanSize }) => numberText(meanSize)).join(" and ");
    const peak = Math.max(...crowds.map((one) => one.kv.usagePeak));
    return (
      `Nothing ran short: the mean step held ${steps} requests, ` +
      `KV use peaked at ${percentText(peak)}.`
    );
  }
  const wait = `the slowest 1 % waited over ${msText(latency.queueMs.p99)} before their first step`;
  const named = (what: string, be: string, { pool }: Crowd): string =>
    `${what}${pool === "" ? "" : ` of pool ${pool}`} ${be} the limit`;
  const seated = crowds.find(({ meanSize, seats }) => meanSize >= SATURATED_SHARE * seats);
  if (seated !== undefined) {
    return `${named("max_num_seqs", "was", seated)}: batches were full, and ${wait}.`;
  }
  const full = crowds.find(
    (one) => one.kv.usagePeak >= KV_FULL_SHARE && one.kv.usageMean >= KV_FULL_SHARE / 2,
  );
  if (full !== undefined) return `${named("KV blocks", "were", full)}: ${wait}.`;
  const busiest = crowds.reduce((a, b) => (b.busyShare > a.busyShare ? b : a));
  const busy = percentText(busiest.busyShare);
  if (busiest.busyShare >= SATURATED_SHARE) {
    return `${named("Compute", "was", busiest)}: workers were busy ${busy} of the time, and ${wait}.`;
  }
  return crowds.length === 1
    ? `Bursts queued: ${wait}, though workers were busy only ${percentText(batch.busyShare)} of the time.`
    : `Bursts queued: ${wait}, though the busiest pool was busy only ${busy} of the time.`;
}

/** Whether waiting, beyond the wait for the step in progress, made up much of the slowest TTFT. */
function hasQueued({ latency }: Report): boolean {
  const queue = latency.queueMs.p99;
  const ttft = latency.ttftMs.p99;
  const step = latency.itlMs.p50 ?? 0;
  return queue !== null && ttft !== null && queue > QUEUE_PART * ttft && queue > QUEUE_STEPS * step;
}
