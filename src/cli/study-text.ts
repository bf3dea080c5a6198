/** The router study as text: a table for each cell, the ranking, a paragraph. */

import type { Interval, RouterStudy, StudyCell } from "../plan/index.ts";
import { msText, NO_DATA, numberText, percentText, secondsText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

const RATE_DIGITS = 3;
const HEAD = ["policy", "goodput/s", "of best", "behind", "attained", "hits", "TTFT p50", "p99"];

/** The whole study. */
export function studyText(study: RouterStudy, style: Style): string {
  const { against } = study.plan;
  const parts = study.cells.flatMap((cell) => ["", ...cellLines(cell, against, style)]);
  return [...parts, "", ...rankingLines(study, style), "", ...conclusion(study), ""].join("\n");
}

/** What a cell is about. */
export function cellTitle({ load, stalenessS, replications }: StudyCell): string {
  const age = stalenessS === 0 ? "a fresh view" : `a view ${secondsText(stalenessS)} old`;
  return `load × ${numberText(load)}, ${age}, ${String(replications)} replications`;
}

/** Rows of a cell: policy, goodput with its interval, and what goes with it. */
export function cellRows(cell: StudyCell): string[][] {
  return cell.rows.map((row) => [
    row.policy,
    withHalf(row.goodputPerS),
    percentText(row.ofBest),
    row.ofBest === 1 ? "" : withHalf(row.behindBest),
    percentText(row.attainment),
    row.hitRate === null ? NO_DATA : shareText(row.hitRate),
    msText(row.ttftMsP50),
    timeText(row.ttftMsP99),
  ]);
}

export const CELL_HEAD = HEAD;

export const AGAINST_HEAD = ["policy", "goodput/s", "hits", "TTFT p99"];

/** What is compared, as a title of its table. */
export function againstTitle(against: string): string {
  return `less those of ${against} on the same traffic, 95 % intervals`;
}

/** Rows of a cell: each policy's paired differences to the one that all are compared with; none: there is no such one. */
export function againstRows(cell: StudyCell): string[][] {
  return cell.rows.flatMap(({ policy, against }) =>
    against === null
      ? []
      : [
          [
            policy,
            signed(against.goodputPerS, withHalf),
            against.hitRate === null ? NO_DATA : signed(against.hitRate, shareText),
            signed(against.ttftMsP99, timeText),
          ],
        ],
  );
}

function signed({ mean, half }: Interval, text: (interval: Interval) => string): string {
  const sign = mean > 0 ? "+" : mean < 0 ? "-" : "";
  return sign + text({ mean: Math.abs(mean), half });
}

function cellLines(cell: StudyCell, against: string | undefined, style: Style): string[] {
  const lines = [style.bold(cellTitle(cell)), ...table([HEAD, ...cellRows(cell)])];
  const rows = againstRows(cell);
  if (against === undefined || rows.length === 0) return lines;
  return [...lines, "", `  ${againstTitle(against)}`, ...table([AGAINST_HEAD, ...rows])];
}

function table(rows: readonly string[][]): string[] {
  const align = rows[0]!.map((_, i) => (i === 0 ? ("left" as const) : ("right" as const)));
  return textTable(rows, { align, indent: 2 });
}

export function rankingRows({ ranking }: RouterStudy): string[][] {
  return ranking.map((rank) => [
    rank.policy,
    percentText(rank.meanOfBest),
    percentText(rank.leastOfBest),
    String(rank.wins),
  ]);
}

export const RANKING_HEAD = ["policy", "mean of best", "least of best", "cells won"];

function rankingLines(study: RouterStudy, style: Style): string[] {
  return [style.bold("ranking by goodput"), ...table([RANKING_HEAD, ...rankingRows(study)])];
}

/** What the numbers say, in sentences. */
export function conclusion({ cells, ranking }: RouterStudy): string[] {
  const first = ranking[0];
  const second = ranking[1];
  if (first === undefined || cells.length === 0) return ["Nothing was run."];
  const lines = [
    `${first.policy} leads: ${percentText(first.meanOfBest)} of the best goodput on average, ` +
      `most in ${String(first.wins)} of ${String(cells.length)} cells, ` +
      `at worst ${percentText(first.leastOfBest)}.`,
  ];
  if (second !== undefined) {
    lines.push(`Next is ${second.policy} with ${percentText(second.meanOfBest)} on average.`);
  }
  for (const cell of cells) {
    const row = cell.rows.find(({ policy }) => policy === first.policy)!;
    const ahead = cell.rows[0]!;
    if (ahead.policy === first.policy) continue;
    const { half } = row.behindBest;
    const sure = half !== null && -row.behindBest.mean > half ? "" : ", within the noise";
    lines.push(
      `It loses to ${ahead.policy} by ${percentText(1 - row.ofBest)} at ${cellTitle(cell)}${sure}.`,
    );
  }
  return lines;
}

function withHalf({ mean, half }: Interval): string {
  const value = mean.toFixed(RATE_DIGITS);
  return half === null ? value : `${value} ± ${half.toFixed(RATE_DIGITS)}`;
}

function shareText({ mean, half }: Interval): string {
  return half === null ? percentText(mean) : `${percentText(mean)} ± ${percentText(half)}`;
}

function timeText({ mean, half }: Interval): string {
  return half === null ? msText(mean) : `${msText(mean)} ± ${msText(half)}`;
}
