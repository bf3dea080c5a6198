/** The disaggregation study as lines for the terminal, and the cells that its page shows too. */

import { disaggFindings, gainText, speedText, splitText } from "../plan/index.ts";
import type { DisaggSample, DisaggStudyResult } from "../plan/index.ts";
import { numberText, percentText } from "./numbers.ts";
import { wrapped } from "./report-text.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

export const BEST_HEAD = [
  "network",
  "a GPU",
  "split",
  "goodput/s",
  "vs mixed",
  "in SLO",
  "TTFT p50",
  "p99 ms",
  "TPOT p50",
  "p99 ms",
  "hand-off ms",
  "limit",
];

/** Mixed workers, then the best split over each network. */
export function bestRows({ mixed, best }: DisaggStudyResult): string[][] {
  return [mixed, ...best].map((sample) => [
    sample.network ?? "mixed",
    sample.bytesPerS === null ? "" : speedText(sample.bytesPerS),
    sample.network === null ? "" : splitText(sample),
    numberText(sample.goodputPerS),
    sample.network === null ? "" : gainText(sample, mixed),
    percentText(sample.attainment),
    numberText(sample.ttftMsP50),
    numberText(sample.ttftMsP99),
    numberText(sample.tpotMsP50),
    numberText(sample.tpotMsP99),
    sample.transferMsMean === null ? "" : numberText(sample.transferMsMean),
    sample.limit,
  ]);
}

/** Goodput of every split over every network. */
export function ratioTable(result: DisaggStudyResult): { head: string[]; rows: string[][] } {
  const grid = result.splits.filter(({ isSearch }) => !isSearch);
  const names = result.best.map(({ network }) => network);
  const prefills = [...new Set(grid.map(({ prefill }) => prefill))].toSorted((a, b) => a - b);
  const cell = (prefill: number, name: string | null): DisaggSample | undefined =>
    grid.find((sample) => sample.prefill === prefill && sample.network === name);
  return {
    head: ["prefill + decode", ...names.map((name) => name ?? "")],
    rows: prefills.map((prefill) => [
      `${String(prefill)} + ${String(result.workers - prefill)}`,
      ...names.map((name) => numberText(cell(prefill, name)?.goodputPerS ?? null)),
    ]),
  };
}

/** The findings, the best splits, all ratios. */
export function disaggStudyText(result: DisaggStudyResult, style: Style, columns: number): string {
  const [answer = "", ...rest] = disaggFindings(result);
  const { head, rows } = ratioTable(result);
  const right = (cells: readonly string[], left: readonly number[]) =>
    cells.map((_, i) => (left.includes(i) ? ("left" as const) : ("right" as const)));
  const sections = [
    wrapped(answer, columns).map(style.bold),
    textTable([BEST_HEAD.map(style.dim), ...bestRows(result)], {
      align: right(BEST_HEAD, [0, BEST_HEAD.length - 1]),
      indent: 2,
    }),
    [
      `Goodput/s of every split of ${String(result.workers)} workers:`,
      ...textTable([head.map(style.dim), ...rows], { align: right(head, [0]), indent: 2 }),
    ],
    rest.flatMap((line) => wrapped(line, columns)),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}
