/** The tier study as text: a row for each run, a paragraph. */

import type { TierRow, TierStudy } from "../plan/index.ts";
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
  "over best",
  "busy",
  "fetch",
] as const;

function row(one: TierRow): string[] {
  const { goodputPerS, ttftMsP99, behindBest } = one;
  return [
    one.size === 0 ? "no tiers" : `× ${numberText(one.size)}`,
    one.size === 0 ? "" : one.onboard,
    percentText(one.hitRate),
    percentText(one.fetchedShare),
    goodputPerS.mean.toFixed(3) + halfText(goodputPerS.half, (half) => half.toFixed(3)),
    percentText(one.attainment),
    msText(one.ttftMsP50),
    msText(ttftMsP99.mean) + halfText(ttftMsP99.half, msText),
    one.size === 0
      ? ""
      : `${behindBest.mean > 0 ? "+" : ""}${percentText(behindBest.mean)}` +
        halfText(behindBest.half, percentText),
    percentText(one.busyShare),
    Number.isNaN(one.fetchMs) ? NO_DATA : msText(one.fetchMs),
  ];
}

/** Half of an interval; nothing where there is none, or no width. */
export function halfText(half: number | null, text: (half: number) => string): string {
  return half === null || half === 0 ? "" : ` ± ${text(half)}`;
}

export function tierStudyRows({ rows }: TierStudy): string[][] {
  return rows.map(row);
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
