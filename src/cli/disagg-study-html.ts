/** The disaggregation study as one self-contained page: the findings, goodput over network speed, the tables. */

import { disaggFindings } from "../plan/index.ts";
import type { DisaggStudyResult } from "../plan/index.ts";
import { logLineChart } from "./charts/log-lines.ts";
import { BEST_HEAD, bestRows, ratioTable } from "./disagg-study-text.ts";
import { htmlTable } from "./html-table.ts";
import { studyPage } from "./study-page.ts";

/** Splits drawn: the best over any network first (assumption: six colours are told apart). */
const DRAWN = 6;
const GBIT_PER_BYTE = 8 / 1e9;

/** The page; `command` reproduces it. */
export function disaggStudyHtml(result: DisaggStudyResult, name: string, command: string): string {
  const { head, rows } = ratioTable(result);
  return studyPage({
    title: `Mixed or split: ${name}`,
    findings: disaggFindings(result),
    charts: [goodputChart(result), latencyChart(result)],
    tables: [
      `<h2>Best split over each network</h2>${htmlTable(BEST_HEAD, bestRows(result))}`,
      `<h2>Goodput/s of every split</h2>${htmlTable(head, rows)}`,
    ],
    command,
  });
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
