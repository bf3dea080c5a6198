/** A report as a page of text for the terminal. */

import { verdictOf } from "../sim/index.ts";
import type { BandedReport } from "../plan/index.ts";
import type { LatencySummary, Report } from "../sim/index.ts";
import { networkLines } from "./network-text.ts";
import { countText, msText, numberText, percentText, secondsText } from "./numbers.ts";
import { breakdownLines } from "./breakdown-text.ts";
import { disaggLines } from "./disagg-text.ts";
import { faultLines } from "./fault-text.ts";
import { groupLines } from "./group-text.ts";
import { poolLines } from "./pool-text.ts";
import { styleFor } from "./style.ts";
import { rankRows, workersText } from "./rank-text.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";
import { tierLines } from "./tiers-text.ts";

export type ReportTextOptions = {
  readonly colour: boolean;
  /** Characters in a line; the verdict is wrapped to it. */
  readonly columns: number;
};

const QUANTILES = ["mean", "p50", "p90", "p95", "p99", "p999", "max"] as const;
const HEADINGS = ["mean", "p50", "p90", "p95", "p99", "p99.9", "max"] as const;
const LATENCIES = [
  ["TTFT", "ttftMs"],
  ["server TTFT", "serverTtftMs"],
  ["TPOT", "tpotMs"],
  ["ITL", "itlMs"],
  ["end to end", "e2eMs"],
  ["queue", "queueMs"],
] as const;

/** The whole page, ending in a newline. */
export function reportText(report: BandedReport, options: ReportTextOptions): string {
  const style = styleFor(options.colour);
  const sections = [
    verdictLines(report, style, options.columns),
    latencyLines(report, style),
    breakdownLines(report, style),
    factLines(report, style),
    groupLines(report, style),
    poolLines(report, style),
    disaggLines(report, style),
    faultLines(report, style),
    tierLines(report, style),
    networkLines(report, style),
    balanceLines(report, style),
    bandLines(report, style),
    warningLines(report, style, options.columns),
    footerLines(report, style),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function verdictLines(report: Report, style: Style, columns: number): string[] {
  const verdict = verdictOf(report);
  const paint = { good: style.good, fair: style.warn, bad: style.bad }[verdict.mood];
  return wrapped(verdict.text, columns).map((line) => style.bold(paint(line)));
}

/** Words of `text` in lines of at most `columns` characters. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

function latencyLines(report: Report, style: Style): string[] {
  const head = ["ms", ...HEADINGS].map(style.dim);
  const isBare = report.engine.clientPathMs === 0;
  const rows = LATENCIES.filter(([, key]) => !(isBare && key === "serverTtftMs")).map(
    ([name, key]) => latencyRow(name, report.latency[key]),
  );
  return textTable([head, ...rows], {
    align: ["left", ...QUANTILES.map(() => "right" as const)],
    indent: 2,
  });
}

function latencyRow(name: string, summary: LatencySummary): string[] {
  return [name, ...QUANTILES.map((key) => numberText(summary[key]))];
}

/** Conversations and agents' runs: how long, and where the time went. */
function taskRows(tasks: NonNullable<Report["tasks"]>): [string, string][] {
  const { offered, completed, callsMean, timeMs, queueMs, awayMs } = tasks;
  const again =
    tasks.repeatedTokens === 0
      ? ""
      : `; ${percentText(tasks.recomputedTokens / tasks.repeatedTokens)} of the tokens that a turn ` +
        "repeats were computed again";
  const s = (ms: number | null): string => numberText(ms === null ? null : ms / 1000);
  return [
    [
      "tasks",
      `${countText(completed)} of ${countText(offered)} done, ${numberText(callsMean)} calls each; ` +
        `${s(timeMs.mean)} s each (p50 ${s(timeMs.p50)}, p99 ${s(timeMs.p99)})`,
    ],
    ["", `${s(queueMs.mean)} s of it queued, ${s(awayMs.mean)} s with users and tools${again}`],
  ];
}

function factLines(report: Report, style: Style): string[] {
  const { requests, throughput, kv, batch, tokens } = report;
  const hit = kv.hitRate === null ? "no prefix cache" : `hit rate ${percentText(kv.hitRate)}`;
  const rows: [string, string][] = [
    ...hardwareRows(report),
    ["requests", requestsText(report)],
    [
      "throughput",
      `${numberText(throughput.requestsPerS)} requests/s, ` +
        `${numberText(throughput.inputTokensPerS)} input and ` +
        `${numberText(throughput.outputTokensPerS)} output tokens/s ` +
        `(${numberText(throughput.outputTokensPerSPerGpu)} per GPU)`,
    ],
    ["tokens", `${countText(tokens.input)} input, ${countText(tokens.output)} output`],
    [
      "KV cache",
      `${hit}, use ${percentText(kv.usageMean)} mean and ${percentText(kv.usagePeak)} peak of ` +
        `${countText(kv.blocksPerWorker)} blocks a worker`,
    ],
    [
      "",
      `${countText(kv.evictedBlocks)} blocks evicted, ${countText(kv.preemptions)} preemptions, ` +
        `${countText(tokens.recomputed)} tokens computed again`,
    ],
    [
      "steps",
      `${countText(batch.steps)} (${countText(batch.mixedSteps)} with prefill), ` +
        `${numberText(batch.meanSize)} requests each, workers busy ${percentText(batch.busyShare)}`,
    ],
  ];
  rows.push(...rankRows(report), ...extraRows(report));
  if (report.tasks !== null) rows.push(...taskRows(report.tasks));
  if (report.slo.attainment !== null) {
    const goodput = numberText(report.slo.goodputPerS);
    rows.push(["SLO", `${percentText(report.slo.attainment)} attained, goodput ${goodput}/s`]);
  }
  rows.push(...energyRows(report), ["cost", costText(report)]);
  const { price } = report.engine;
  if (price !== null && price.tier !== null) {
    const usd = numberText(price.usdPerGpuHour);
    rows.push(["", `at $${usd} a GPU-hour, the card's ${price.tier} price of ${price.date ?? ""}`]);
  }
  const others = report.costByTier.filter(({ tier }) => tier !== price?.tier);
  if (others.length > 0) {
    const costs = others.map(({ tier, totalUsd }) => `${tier} $${numberText(totalUsd)}`);
    rows.push(["", `elsewhere: ${costs.join(", ")} (the card's prices of ${others[0]!.date})`]);
  }
  return textTable(
    rows.map(([name, text]) => [style.accent(name), text]),
    { align: ["left", "left"], indent: 2 },
  );
  function requestsText({ rejections }: Report): string {
    const parts = [
      `${countText(requests.offered)} offered`,
      `${countText(requests.completed)} completed`,
    ];
    for (const [name, count] of Object.entries(requests)) {
      if (["offered", "completed", "measured"].includes(name) || count === 0) continue;
      parts.push(style.warn(`${countText(count)} ${name}`));
    }
    if (requests.measured !== requests.offered) {
      parts.push(`${countText(requests.measured)} measured`);
    }
    const reasons = rejections.map((one) => `${one.reason}: ${countText(one.count)}`);
    return parts.join(", ") + (reasons.length === 0 ? "" : ` (${reasons.join("; ")})`);
  }
}

/** Drafts: tokens of a step as the rates say, and as this run had them. */
function draftText({ speculation }: Report["engine"], pools: Report["pools"]): string {
  if (speculation === null) return "";
  const { kind, draftTokens, tokensPerStep } = speculation;
  const seen = pools.find(({ drafts }) => drafts !== null)?.drafts ?? null;
  const realised =
    seen === null
      ? ""
      : `; ${numberText(seen.tokensPerStep)} drawn, ${numberText(seen.tokensGivenPerStep)} given here`;
  return `, ${countText(draftTokens)} drafts by ${kind} (${numberText(tokensPerStep)} tokens a step${realised})`;
}

/** What the numbers are of; nothing for a scenario without a model and a GPU. */
function hardwareRows(report: Report): [string, string][] {
  const { engine } = report;
  if (engine.model === null || engine.gpu === null || engine.dtype === null) return [];
  const { parallelism, gpusPerWorker, calibration, calibrationSystem } = engine;
  const workers = workersText(report);
  const gpus = gpusPerWorker === 1 ? "" : ` × ${countText(gpusPerWorker)} GPUs`;
  const split = Object.entries(parallelism).filter(([, ranks]) => ranks > 1);
  const ranks = split.map(([name, count]) => `${name} ${countText(count)}`).join(", ");
  const drafts = draftText(engine, report.pools);
  const known = calibration === null ? "" : ` (${calibration} on ${calibrationSystem ?? ""})`;
  return [
    [
      "hardware",
      `${engine.model} in ${engine.dtype} on ${engine.gpu}, ${workers}${gpus}` +
        `${ranks === "" ? "" : `, ${ranks}`}`,
    ],
    ["", `engine ${engine.backend}, step times by ${engine.stepTime}${known}${drafts}`],
    ...engine.calibrationFiles.map((file): [string, string] => ["", `calibrated by ${file}`]),
  ];
}

/** Encoder workers in a line. */
function encoderText(encoders: NonNullable<Report["encoders"]>): string {
  const { workers, gpu, busyShare, stageMs, transferMs, deaths, missed } = encoders;
  const parts = [
    `${countText(workers)} on ${gpu}, busy ${percentText(busyShare)}`,
    `wait and pass ${msText(stageMs.mean)} (p99 ${msText(stageMs.p99)})`,
    `embeddings ${msText(transferMs.mean)}`,
  ];
  if (deaths > 0) {
    parts.push(`${countText(deaths)} died, ${countText(missed)} requests came without embeddings`);
  }
  return parts.join(", ");
}

/** Adapters and images, where requests bring some. */
function extraRows({ adapters, images, encoders }: Report): [string, string][] {
  const rows: [string, string][] = [];
  if (adapters !== null) {
    const waited = secondsText(adapters.waitS);
    rows.push(["adapters", `${countText(adapters.loads)} loads, steps waited ${waited} for them`]);
  }
  if (images !== null) {
    const { encoded, spared } = images;
    rows.push([
      "images",
      `${countText(encoded)} encoded, ${countText(spared)} from encoder caches`,
    ]);
  }
  if (encoders !== null) rows.push(["encoders", encoderText(encoders)]);
  return rows;
}

/** Nothing where a pool names no GPU. */
function energyRows({ energy, workers }: Report): [string, string][] {
  if (energy === null) return [];
  const { gpuKwh, gpuIdleKwh, hostKwh, facilityKwh, pue, meanW } = energy;
  const overhead = pue === 1 ? "" : `, times ${numberText(pue)} for the facility`;
  const peakW = Math.max(...workers.map((one) => one.gpuPowerPeakW ?? 0));
  return [
    [
      "energy",
      `${numberText(facilityKwh)} kWh: GPUs ${numberText(gpuKwh)} (idle ${numberText(gpuIdleKwh)}), ` +
        `hosts ${numberText(hostKwh)}${overhead}`,
    ],
    [
      "",
      `${numberText(energy.joulesPerOutputToken)} J per output token, ` +
        `${numberText(energy.joulesPerRequest)} J per request, mean ${numberText(meanW / 1000)} kW, ` +
        `a worker's GPUs peak at ${numberText(peakW / 1000)} kW`,
    ],
  ];
}

function costText(report: Report): string {
  const hours = `${numberText(report.gpuHours)} GPU-hours`;
  if (report.cost === null) return `${hours} (set cost.usd_per_gpu_hour for dollars)`;
  const { totalUsd, electricityUsd, usdPerMillionOutputTokens: per } = report.cost;
  const all = report.cost.usdPerMillionTokens;
  const power = electricityUsd === null ? "" : ` (electricity $${numberText(electricityUsd)})`;
  const tokens =
    per === null
      ? ""
      : `, $${numberText(per)} per million output tokens, $${numberText(all)} of all tokens`;
  return `${hours}, $${numberText(totalUsd)}${power}${tokens}`;
}

/** Confidence bands, where draws were asked for. */
function bandLines({ uncertainty }: BandedReport, style: Style): string[] {
  if (uncertainty === undefined) return [];
  const { samples, failed, level, bands } = uncertainty;
  const missing = failed === 0 ? "" : `, ${countText(failed)} more were impossible`;
  const rows = bands.map(({ metric, value, low, median, high }) => [
    metric,
    ...[value, low, median, high].map(numberText),
  ]);
  return [
    `  ${percentText(level)} of ${countText(samples)} draws of the fitted parameters lie between low and high${missing}`,
    ...textTable([["", "this run", "low", "median", "high"].map(style.dim), ...rows], {
      align: ["left", "right", "right", "right", "right"],
      indent: 2,
    }),
  ];
}

function balanceLines(report: Report, style: Style): string[] {
  if (report.workers.length < 2) return [];
  const busy = report.workers.map((one) => (report.simS > 0 ? one.busyS / report.simS : 0));
  const rows: [string, number[], (value: number) => string][] = [
    ["requests", report.workers.map((one) => one.completed), countText],
    ["busy", busy, percentText],
    ["preemptions", report.workers.map((one) => one.preemptions), countText],
    ["KV peak", report.workers.map((one) => one.kvBlocksPeak), countText],
  ];
  return textTable(
    [
      ["per worker", "min", "median", "max"].map(style.dim),
      ...rows.map(([name, values, text]) => [name, ...threeOf(values).map(text)]),
    ],
    { align: ["left", "right", "right", "right"], indent: 2 },
  );
}

function threeOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? 0;
  return [at(0), at(0.5), at(1)];
}

function warningLines(report: Report, style: Style, columns: number): string[] {
  return report.warnings.flatMap((warning) =>
    wrapped(`warning: ${warning}`, columns - 2).map((line) => `  ${style.warn(line)}`),
  );
}

function footerLines(report: Report, style: Style): string[] {
  const rate = report.wallS > 0 ? report.requests.offered / report.wallS : null;
  const factor = report.wallS > 0 ? report.simS / report.wallS : null;
  const exact = report.quantileError.latency;
  const quantiles = exact === 0 ? "exact quantiles" : `quantiles within ${percentText(exact)}`;
  return [
    `  simulated ${secondsText(report.simS)} in ${msText(report.wallS * 1000)}: ` +
      `${numberText(rate)} requests/s, ${numberText(factor)} × real time, ` +
      `${countText(report.events)} events`,
    `  seed ${String(report.seed)}, digest ${report.digest}, ${quantiles} ` +
      `(ITL within ${percentText(report.quantileError.itl)})`,
  ].map(style.dim);
}
