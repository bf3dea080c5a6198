/** Classes, tenants, pools, hand-offs and faults of a report as parts of its page: the terminal's tables, and the faults over time. */

import { groupTables } from "../plan/index.ts";
import type { FaultSummary, Report } from "../sim/index.ts";
import { faultWindows } from "./charts/fault-windows.ts";
import { escapeText } from "./charts/svg.ts";
import { htmlTable } from "./html-table.ts";
import { disaggRows, disaggSentence, DISAGG_HEAD } from "./disagg-text.ts";
import { FAULT_HEAD, faultRow, faultSentence } from "./fault-text.ts";
import { countText } from "./numbers.ts";
import { POOL_HEAD, poolRow } from "./pool-text.ts";

/** Faults that get a row of their own in the chart, and in the table. */
const DRAWN = 12;
const LISTED = 50;

/** Every part that the run has; empty for workers of one kind that nothing could break. */
export function clusterSections(report: Report): string {
  return groupSections(report) + poolSection(report) + disaggSection(report) + faultSection(report);
}

function groupSections(report: Report): string {
  return groupTables(report)
    .map(({ title, head, rows }) => `<h2>${title}</h2>${htmlTable(head, rows)}`)
    .join("");
}

function poolSection({ pools }: Report): string {
  if (pools.length < 2) return "";
  return `<h2>Pools</h2>${htmlTable(POOL_HEAD, pools.map(poolRow))}`;
}

function disaggSection({ disagg, simS }: Report): string {
  if (disagg === null) return "";
  const words = escapeText(disaggSentence(disagg, simS));
  return `<h2>Prefill to decode</h2><p>${words}.</p>${htmlTable(DISAGG_HEAD, disaggRows(disagg))}`;
}

function faultSection({ faults, simS }: Report): string {
  if (faults === null) return "";
  const { events, more } = faults;
  const head = `<h2>Faults</h2><p>${escapeText(faultSentence(faults))}.</p>`;
  if (events.length === 0) return head;
  const endS = events.reduce((last, { atS }) => Math.max(last, atS), simS);
  const drawn = events.slice(0, DRAWN).map(windowOf);
  const chart = faultWindows("From fault to goodput at 95 % again", drawn, endS);
  const rest = events.length + more - Math.min(LISTED, events.length);
  return (
    `${head}<div class="charts">${chart}</div>` +
    htmlTable(FAULT_HEAD, events.slice(0, LISTED).map(faultRow)) +
    (rest > 0 ? `<p>And ${countText(rest)} more.</p>` : "")
  );
}

function windowOf({ kind, workers, link, atS, recoveryS, goodputBeforePerS }: FaultSummary) {
  const who = workers.length === 1 ? ` ${String(workers[0])}` : ` × ${countText(workers.length)}`;
  const name = link ?? `${kind.replaceAll("_", " ")}${workers.length === 0 ? "" : who}`;
  const isKnown = goodputBeforePerS !== null;
  return {
    name,
    fromS: atS,
    toS: !isKnown ? atS : recoveryS === null ? Infinity : atS + recoveryS,
  };
}
