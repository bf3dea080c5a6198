/** The network of a report as lines for the terminal. */

import type { LinkSummary, NetworkSummary, Report } from "../sim/index.ts";
import { countText, numberText, percentText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

const HEADINGS = ["link", "GB/s", "used", "busy", "at once", "GB"];
/** Links shown; `--json` has more. */
const ROWS = 6;
const BYTES_PER_GB = 1e9;

/** Transfers in a line, then the fullest links; nothing without a fabric or transfers. */
export function networkLines({ network }: Report, style: Style): string[] {
  if (network === null || network.transfers.started === 0) return [];
  return [
    transfersText(network),
    ...textTable([HEADINGS.map(style.dim), ...network.links.slice(0, ROWS).map(linkRow)], {
      align: ["left", ...HEADINGS.slice(1).map(() => "right" as const)],
      indent: 2,
    }),
  ];
}

/** "12 transfers of 3.4 GB: waited 0 ms, set-up 0.4 ms, moved 12 ms (1.3 × alone)". */
export function transfersText({ transfers, linksUsed }: NetworkSummary): string {
  const { finished, bytes, waitMsMean, setupMsMean, movingMsMean, slowdown, cancelled } = transfers;
  const mean = finished === 0 ? 0 : bytes / finished / BYTES_PER_GB;
  const alone = slowdown === null ? "" : ` (${numberText(slowdown)} × alone)`;
  const lost = cancelled === 0 ? "" : `, ${countText(cancelled)} cancelled`;
  return (
    `${countText(finished)} transfers of ${numberText(mean)} GB over ${countText(linksUsed)} links` +
    `: waited ${numberText(waitMsMean)} ms, set-up ${numberText(setupMsMean)} ms, ` +
    `moved ${numberText(movingMsMean)} ms${alone}${lost}`
  );
}

/** Name with its members, rate, utilization, busy share, transfers at once, volume. */
export function linkRow(link: LinkSummary): string[] {
  return [
    link.name,
    numberText(link.bytesPerS / BYTES_PER_GB),
    percentText(link.utilization),
    percentText(link.busyShare),
    countText(link.transfersPeak),
    numberText(link.bytes / BYTES_PER_GB),
  ];
}
