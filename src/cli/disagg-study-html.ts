/** The disaggregation study as one self-contained page: the findings, goodput over network speed, the tables. */

import { disaggFindings } from "../plan/index.ts";
import type { DisaggStudyResult } from "../plan/index.ts";
import { logLineChart } from "./charts/log-lines.ts";
import { escapeText } from "./charts/svg.ts";
import { BEST_HEAD, bestRows, ratioTable } from "./disagg-study-text.ts";
import { PAGE_STYLE } from "./report-style.ts";

/** Splits drawn: the best over any network first (assumption: six colours are told apart). */
const DRAWN = 6;
const GBIT_PER_BYTE = 8 / 1e9;

/** The page; `command` reproduces it. */
export function disaggStudyHtml(result: DisaggStudyResult, name: string, command: string): string {
  const [answer = "", ...rest] = disaggFindings(result);
  const { head, rows } = ratioTable(result);
  const title = `Mixed or split: ${name}`;
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeText(title)}</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<style>${PAGE_STYLE}</style></head><body><main><h1>${escapeText(title)}</h1>` +
    `<p class="verdict fair">${escapeText(answer)}</p>` +
    `<div class="charts">${goodputChart(result)}${latencyChart(result)}</div>` +
    `<h2>Best split over each network</h2>${table(BEST_HEAD, bestRows(result))}` +
    `<h2>What limits</h2>${rest.map((line) => `<p>${escapeText(line)}</p>`).join("")}` +
    `<h2>Goodput/s of every split</h2>${table(head, rows)}` +
    `<h2>How to reproduce</h2><pre>${escapeText(command)}</pre></main></body></html>\n`
  );
}

/** Numbers of prefill workers, those with the most goodput anywhere first. */
function drawnSplits({ splits }: DisaggStudyResult): number[] {
  const most = new Map<number, number>();
  for (const { prefill, goodputPerS } of splits) {
    most.set(prefill, Math.max(most.get(prefill) ?? 0, goodputPerS));
  }
  const ranked = [...most].toSorted((a, b) => b[1] - a[1]).slice(0, DRAWN);
  return ranked.map(([prefill]) => prefill);
}

function goodputChart(result: DisaggStudyResult): string {
  const lines = drawnSplits(result).map((prefill) => ({
    name: `${String(prefill)} + ${String(result.workers - prefill)}`,
    points: result.splits
      .filter((sample) => sample.prefill === prefill)
      .map((sample) => ({ x: sample.bytesPerS! * GBIT_PER_BYTE, y: sample.goodputPerS }))
      .toSorted((a, b) => a.x - b.x),
  }));
  return logLineChart("Goodput, requests/s, by prefill + decode workers", lines, {
    axis: "network, Gb/s a GPU",
    level: { y: result.mixed.goodputPerS, name: "mixed" },
  });
}

function latencyChart({ best, mixed }: DisaggStudyResult): string {
  const points = best
    .map((sample) => ({ x: sample.bytesPerS! * GBIT_PER_BYTE, y: sample.ttftMsP50 ?? 0 }))
    .toSorted((a, b) => a.x - b.x);
  return logLineChart("TTFT p50 of the best split, ms", [{ name: "best split", points }], {
    axis: "network, Gb/s a GPU",
    level: { y: mixed.ttftMsP50 ?? 0, name: "mixed" },
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? `<th>${escapeText(cell)}</th>` : `<td>${escapeText(cell)}</td>`))
      .join("");
  const heads = head.map((cell) => `<th>${escapeText(cell)}</th>`).join("");
  const body = rows.map((cells) => `<tr>${row(cells)}</tr>`).join("\n");
  return `<table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table>`;
}
