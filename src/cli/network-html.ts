/** The network of a report as a part of its page: every link with a bar as long as it was full. */

import type { LinkSummary, Report } from "../sim/index.ts";
import { escapeText } from "./charts/svg.ts";
import { linkRow, transfersText } from "./network-text.ts";

const HEADINGS = ["link", "GB/s", "used", "busy", "at once", "GB"];
const BAR_WIDTH = 160;
const BAR_HEIGHT = 10;

/** Heading, transfers and the links; empty without a fabric or transfers. */
export function networkSection({ network }: Report): string {
  if (network === null || network.transfers.started === 0) return "";
  const { links, linksUsed } = network;
  const rest = linksUsed - links.length;
  const more = rest > 0 ? `<p>${String(rest)} links carried less.</p>` : "";
  const headings = [...HEADINGS, ""].map((text) => `<th>${text}</th>`).join("");
  return (
    `<h2>Network</h2><p>${escapeText(transfersText(network))}.</p>` +
    `<table><thead><tr>${headings}</tr></thead><tbody>${links.map(row).join("")}</tbody></table>${more}`
  );
}

function row(link: LinkSummary): string {
  const [name = "", ...cells] = linkRow(link);
  const values = cells.map((text) => `<td>${escapeText(text)}</td>`).join("");
  return `<tr><th>${escapeText(name)}</th>${values}<td>${bar(link)}</td></tr>`;
}

/** The busy share behind, the utilization before it. */
function bar({ name, utilization, busyShare }: LinkSummary): string {
  const rect = (share: number, opacity: number): string =>
    `<rect width="${String(Math.round(BAR_WIDTH * Math.min(1, share)))}" height="${String(BAR_HEIGHT)}" ` +
    `fill="var(--c1)" opacity="${String(opacity)}"/>`;
  return (
    `<svg width="${String(BAR_WIDTH)}" height="${String(BAR_HEIGHT)}" role="img" ` +
    `aria-label="${escapeText(name)}">${rect(busyShare, 0.3)}${rect(utilization, 1)}</svg>`
  );
}
