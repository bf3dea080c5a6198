/** Onboard rules over several tier studies as text: a row for each trace, scenario and size, a paragraph. */

import type { Interval, TierRules } from "../plan/index.ts";
import { msText, numberText, percentText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";
import { halfText } from "./tier-study-text.ts";

export function tierRulesHead({ rule, studies }: TierRules): string[] {
  const others = (studies[0]?.study.plan.onboard ?? []).filter((name) => name !== rule);
  return ["trace", "tiers", "size", "fetched", `${rule} p99 TTFT`, ...others, "behind the best"];
}

export function tierRulesRows({ rows }: TierRules): string[][] {
  return rows.map((row) => [
    row.trace,
    row.scenario,
    `× ${numberText(row.size)}`,
    percentText(row.fetchedShare),
    msText(row.ttftMsP99.mean) + halfText(row.ttftMsP99.half, msText),
    ...Object.values(row.more).map(signedText),
    signedText(row.behind),
  ]);
}

function signedText({ mean, half }: Interval): string {
  const sign = mean > 0 ? "+" : "";
  return `${sign}${percentText(mean)}${halfText(half, percentText)}`;
}

/** The whole comparison. */
export function tierRulesText(rules: TierRules, style: Style): string {
  const head = tierRulesHead(rules);
  const align = head.map((_, i) => (i < 3 ? ("left" as const) : ("right" as const)));
  const table = textTable([head.map(style.dim), ...tierRulesRows(rules)], { align, indent: 2 });
  return [...table, "", ...rules.conclusion, ""].join("\n");
}
