/** Flows between named stages, widths in proportion to tokens. */

import { sankey, sankeyJustify, sankeyLinkHorizontal } from "d3-sankey";
import { percentText } from "../../../src/core/index.ts";
import { shortNumber } from "../../charts/axes.ts";
import type { Role } from "../../charts/palette.ts";
import type { Drawn, Mark, Reading, Size } from "../../charts/scene.ts";

export type Flow = {
  readonly from: string;
  readonly to: string;
  readonly value: number;
  readonly role: Role;
};

type FlowNode = { readonly name: string; readonly role: Role };
type FlowLink = {
  readonly source: number;
  readonly target: number;
  readonly value: number;
  readonly role: Role;
};

export function drawFlows(flows: readonly Flow[], total: number, size: Size): Drawn {
  const drawn = flows.filter(({ value }) => value > 0);
  const names = [...new Set(drawn.flatMap(({ from, to }) => [from, to]))];
  const plot = { left: 10, top: 12, right: size.width - 10, bottom: size.height - 12 };
  if (names.length === 0) return { scene: { ...size, marks: [] }, plot, series: [] };
  const layout = sankey<FlowNode, FlowLink>()
    .nodeWidth(10)
    .nodePadding(16)
    .nodeAlign(sankeyJustify)
    // The order of the flows is the order of the words; nothing is gained by another.
    .nodeSort(null)
    .extent([
      [plot.left, plot.top],
      [Math.max(plot.left + 100, plot.right - Math.min(310, size.width * 0.45)), plot.bottom],
    ]);
  const graph = layout({
    nodes: names.map((name) => ({
      name,
      role: drawn.find(({ to }) => to === name)?.role ?? "idle",
    })),
    links: drawn.map(({ from, to, value, role }) => ({
      source: names.indexOf(from),
      target: names.indexOf(to),
      value,
      role,
    })),
  });
  const path = sankeyLinkHorizontal<FlowNode, FlowLink>();
  const marks: Mark[] = graph.links.map((link) => ({
    kind: "path",
    d: path(link) ?? "",
    stroke: link.role,
    width: Math.max(1, link.width ?? 1),
    opacity: 0.45,
  }));
  const readings: Reading[] = [];
  for (const { name, role, value = 0, x0 = 0, x1 = 0, y0 = 0, y1 = 0 } of graph.nodes) {
    const share = total > 0 ? percentText(value / total) : "";
    const words = `${name}: ${shortNumber(value)} (${share})`;
    marks.push({
      kind: "rect",
      x: x0,
      y: y0,
      width: x1 - x0,
      height: Math.max(1, y1 - y0),
      fill: role,
    });
    marks.push({
      kind: "text",
      x: x1 + 6,
      y: (y0 + y1) / 2 + 4,
      text: words,
      ink: "ink",
      halo: true,
      size: 12,
    });
    readings.push({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, text: words });
  }
  return { scene: { ...size, marks }, plot, series: [{ name: "tokens", readings }] };
}
