/** The tier study as one self-contained page: hits and goodput over size, the table, the conclusion. */

import type { Interval, TierRow, TierStudy } from "../plan/index.ts";
import { lineChart } from "./charts/lines.ts";
import { escapeText } from "./charts/svg.ts";
import { PAGE_STYLE } from "./report-style.ts";
import { TIER_STUDY_HEAD, tierStudyRows } from "./tier-study-text.ts";

const PERCENT = 100;

/** The page; `command` reproduces it. */
export function tierStudyHtml(study: TierStudy, name: string, command: string): string {
  const chart = (title: string, valueOf: (row: TierRow) => Interval): string =>
    lineChart(
      title,
      study.plan.onboard.map((onboard) => ({
        name: onboard,
        points: study.rows
          .filter((one) => one.size === 0 || one.onboard === onboard)
          .map((one) => {
            const { mean, half } = valueOf(one);
            return { x: one.size, y: mean, half: half ?? 0 };
          }),
      })),
      "size of the tiers, multiple of the scenario's; 0: none",
    );
  const charts = [
    chart("Prompt tokens found, %", ({ hitRate }) => ({ mean: hitRate * PERCENT, half: null })),
    chart("Goodput, requests/s", ({ goodputPerS }) => goodputPerS),
    chart("TTFT p99, ms", ({ ttftMsP99 }) => ttftMsP99),
  ];
  const cells = (tag: string, values: readonly string[]): string =>
    values.map((value) => `<${tag}>${escapeText(value)}</${tag}>`).join("");
  const rows = tierStudyRows(study).map((row) => `<tr>${cells("td", row)}</tr>`);
  const words = study.conclusion.map((line) => `<p>${escapeText(line)}</p>`);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeText(name)}: KV tiers` +
    `</title><style>${PAGE_STYLE}</style></head><body><main><h1>KV tiers on ${escapeText(name)}</h1>` +
    `${words.join("")}<div class="charts">${charts.join("")}</div>` +
    `<table><thead><tr>${cells("th", TIER_STUDY_HEAD)}</tr></thead><tbody>${rows.join("\n")}</tbody></table>` +
    `<h2>Again</h2><pre>${escapeText(command)}</pre></main></body></html>\n`
  );
}
