/** How full the links were, the fullest first. */

import { countText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { drawBars } from "../../charts/bars.ts";
import type { Chart } from "../../charts/scene.ts";
import type { Report } from "../../workers/protocol.ts";

type Network = NonNullable<Report["network"]>;

const GB = 1e9;
/** Bars of a figure; the table has all that the report names (assumption: what a reader looks through). */
export const LINKS_DRAWN = 12;

export function linksChart({ links, linksUsed, linksAll, transfers }: Network): Chart {
  const drawn = links.slice(0, LINKS_DRAWN);
  const most = Math.max(0.01, ...drawn.map(({ busyShare }) => busyShare));
  return {
    title: "Which links are full?",
    summary: linksSummary(links, transfers, linksUsed, linksAll),
    table: {
      columns: ["link", "kind", "GB/s", "GB moved", "use", "share of time busy", "most transfers"],
      rows: links.map((link) => [
        link.name,
        link.kind,
        link.bytesPerS / GB,
        link.bytes / GB,
        link.utilization,
        link.busyShare,
        link.transfersPeak,
      ]),
    },
    draw: (size) =>
      drawBars(
        {
          groups: drawn.map(({ name }) => name),
          parts: [
            {
              name: "carrying bytes",
              role: "transfer",
              values: drawn.map((one) => one.utilization),
            },
            {
              name: "busy, but held back elsewhere",
              role: "idle",
              values: drawn.map((one) => Math.max(0, one.busyShare - one.utilization)),
            },
          ],
          x: { name: "share of the run", unit: "share", scale: "linear", domain: [0, most] },
        },
        size,
      ),
  };
}

function linksSummary(
  [fullest]: Network["links"],
  transfers: Network["transfers"],
  used: number,
  all: number,
): string {
  if (fullest === undefined) return "Nothing was transferred.";
  const slower =
    transfers.slowdown === null
      ? ""
      : ` Sharing made transfers ${percentText(transfers.slowdown - 1)} slower.`;
  return `${countText(used)} of ${countText(all)} links carried ${textOf(transfers.bytes / GB, "count")} GB in ${countText(transfers.finished)} transfers; the fullest, ${fullest.name}, ${percentText(fullest.utilization)} of what it could.${slower}`;
}
