/** The hand-offs of a report as lines for the terminal. */

import type { LatencySummary, Report } from "../sim/index.ts";
import { countText, msText, numberText, percentText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

const BYTES_PER_GB = 1e9;

/** What moving prompts from prefill to decode workers took; nothing where none were moved. */
export function disaggLines({ disagg, simS }: Report, style: Style): string[] {
  if (disagg === null) return [];
  const { handoffs, fallbacks, timeouts, bytes, reusedShare } = disagg;
  const gb = bytes / BYTES_PER_GB;
  const rate = simS > 0 ? ` (${numberText(gb / simS)} GB/s)` : "";
  const reused = reusedShare === null ? "" : `, ${percentText(reusedShare)} of blocks cached there`;
  const lost = timeouts === 0 ? "" : style.warn(`, ${countText(timeouts)} took too long`);
  const again = fallbacks === 0 ? "" : style.warn(`, ${countText(fallbacks)} computed again`);
  const head = `${countText(handoffs)} prompts handed over (${disagg.handover}), ${numberText(gb)} GB${rate}${reused}`;
  const rows: [string, LatencySummary][] = [
    ["wait for memory", disagg.reserveMs],
    ["transfer", disagg.transferMs],
    ["held by prefill", disagg.heldMs],
  ];
  const cells = rows.map(([name, { mean, p50, p99, max }]) => [
    name,
    ...[mean, p50, p99, max].map(msText),
  ]);
  return [
    `  ${head}${lost}${again}`,
    ...textTable([["ms", "mean", "p50", "p99", "max"].map(style.dim), ...cells], {
      align: ["left", "right", "right", "right", "right"],
      indent: 2,
    }),
  ];
}
