/** The KV tiers of a report as a part of its page. */

import type { Report } from "../sim/index.ts";
import { escapeText } from "./charts/svg.ts";
import { htmlTable } from "./html-table.ts";
import { TIER_HEAD, tierRows, tierSentences } from "./tiers-text.ts";

/** Heading, where tokens came from, hits and misses; empty without tiers. */
export function tierSection(report: Report): string {
  const rows = tierRows(report);
  if (rows.length === 0) return "";
  const words = tierSentences(report).map((line) => `<p>${escapeText(line)}.</p>`);
  return (
    `<h2>KV tiers</h2>${words.join("")}` +
    htmlTable(TIER_HEAD, rows) +
    `<p>Hits and misses are shares of all prompt tokens; a tier is asked for what no tier above it had.</p>`
  );
}
