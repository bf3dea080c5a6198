/** The first sentence of a report: what the cluster did with the trace, and what limited it. */

import { countText, msText, numberText, percentText, secondsText } from "../core/index.ts";
import type { Report } from "./report.ts";

export type Verdict = {
  readonly mood: "good" | "fair" | "bad";
  readonly text: string;
};

/** Share of requests that must meet the SLO for "held" (assumption: the usual two nines). */
const HELD_SHARE = 0.99;
/** Preemptions per completed request from which KV pressure is named (assumption). */
const PREEMPTION_SHARE = 0.005;
/** Share of time, or of max_num_seqs, from which workers count as saturated (assumption). */
const SATURATED_SHARE = 0.9;
/** Share of the blocks from which the KV cache counts as full (assumption). */
const KV_FULL_SHARE = 0.97;
/** Waiting up to this many steps is the usual wait for the one in progress (assumption). */
const QUEUE_STEPS = 3;
/** Part of the p99 TTFT spent waiting from which queueing is named (assumption). */
const QUEUE_PART = 0.5;

/** One or two sentences; a report without requests says so. */
export function verdictOf(report: Report): Verdict {
  const { requests } = report;
  if (requests.offered === 0) {
    return { mood: "bad", text: "No request arrived: the trace or its window is empty." };
  }
  const outcome = outcomeOf(report);
  const stopped =
    report.stopped === null ? "" : ` The run ended early: ${trimmed(report.stopped)}.`;
  return { mood: outcome.mood, text: `${outcome.text} ${limitOf(report)}${stopped}` };
}

function trimmed(text: string): string {
  return text.replace(/[.\s]+$/, "");
}

function outcomeOf(report: Report): Verdict {
  const { requests, slo } = report;
  const workers = report.workers.length;
  const cluster = `${countText(workers)} worker${workers === 1 ? "" : "s"}`;
  const span = secondsText(report.simS);
  const lost = requests.rejected + requests.failed + requests.cancelled;
  if (slo.attainment !== null) {
    const held = slo.attainment >= HELD_SHARE;
    return {
      mood: held ? "good" : slo.attainment >= 0.9 ? "fair" : "bad",
      text:
        `${capital(cluster)} ${held ? "held" : "missed"} the SLO: ` +
        `${percentText(slo.attainment)} of the requests met ${targetsText(slo.targets)}.`,
    };
  }
  const served = `${countText(requests.completed)} of ${countText(requests.offered)} requests`;
  const all = requests.completed === requests.offered;
  return {
    mood: all ? "good" : lost * 20 > requests.offered ? "bad" : "fair",
    text: all
      ? `${capital(cluster)} served all ${countText(requests.offered)} requests in ${span}.`
      : `${capital(cluster)} served ${served} in ${span}${lossText(report)}.`,
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lossText(report: Report): string {
  const parts: string[] = [];
  const { rejected, failed, cancelled, unfinished } = report.requests;
  if (rejected > 0) parts.push(`${countText(rejected)} rejected`);
  if (failed > 0) parts.push(`${countText(failed)} failed`);
  if (cancelled > 0) parts.push(`${countText(cancelled)} cancelled`);
  if (unfinished > 0) parts.push(`${countText(unfinished)} unfinished`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function targetsText(targets: Report["slo"]["targets"]): string {
  const parts: string[] = [];
  if (targets.ttftMs !== undefined) parts.push(`TTFT ≤ ${msText(targets.ttftMs)}`);
  if (targets.tpotMs !== undefined) parts.push(`TPOT ≤ ${msText(targets.tpotMs)}`);
  if (targets.e2eMs !== undefined) parts.push(`e2e ≤ ${msText(targets.e2eMs)}`);
  return parts.join(", ");
}

/**
 * The scarcest thing. A worker that is always busy is no sign by itself, because a step is in
 * progress as long as one request runs: only waiting shows that something ran short.
 */
function limitOf(report: Report): string {
  const { kv, batch, latency, requests } = report;
  const busy = percentText(batch.busyShare);
  if (kv.preemptions > PREEMPTION_SHARE * Math.max(1, requests.completed)) {
    return (
      `KV blocks were the limit: ${countText(kv.preemptions)} preemptions, ` +
      `${countText(report.tokens.recomputed)} tokens computed again.`
    );
  }
  if (!hasQueued(report)) {
    return (
      `Nothing ran short: the mean step held ${numberText(batch.meanSize)} requests, ` +
      `KV use peaked at ${percentText(kv.usagePeak)}.`
    );
  }
  const wait = `the slowest 1 % waited over ${msText(latency.queueMs.p99)} before their first step`;
  if (batch.meanSize >= SATURATED_SHARE * report.engine.maxNumSeqs) {
    return `max_num_seqs was the limit: batches were full, and ${wait}.`;
  }
  if (kv.usagePeak >= KV_FULL_SHARE && kv.usageMean >= KV_FULL_SHARE / 2) {
    return `KV blocks were the limit: ${wait}.`;
  }
  if (batch.busyShare >= SATURATED_SHARE) {
    return `Compute was the limit: workers were busy ${busy} of the time, and ${wait}.`;
  }
  return `Bursts queued: ${wait}, though workers were busy only ${busy} of the time.`;
}

/** Whether waiting, beyond the wait for the step in progress, made up much of the slowest TTFT. */
function hasQueued({ latency }: Report): boolean {
  const queue = latency.queueMs.p99;
  const ttft = latency.ttftMs.p99;
  const step = latency.itlMs.p50 ?? 0;
  return queue !== null && ttft !== null && queue > QUEUE_PART * ttft && queue > QUEUE_STEPS * step;
}

/** What the run is called: its scenario's name, or its traffic's where the scenario has none. */
export function runTitle(report: Report): string {
  const { name, traffic } = report.scenario;
  if (name !== "unnamed") return name;
  const source = traffic.source.trace ?? traffic.source.synth ?? "requests";
  const count = report.workers.length;
  const workers = `${countText(count)} worker${count === 1 ? "" : "s"}`;
  return `${source.replace(/^.*[\\/]/, "")} on ${workers}`;
}
