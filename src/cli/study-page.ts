/** What the pages of all studies share: one self-contained document, findings first, the command last. */

import { escapeText } from "./charts/svg.ts";
import { PAGE_STYLE } from "./report-style.ts";

export type StudyPage = {
  readonly title: string;
  /** Paragraphs; the first is the answer. */
  readonly findings: readonly string[];
  readonly charts: readonly string[];
  /** HTML of the tables, with their headings. */
  readonly tables: readonly string[];
  /** Reproduces the study. */
  readonly command: string;
};

export function studyPage({ title, findings, charts, tables, command }: StudyPage): string {
  const [answer = "", ...rest] = findings;
  const words = rest.map((line) => `<p>${escapeText(line)}</p>`);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeText(title)}</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<style>${PAGE_STYLE}</style></head><body><main><h1>${escapeText(title)}</h1>` +
    `<p class="verdict fair">${escapeText(answer)}</p>${words.join("")}` +
    (charts.length > 0 ? `<div class="charts">${charts.join("")}</div>` : "") +
    tables.join("") +
    `<h2>How to reproduce</h2><pre>${escapeText(command)}</pre></main></body></html>\n`
  );
}
