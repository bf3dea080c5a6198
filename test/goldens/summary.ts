/** A report as a page of text that a person can review line by line. Runs in a browser too. */

import type { LatencySummary, Report } from "../../src/sim/index.ts";
import type { Golden } from "./scenarios.ts";

const SIGNIFICANT = 6;

function number(value: number | null): string {
  return value === null ? "none" : String(Number(value.toPrecision(SIGNIFICANT)));
}

function latency(name: string, of: LatencySummary): string {
  const parts = (["mean", "p50", "p90", "p99", "max"] as const).map(
    (key) => `${key} ${number(of[key])}`,
  );
  return `${name} ms: ${parts.join(", ")}`;
}

/** All but wall time, version and number of events, which may differ between equal runs. */
export function goldenText(golden: Golden, report: Report): string {
  const { requests, tokens, kv, batch, slo, throughput } = report;
  const reasons = report.rejections.map(({ reason, count }) => `${count} × ${reason}`);
  return [
    `${golden.name}: ${golden.about}`,
    `digest ${report.digest}`,
    `requests: offered ${requests.offered}, completed ${requests.completed}, rejected ${requests.rejected}, ` +
      `unfinished ${requests.unfinished}, measured ${requests.measured}`,
    ...(reasons.length === 0 ? [] : [`rejected: ${reasons.join("; ")}`]),
    `simulated ${number(report.simS)} s${report.stopped === null ? "" : `, ${report.stopped}`}`,
    latency("ttft", report.latency.ttftMs),
    latency("tpot", report.latency.tpotMs),
    latency("itl", report.latency.itlMs),
    latency("e2e", report.latency.e2eMs),
    latency("queue", report.latency.queueMs),
    `throughput: ${number(throughput.requestsPerS)} requests/s, ${number(throughput.inputTokensPerS)} input tokens/s, ` +
      `${number(throughput.outputTokensPerS)} output tokens/s`,
    `tokens: input ${tokens.input}, output ${tokens.output}, cached ${tokens.cached}, recomputed ${tokens.recomputed}`,
    `kv: hit rate ${number(kv.hitRate)}, used ${number(kv.usageMean)} mean, ${number(kv.usagePeak)} peak, ` +
      `${kv.evictedBlocks} evicted, ${kv.preemptions} preemptions`,
    `steps: ${batch.steps}, with prompts ${batch.mixedSteps}, mean size ${number(batch.meanSize)}, ` +
      `busy ${number(batch.busyShare)}`,
    ...(slo.attainment === null
      ? []
      : [`slo: attained ${number(slo.attainment)}, goodput ${number(slo.goodputPerS)}/s`]),
    ...(report.cost === null ? [] : [`cost: ${number(report.cost.totalUsd)} USD`]),
    ...clusterLines(report),
    `completed by worker: ${report.workers.map((worker) => worker.completed).join(" ")}`,
    "",
  ].join("\n");
}

/** What only a cluster of more than plain workers has. */
function clusterLines({ disagg, kv, network, faults, requests, admission }: Report): string[] {
  const lines: string[] = [];
  if (disagg !== null) {
    lines.push(
      `hand-offs: ${disagg.handoffs}, fallbacks ${disagg.fallbacks}, timeouts ${disagg.timeouts}, ` +
        `failed ${disagg.transferFailures}, ${number(disagg.bytes)} bytes`,
    );
  }
  if (kv.tokensBySource !== undefined) {
    const sources = Object.entries(kv.tokensBySource).map(([name, count]) => `${name} ${count}`);
    lines.push(`prompt tokens by source: ${sources.join(", ")}`);
  }
  if (network !== null) {
    const { started, finished, cancelled, bytes, slowdown } = network.transfers;
    lines.push(
      `transfers: ${started} started, ${finished} finished, ${cancelled} cancelled, ` +
        `${number(bytes)} bytes, slowdown ${number(slowdown)}`,
    );
  }
  if (faults === null) return lines;
  lines.push(
    `failed ${requests.failed}, cancelled ${requests.cancelled}, sent again ${admission?.retries ?? 0}`,
    `faults: ${faults.moved} moved, ${faults.failed} failed, ${faults.tokensLost} tokens lost, ` +
      `${number(faults.gpuSLost)} GPU-s lost, ${number(faults.gpuSDown)} away`,
  );
  for (const { kind, atS, touched, moved, failed, gpuSDown } of faults.events) {
    lines.push(
      `  ${kind} at ${number(atS)}: ${touched} touched, ${moved} moved, ${failed} failed, ${number(gpuSDown)} GPU-s away`,
    );
  }
  return lines;
}
