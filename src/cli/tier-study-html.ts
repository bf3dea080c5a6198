/** The tier study as one self-contained page: hits and goodput over size, the table, the conclusion. */

import type { Interval, TierRow, TierRules, TierStudy } from "../plan/index.ts";
import { lineChart } from "./charts/lines.ts";
import { escapeText } from "./charts/svg.ts";
import { htmlTable } from "./html-table.ts";
import { studyPage } from "./study-page.ts";
import { tierRulesHead, tierRulesRows } from "./tier-rules-text.ts";
import { TIER_STUDY_HEAD, tierStudyRows } from "./tier-study-text.ts";

const PERCENT = 100;

/** The page of one study; `command` reproduces it. */
export function tierStudyHtml(study: TierStudy, name: string, command: string): string {
  return studyPage({
    title: `KV tiers on ${name}`,
    findings: study.conclusion,
    charts: chartsOf(study),
    tables: [tableOf(study)],
    command,
  });
}

/** The page of several studies: the rules side by side, then each study. */
export function tierRulesHtml(rules: TierRules, command: string): string {
  const sections = rules.studies.map(
    ({ trace, scenario, study }) =>
      `<h2>${escapeText(`${trace}, ${scenario}`)}</h2>` +
      study.conclusion.map((line) => `<p>${escapeText(line)}</p>`).join("") +
      `<div class="charts">${chartsOf(study).join("")}</div>${tableOf(study)}`,
  );
  return studyPage({
    title: "Fetch or compute again: onboard rules",
    findings: rules.conclusion,
    charts: [],
    tables: [htmlTable(tierRulesHead(rules), tierRulesRows(rules)), ...sections],
    command,
  });
}

function tableOf(study: TierStudy): string {
  return htmlTable(TIER_STUDY_HEAD, tierStudyRows(study));
}

function chartsOf(study: TierStudy): string[] {
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
  return [
    chart("Prompt tokens found, %", ({ hitRate }) => ({ mean: hitRate * PERCENT, half: null })),
    chart("Goodput, requests/s", ({ goodputPerS }) => goodputPerS),
    chart("TTFT p99, ms", ({ ttftMsP99 }) => ttftMsP99),
  ];
}
