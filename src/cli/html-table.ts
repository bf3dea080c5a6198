/** Tables of the pages. */

import { escapeText } from "./charts/svg.ts";

/** A table of plain text, whose first `headings` columns are words that name the row, the others values. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  headings = 1,
): string {
  const cell = (tag: string, text: string): string => `<${tag}>${escapeText(text)}</${tag}>`;
  const heads = head.map((text) => cell("th", text)).join("");
  const body = rows.map(
    (cells) =>
      `<tr>${cells.map((text, i) => cell(i < headings ? "th" : "td", text)).join("")}</tr>`,
  );
  return `<table><thead><tr>${heads}</tr></thead><tbody>${body.join("\n")}</tbody></table>`;
}
