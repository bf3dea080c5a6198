/** Workers and links on a fixed grid: the same scenario always gives the same picture. */

import { countText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { GLYPHS, sequential } from "../../charts/palette.ts";
import type { Chart, Drawn, Mark, Reading, Size } from "../../charts/scene.ts";
import { FILLS } from "./cluster-state.ts";
import type { ClusterState, LinkState, WorkerState } from "./cluster-state.ts";

/** Tiles drawn singly; more workers are drawn in groups with their mean (assumption: what a screen shows). */
const TILES_MOST = 512;
/** Nodes drawn with their links; of more, workers alone (assumption). */
const NODES_MOST = 48;
const GAP = 10;
const TILE = { width: 118, height: 74, least: 52 } as const;
const NODE_LEAST = 250;
const TITLE = 22;
const LINK = 17;
const GB = 1e9;

type Box = {
  readonly title: string;
  readonly tiles: readonly WorkerState[];
  readonly links: readonly LinkState[];
};

/** One box a node, or one a pool where nothing is placed; links of no node in a box of their own. */
function boxesOf({ workers, links }: ClusterState): readonly Box[] {
  const byNode = new Map<number, WorkerState[]>();
  for (const one of workers) byNode.set(one.node, [...(byNode.get(one.node) ?? []), one]);
  const isPlaced = !byNode.has(-1) && byNode.size <= NODES_MOST;
  const shared = links.filter(({ node }) => !isPlaced || node < 0);
  const network: Box[] =
    shared.length === 0 ? [] : [{ title: "network", tiles: [], links: fullestByName(shared) }];
  if (!isPlaced) return [...poolBoxes(workers), ...network];
  const boxes = [...byNode].toSorted(([a], [b]) => a - b);
  return [
    ...boxes.map(([node, tiles]) => ({
      title: `node ${String(node)}`,
      tiles,
      links: links.filter((link) => link.node === node),
    })),
    ...network,
  ];
}

function poolBoxes(workers: readonly WorkerState[]): readonly Box[] {
  const group = Math.max(1, Math.ceil(workers.length / TILES_MOST));
  const pools = new Map<string, WorkerState[]>();
  for (const one of workers) pools.set(one.pool, [...(pools.get(one.pool) ?? []), one]);
  return [...pools].map(([name, own]) => ({
    title: pools.size > 1 || name !== "" ? name : "workers",
    tiles: group === 1 ? own : grouped(own, group),
    links: [],
  }));
}

/** Tiles that stand for several workers: their means. */
function grouped(workers: readonly WorkerState[], group: number): readonly WorkerState[] {
  const tiles: WorkerState[] = [];
  for (let first = 0; first < workers.length; first += group) {
    const part = workers.slice(first, first + group);
    const share = part.reduce((sum, one) => sum + one.share, 0) / part.length;
    tiles.push({ ...part[0]!, share, text: `${percentText(share)} of ${String(part.length)}` });
  }
  return tiles;
}

/** Links of many nodes as one by name. */
function fullestByName(links: readonly LinkState[]): readonly LinkState[] {
  const found = new Map<string, LinkState>();
  for (const one of links) {
    const known = found.get(one.name);
    const sum = { ...one, links: one.links + (known?.links ?? 0) };
    found.set(one.name, { ...sum, share: Math.max(one.share, known?.share ?? 0) });
  }
  return [...found.values()];
}

export function topologyChart(state: ClusterState, when: string): Chart {
  const { label, text } = FILLS[state.fill];
  const boxes = boxesOf(state);
  const values = state.workers.map(({ value }) => value);
  const away = state.workers.filter(({ outage }) => outage !== "").length;
  const range = `${text(Math.min(...values))} to ${text(Math.max(...values))}`;
  return {
    title: "Who does the work?",
    summary:
      `${when}: ${label}, from ${range} over ${countText(values.length)} workers.` +
      (away === 0 ? "" : ` ${countText(away)} not as they should be.`),
    table: {
      columns: ["part", "of", "value", "state"],
      rows: [
        ...state.workers.map((one) => [
          `worker ${String(one.worker)}`,
          one.node < 0 ? one.pool : `node ${String(one.node)}`,
          one.text,
          one.outage,
        ]),
        ...state.links.map((one) => [
          `${one.name}${one.links > 1 ? ` (fullest of ${String(one.links)})` : ""}`,
          one.node < 0 ? "network" : `node ${String(one.node)}`,
          percentText(one.share),
          "",
        ]),
      ],
    },
    draw: (size) => drawBoxes(boxes, size),
  };
}

type Place = {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Tiles side by side, and the height of each. */
  readonly columns: number;
  readonly tile: number;
};

/** Where each box lies in a picture of this width. */
function placesOf(boxes: readonly Box[], width: number): readonly Place[] {
  const nodes = boxes.filter(fits).length;
  const most = Math.max(1, Math.min(nodes, Math.floor((width + GAP) / (NODE_LEAST + GAP))));
  const places: Place[] = [];
  let y = 2;
  for (let first = 0; first < boxes.length;) {
    const isWide = (boxes[first]?.tiles.length ?? 0) > 8 || boxes[first]?.tiles.length === 0;
    const across = isWide ? 1 : most;
    let count = 1;
    while (count < across && fits(boxes[first + count])) count++;
    const boxWidth = (width - 2 - GAP * (across - 1)) / across;
    const row = boxes.slice(first, first + count).map((box, i) => {
      const columns = Math.max(
        1,
        Math.min(box.tiles.length, Math.floor((boxWidth - GAP) / TILE.width)),
      );
      const tile = box.tiles.length > 64 ? TILE.least : TILE.height;
      const lines = linkColumns(box, boxWidth);
      const height =
        TITLE +
        Math.ceil(box.tiles.length / columns) * tile +
        Math.ceil(box.links.length / lines) * LINK +
        8;
      return { box, x: 1 + i * (boxWidth + GAP), y, width: boxWidth, height, columns, tile };
    });
    places.push(...row);
    y += Math.max(...row.map(({ height }) => height)) + GAP;
    first += count;
  }
  return places;

  function fits(box: Box | undefined): boolean {
    return box !== undefined && box.tiles.length > 0 && box.tiles.length <= 8;
  }
}

function linkColumns({ tiles }: Box, width: number): number {
  return tiles.length === 0 ? Math.max(1, Math.floor(width / NODE_LEAST)) : 1;
}

/** Height of the picture at a width. */
export function topologyHeight(state: ClusterState, width: number): number {
  const places = placesOf(boxesOf(state), width);
  return Math.max(60, ...places.map(({ y, height }) => y + height + 4));
}

function drawBoxes(boxes: readonly Box[], size: Size): Drawn {
  const marks: Mark[] = [];
  const workers: Reading[] = [];
  const links: Reading[] = [];
  for (const place of placesOf(boxes, size.width)) {
    const { box, x, y, width, height } = place;
    marks.push(
      { kind: "rect", x, y, width, height, radius: 8, fill: "paper", stroke: "grid" },
      { kind: "text", x: x + 9, y: y + 15, text: box.title, ink: "faint", bold: true },
    );
    drawTiles(place, marks, workers);
    drawLinks(place, marks, links);
  }
  const plot = { left: 0, top: 0, right: size.width, bottom: size.height };
  const series = [
    { name: "workers", readings: workers },
    { name: "links", readings: links },
  ];
  return { scene: { ...size, marks }, plot, series };
}

function drawTiles(
  { box, x, y, width, columns, tile }: Place,
  marks: Mark[],
  readings: Reading[],
): void {
  const across = Math.min(190, (width - GAP) / columns);
  box.tiles.forEach((one, i) => {
    const left = x + GAP / 2 + (i % columns) * across;
    const top = y + TITLE + Math.floor(i / columns) * tile;
    const inner = { width: across - 6, height: tile - 6 };
    const glyph = GLYPHS[one.role];
    const stroke = one.outage === "" ? one.role : "bad";
    marks.push(
      { kind: "rect", x: left, y: top, ...inner, radius: 6, fill: "panel", stroke },
      {
        kind: "text",
        x: left + 7,
        y: top + 15,
        text: `${glyph} worker ${String(one.worker)}`,
        ink: "ink",
        bold: true,
      },
      {
        kind: "text",
        x: left + 7,
        y: top + 30,
        text: one.outage === "" ? one.text : `✕ ${one.outage}`,
        ink: one.outage === "" ? "faint" : "bad",
      },
    );
    drawGpus(one, { x: left, y: top, ...inner }, marks);
    readings.push({
      x: left + inner.width / 2,
      y: top + inner.height / 2,
      text: `${glyph} worker ${String(one.worker)}: ${one.text}${one.outage === "" ? "" : `, ${one.outage}`}`,
    });
  });
}

/** The worker's GPUs at the foot of its tile, each filled to the share. */
function drawGpus(
  { share, gpus }: WorkerState,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  marks: Mark[],
): void {
  const top = box.y + 36;
  const height = Math.max(4, box.y + box.height - 6 - top);
  const width = (box.width - 12) / gpus;
  for (let gpu = 0; gpu < gpus; gpu++) {
    const x = box.x + 6 + gpu * width;
    const gap = Math.min(3, width / 4);
    const filled = Math.min(1, share) * (width - gap);
    const bar = { kind: "rect", x, y: top, height, radius: 2 } as const;
    marks.push({ ...bar, width: width - gap, fill: "grid" });
    if (filled > 0.3) {
      marks.push({ ...bar, width: filled, fill: sequential(0.25 + Math.min(1, share) * 0.5) });
    }
  }
}

/** A line a link: as thick as it is fast, filled as far as it is used. */
function drawLinks({ box, x, y, width, columns, tile }: Place, marks: Mark[], readings: Reading[]) {
  const top = y + TITLE + Math.ceil(box.tiles.length / columns) * tile + 4;
  const lines = linkColumns(box, width);
  const across = (width - GAP) / lines;
  box.links.forEach(({ name, links, share, bytesPerS }, i) => {
    const left = x + GAP / 2 + (i % lines) * across;
    const middle = top + Math.floor(i / lines) * LINK + LINK / 2;
    const barLeft = left + 116;
    const barWidth = Math.max(20, across - 116 - 50);
    const thick = thicknessOf(bytesPerS);
    const bar = { kind: "rect", x: barLeft, y: middle - thick / 2, height: thick } as const;
    marks.push(
      {
        kind: "text",
        x: left + 4,
        y: middle + 4,
        text: `${name}${links > 1 ? ` ×${String(links)}` : ""}`,
      },
      { ...bar, width: barWidth, fill: "grid" },
    );
    const filled = Math.min(1, share) * barWidth;
    if (filled > 0.3) {
      marks.push({ ...bar, width: filled, fill: sequential(0.25 + Math.min(1, share) * 0.5) });
    }
    marks.push({
      kind: "text",
      x: barLeft + barWidth + 5,
      y: middle + 4,
      text: percentText(share),
      ink: "ink",
    });
    readings.push({
      x: barLeft + barWidth / 2,
      y: middle,
      text: `${box.title}, ${name}${links > 1 ? `, the fullest of ${String(links)}` : ""}: ${percentText(share)} of ${textOf(bytesPerS / GB, "count")} GB/s`,
    });
  });
}

/** Pixels: 2 below 10 GB/s, 4 below 100, 6 below 1 TB/s, 8 above. */
function thicknessOf(bytesPerS: number): number {
  const decade = Math.floor(Math.log10(Math.max(1, bytesPerS / GB)));
  return 2 + 2 * Math.min(3, decade);
}
