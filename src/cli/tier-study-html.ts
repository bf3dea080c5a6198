/** The tier study as one self-contained page: hits and goodput over size, the table, the conclusion. */

import type { Interval, TierRow, TierRules, TierStudy } from "../plan/index.ts";
import { lineChart } from "./charts/lines.ts";
import { escapeText } from "./charts/svg.ts";
import { PAGE_STYLE } from "./report-style.ts";
import { tierRulesHead, tierRulesRows } from "./tier-rules-text.ts";
import { TIER_STUDY_HEAD, tierStudyRows } from "./tier-study-text.ts";

const PERCENT = 100;

/** The page of one study; `command` reproduces it. */
export function tierStudyHtml(study: TierStudy, name: string, command: string): string {
  return page(`KV tiers on ${name}`, sectionOf(study), command);
}

/** The page of several studies: the rules side by side, then each study. */
export function tierRulesHtml(rules: TierRules, command: string): string {
  const sections = rules.studies.map(
    ({ trace, scenario, study }) =>
      `<h2>${escapeText(`${trace}, ${scenario}`)}</h2>${sectionOf(study)}`,
  );
  const body = paragraphs(rules.conclusion) + table(tierRulesHead(rules), tierRulesRows(rules));
  return page("Fetch or compute again: onboard rules", body + sections.join(""), command);
}

function page(title: string, body: string, command: string): string {
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeText(title)}</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<style>${PAGE_STYLE}</style></head><body><main><h1>${escapeText(title)}</h1>${body}` +
    `<h2>How to reproduce</h2><pre>${escapeText(command)}</pre></main></body></html>\n`
  );
}

function sectionOf(study: TierStudy): string {
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
  return (
    `${paragraphs(study.conclusion)}<div class="charts">${charts.join("")}</div>` +
    table(TIER_STUDY_HEAD, tierStudyRows(study))
  );
}

function paragraphs(lines: readonly string[]): string {
  return lines.map((line) => `<p>${escapeText(line)}</p>`).join("");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, values: readonly string[]): string =>
    values.map((value) => `<${tag}>${escapeText(value)}</${tag}>`).join("");
  const lines = rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n");
  return `<table><thead><tr>${cells("th", head)}</tr></thead><tbody>${lines}</tbody></table>`;
}
