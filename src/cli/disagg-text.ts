/** The hand-offs of a report as lines for the terminal. */

import type { ConditionalSummary, DisaggSummary, LatencySummary, Report } from "../sim/index.ts";
import { countText, msText, numberText, percentText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

const BYTES_PER_GB = 1e9;

export const DISAGG_HEAD = ["ms", "mean", "p50", "p99", "max"];

/** What moving prompts from prefill to decode workers took; nothing where none were moved. */
export function disaggLines({ disagg, simS }: Report, style: Style): string[] {
  if (disagg === null) return [];
  const isWhole = disagg.timeouts + disagg.fallbacks === 0;
  const head = disaggSentence(disagg, simS);
  const { conditional } = disagg;
  const stays = conditional === null ? [] : [`  ${bypassText(conditional)}`];
  return [
    `  ${isWhole ? head : style.warn(head)}`,
    ...stays,
    ...textTable([DISAGG_HEAD.map(style.dim), ...disaggRows(disagg)], {
      align: ["left", "right", "right", "right", "right"],
      indent: 2,
    }),
  ];
}

/** All hand-offs in one line. */
export function disaggSentence(disagg: DisaggSummary, simS: number): string {
  const { handoffs, fallbacks, timeouts, bytes, reusedShare } = disagg;
  const gb = bytes / BYTES_PER_GB;
  const rate = simS > 0 ? ` (${numberText(gb / simS)} GB/s)` : "";
  const reused = reusedShare === null ? "" : `, ${percentText(reusedShare)} of blocks cached there`;
  const lost = timeouts === 0 ? "" : `, ${countText(timeouts)} took too long`;
  const again = fallbacks === 0 ? "" : `, ${countText(fallbacks)} computed again`;
  return `${countText(handoffs)} prompts handed over (${disagg.handover}), ${numberText(gb)} GB${rate}${reused}${lost}${again}`;
}

/** Cells under `DISAGG_HEAD`. */
export function disaggRows(disagg: DisaggSummary): string[][] {
  const rows: [string, LatencySummary][] = [
    ["wait for memory", disagg.reserveMs],
    ["transfer", disagg.transferMs],
    ["held by prefill", disagg.heldMs],
  ];
  return rows.map(([name, { mean, p50, p99, max }]) => [
    name,
    ...[mean, p50, p99, max].map(msText),
  ]);
}

/** What conditional disaggregation kept at the decode workers. */
function bypassText(conditional: ConditionalSummary): string {
  const { policy, bypassedShort, bypassedPrefillBusy, vetoed } = conditional;
  return (
    `${countText(bypassedShort + bypassedPrefillBusy)} prompts stayed at decode workers (${policy}): ` +
    `${countText(bypassedShort)} with little to compute, ${countText(bypassedPrefillBusy)} for busy prefill workers; ` +
    `${countText(vetoed)} vetoed`
  );
}
