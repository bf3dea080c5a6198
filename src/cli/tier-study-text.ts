/** The tier study as text: a row for each run, a paragraph. */

import type { TierSample, TierStudy } from "../plan/index.ts";
import { msText, NO_DATA, numberText, percentText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

export const TIER_STUDY_HEAD = [
  "size",
  "onboard",
  "hits",
  "fetched",
  "goodput/s",
  "attained",
  "TTFT p50",
  "p99",
  "busy",
  "fetch",
] as const;

function row(one: TierSample): string[] {
  return [
    one.size === 0 ? "no tiers" : `× ${numberText(one.size)}`,
    one.size === 0 ? "" : one.onboard,
    percentText(one.hitRate),
    percentText(one.fetchedShare),
    one.goodputPerS.toFixed(3),
    percentText(one.attainment),
    msText(one.ttftMsP50),
    msText(one.ttftMsP99),
    percentText(one.busyShare),
    Number.isNaN(one.fetchMs) ? NO_DATA : msText(one.fetchMs),
  ];
}

export function tierStudyRows({ samples }: TierStudy): string[][] {
  return samples.map(row);
}

/** The whole study. */
export function tierStudyText(study: TierStudy, style: Style): string {
  const align = TIER_STUDY_HEAD.map((_, i) => (i < 2 ? ("left" as const) : ("right" as const)));
  const table = textTable([TIER_STUDY_HEAD.map(style.dim), ...tierStudyRows(study)], {
    align,
    indent: 2,
  });
  return [...table, "", ...study.conclusion, ""].join("\n");
}
