/** The router study as one self-contained page: goodput over load, the tables, the conclusion. */

import type { RouterStudy } from "../plan/index.ts";
import { lineChart } from "./charts/lines.ts";
import { escapeText } from "./charts/svg.ts";
import { htmlTable } from "./html-table.ts";
import { secondsText } from "./numbers.ts";
import { studyPage } from "./study-page.ts";
import {
  AGAINST_HEAD,
  againstRows,
  againstTitle,
  CELL_HEAD,
  cellRows,
  cellTitle,
  conclusion,
  RANKING_HEAD,
  rankingRows,
} from "./study-text.ts";

/** Policies drawn in a chart: the first of the ranking (assumption: six colours are told apart). */
const DRAWN = 6;

/** The page; `command` reproduces it. */
export function studyHtml(study: RouterStudy, name: string, command: string): string {
  const drawn = study.ranking.slice(0, DRAWN).map(({ policy }) => policy);
  const charts = study.plan.stalenessS.map((stalenessS) => {
    const cells = study.cells.filter((cell) => cell.stalenessS === stalenessS);
    const lines = drawn.map((policy) => ({
      name: policy,
      points: cells.map((cell) => {
        const { goodputPerS } = cell.rows.find((row) => row.policy === policy)!;
        return { x: cell.load, y: goodputPerS.mean, half: goodputPerS.half ?? 0 };
      }),
    }));
    const age = stalenessS === 0 ? "a fresh view" : `a view ${secondsText(stalenessS)} old`;
    return lineChart(`Goodput, requests/s, ${age}`, lines, "load, multiple of the scenario's");
  });
  const { against } = study.plan;
  const tables = study.cells.map((cell) => {
    const own = `<h2>${escapeText(cellTitle(cell))}</h2>${htmlTable(CELL_HEAD, cellRows(cell))}`;
    const rows = againstRows(cell);
    if (against === undefined || rows.length === 0) return own;
    return `${own}<h3>${escapeText(againstTitle(against))}</h3>${htmlTable(AGAINST_HEAD, rows)}`;
  });
  return studyPage({
    title: `Routers on ${name}`,
    findings: conclusion(study),
    charts,
    tables: [`<h2>Ranking</h2>${htmlTable(RANKING_HEAD, rankingRows(study))}`, ...tables],
    command,
  });
}
