/** A run as one self-contained page: no request leaves it, light and dark by the reader's setting. */

import { runTitle, verdictOf } from "../sim/index.ts";
import type { BandedReport } from "../plan/index.ts";
import type { LatencySummary, Report, SimulationResult } from "../sim/index.ts";
import { escapeText } from "./charts/svg.ts";
import { clusterSections } from "./cluster-html.ts";
import { networkSection } from "./network-html.ts";
import { tierSection } from "./tiers-html.ts";
import { countText, numberText, percentText, secondsText } from "./numbers.ts";
import { reportCharts } from "./report-charts.ts";
import { PAGE_STYLE } from "./report-style.ts";

/** The page; `command` is the line that made it. */
export function reportHtml(result: SimulationResult, command: string): string {
  const report: BandedReport = result.report;
  const verdict = verdictOf(report);
  const title = runTitle(report);
  const charts = reportCharts(result).map(
    (group) =>
      `<h2>${escapeText(group.title)}</h2>\n<div class="charts">${group.charts.join("")}</div>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headworks: ${escapeText(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>${escapeText(title)}</h1>
<p class="verdict ${verdict.mood}">${escapeText(verdict.text)}</p>
${cards(report)}
${charts.join("\n")}
<h2>Latency in ms</h2>
${latencyTable(report)}
${bandTable(report)}
${clusterSections(report)}${tierSection(report)}${networkSection(report)}
${warningList(report)}
${engineTable(report)}
<h2>Every number</h2>
<div class="columns">${numberTables(report)}</div>
<h2>How to reproduce</h2>
<p>Version ${escapeText(report.versions.headworks)}, seed ${String(report.seed)}. The same scenario, trace and
version give digest <code>${escapeText(report.digest)}</code> on every machine.</p>
<pre>${escapeText(command)}</pre>
<h2>Scenario</h2>
<pre>${escapeText(JSON.stringify(report.scenario, null, 2))}</pre>
</main>
</body>
</html>
`;
}

function cards(report: Report): string {
  const { latency, requests, slo, kv, batch } = report;
  const facts: [name: string, value: string, detail: string][] = [
    [
      "requests",
      countText(requests.completed),
      `of ${countText(requests.offered)} in ${secondsText(report.simS)}`,
    ],
    [
      "TTFT p99",
      `${numberText(latency.ttftMs.p99)} ms`,
      `p50 ${numberText(latency.ttftMs.p50)} ms`,
    ],
    [
      "TPOT p99",
      `${numberText(latency.tpotMs.p99)} ms`,
      `p50 ${numberText(latency.tpotMs.p50)} ms`,
    ],
    [
      "output",
      `${numberText(report.throughput.outputTokensPerS)}/s`,
      `tokens, ${numberText(report.throughput.outputTokensPerSPerGpu)} per GPU`,
    ],
    ["prefix hits", percentText(kv.hitRate), `KV use peaks at ${percentText(kv.usagePeak)}`],
    ["busy", percentText(batch.busyShare), `${numberText(batch.meanSize)} requests a step`],
    [
      "SLO",
      percentText(slo.attainment),
      slo.attainment === null ? "none set" : `goodput ${numberText(slo.goodputPerS)}/s`,
    ],
    ["GPU-hours", numberText(report.gpuHours), dollars(report)],
    ...energyCard(report),
  ];
  const items = facts.map(
    ([name, value, detail]) =>
      `<div class="card"><span>${escapeText(name)}</span><b>${escapeText(value)}</b>` +
      `<small>${escapeText(detail)}</small></div>`,
  );
  return `<div class="cards">${items.join("")}</div>`;
}

function energyCard({ energy }: Report): [string, string, string][] {
  if (energy === null) return [];
  const perToken = `${numberText(energy.joulesPerOutputToken)} J per output token`;
  return [["energy", `${numberText(energy.facilityKwh)} kWh`, perToken]];
}

function dollars(report: Report): string {
  return report.cost === null ? "no price set" : `$${numberText(report.cost.totalUsd)}`;
}

const QUANTILES = [
  ["mean", "mean"],
  ["p50", "p50"],
  ["p90", "p90"],
  ["p95", "p95"],
  ["p99", "p99"],
  ["p99.9", "p999"],
  ["max", "max"],
] as const;

function latencyTable(report: Report): string {
  const { ttftMs, serverTtftMs, tpotMs, itlMs, e2eMs, queueMs } = report.latency;
  const isBare = report.engine.clientPathMs === 0;
  const row = (name: string, one: LatencySummary): string =>
    `<tr><th>${name}</th>${QUANTILES.map(([, key]) => `<td>${numberText(one[key])}</td>`).join("")}</tr>`;
  return (
    `<table><thead><tr><th></th>${QUANTILES.map(([name]) => `<th>${name}</th>`).join("")}</tr></thead>` +
    `<tbody>${row("TTFT", ttftMs)}${isBare ? "" : row("server TTFT", serverTtftMs)}${row("TPOT", tpotMs)}${row("ITL", itlMs)}` +
    `${row("end to end", e2eMs)}${row("queue", queueMs)}</tbody></table>`
  );
}

/** Confidence bands, where draws were asked for. */
function bandTable({ uncertainty }: BandedReport): string {
  if (uncertainty === undefined) return "";
  const { samples, failed, level, bands, spreads } = uncertainty;
  const rows = bands.map(
    ({ metric, value, low, median, high }) =>
      `<tr><th>${escapeText(metric)}</th>${[value, low, median, high]
        .map((one) => `<td>${numberText(one)}</td>`)
        .join("")}</tr>`,
  );
  const stated = spreads.filter(({ from }) => from === "assumption").length;
  return `<h2>How sure these numbers are</h2>
<p>${percentText(level)} of ${countText(samples)} draws of the ${countText(spreads.length)} uncertain parameters
(${countText(stated)} of them by a stated spread, the others by the residuals of their fit) lie between low and high${
    failed === 0 ? "" : `; ${countText(failed)} more draws were impossible`
  }.</p>
<table><thead><tr><th></th><th>this run</th><th>low</th><th>median</th><th>high</th></tr></thead>
<tbody>${rows.join("")}</tbody></table>`;
}

function warningList(report: Report): string {
  const { warnings } = report;
  if (warnings.length === 0) return "";
  const items = warnings.map((one) => `<li>${escapeText(one)}</li>`).join("");
  return `<h2>Warnings</h2><ul class="warnings">${items}</ul>`;
}

/** What defaults, cards and memory made of the engine; empty without a model and a GPU. */
function engineTable({ engine }: Report): string {
  if (engine.model === null || engine.gpu === null) return "";
  const { parallelism, gpuMemory: _memory, speculation, price, ...facts } = engine;
  const rows = Object.entries({
    ...facts,
    ...parallelism,
    ...speculation,
    usdPerGpuHour: price?.usdPerGpuHour ?? null,
    priceTier: price?.tier ?? null,
    priceDate: price?.date ?? null,
  }).flatMap(([key, value]) =>
    value === null || (Array.isArray(value) && value.length === 0)
      ? []
      : [`<tr><th>${escapeText(key)}</th><td>${escapeText(String(value))}</td></tr>`],
  );
  return `<h2>Engine</h2><table><tbody>${rows.join("")}</tbody></table>`;
}

const SECTIONS = ["requests", "throughput", "tokens", "kv", "batch", "slo"] as const;

function numberTables(report: Report): string {
  const tables = SECTIONS.map((name) => numberTable(name, report[name]));
  if (report.energy !== null) tables.push(numberTable("energy", report.energy));
  if (report.cost !== null) tables.push(numberTable("cost", report.cost));
  if (report.costByTier.length > 0) tables.push(tierCosts(report));
  const { gpuHours, simS, wallS, events } = report;
  tables.push(numberTable("run", { gpuHours, simS, wallS, events }));
  tables.push(
    numberTable(
      "rejections",
      Object.fromEntries(report.rejections.map((one) => [one.reason, one.count])),
    ),
  );
  return tables.join("");
}

/** What the same run costs elsewhere. */
function tierCosts({ costByTier }: Report): string {
  const rows = costByTier.map(
    ({ tier, date, totalUsd, usdPerMillionOutputTokens, usdPerMillionTokens }) =>
      `<tr><th>${tier}</th><td>${date}</td><td>${numberText(totalUsd)}</td>` +
      `<td>${numberText(usdPerMillionOutputTokens)}</td><td>${numberText(usdPerMillionTokens)}</td></tr>`,
  );
  return `<table><caption>cost by kind of provider</caption>
<thead><tr><th></th><th>prices of</th><th>$</th><th>$ per M output</th><th>$ per M tokens</th></tr></thead>
<tbody>${rows.join("")}</tbody></table>`;
}

function numberTable(name: string, section: object): string {
  const rows = Object.entries(section).flatMap(([key, value]) =>
    typeof value === "number" || value === null
      ? [`<tr><th>${escapeText(key)}</th><td>${numberText(value)}</td></tr>`]
      : [],
  );
  if (rows.length === 0) return "";
  return `<table><caption>${name}</caption><tbody>${rows.join("")}</tbody></table>`;
}
