/** Workers on a fixed grid: the same scenario always gives the same picture. */

import { countText, percentText } from "../../../src/core/index.ts";
import { GLYPHS, sequential } from "../../charts/palette.ts";
import type { Role } from "../../charts/palette.ts";
import type { Chart, Drawn, Mark, Reading, Size } from "../../charts/scene.ts";
import type { Report } from "../../workers/protocol.ts";

type WorkerSummary = Report["workers"][number];

export const FILLS = {
  busy: {
    label: "time with a step in progress",
    value: (worker: WorkerSummary, report: Report) =>
      report.simS > 0 ? worker.busyS / report.simS : 0,
    text: percentText,
    top: () => 1,
  },
  kv: {
    label: "peak of KV blocks in use",
    value: (worker: WorkerSummary, report: Report) =>
      worker.kvBlocksPeak /
      Math.max(
        1,
        poolsOf(report)[worker.worker]?.engine.kvBlocksPerWorker ?? report.kv.blocksPerWorker,
      ),
    text: percentText,
    top: () => 1,
  },
  completed: {
    label: "requests completed",
    value: (worker: WorkerSummary) => worker.completed,
    text: countText,
    top: (report: Report) => Math.max(1, ...report.workers.map(({ completed }) => completed)),
  },
  preemptions: {
    label: "preemptions",
    value: (worker: WorkerSummary) => worker.preemptions,
    text: countText,
    top: (report: Report) => Math.max(1, ...report.workers.map(({ preemptions }) => preemptions)),
  },
} as const;
export type FillName = keyof typeof FILLS;

/** Tiles drawn singly; more workers are drawn in groups with their mean (assumption: what a screen shows). */
const TILES_MOST = 512;
/** Pools that each begin a row; more would waste the screen (assumption). */
const POOL_ROWS_MOST = 4;
const ROLE_OF: Readonly<Record<string, Role>> = { prefill: "prefill", decode: "decode" };

type Tile = {
  readonly name: string;
  readonly pool: string;
  readonly role: Role;
  readonly share: number;
  readonly text: string;
  readonly gpus: number;
};

/** Tiles of single workers, or of groups where there are too many. */
function tilesOf(report: Report, { value, text, top }: (typeof FILLS)[FillName]): Tile[] {
  const most = top(report);
  const pools = poolsOf(report);
  const group = Math.max(1, Math.ceil(report.workers.length / TILES_MOST));
  const tiles: Tile[] = [];
  for (let first = 0; first < report.workers.length; first += group) {
    const part = report.workers.slice(first, first + group);
    const mean = part.reduce((sum, worker) => sum + value(worker, report), 0) / part.length;
    tiles.push({
      name:
        group === 1
          ? `worker ${String(first)}`
          : `workers ${String(first)}–${String(first + part.length - 1)}`,
      pool: pools[first]?.name ?? "",
      role: ROLE_OF[pools[first]?.role ?? ""] ?? "transfer",
      share: most > 0 ? mean / most : 0,
      text: text(mean),
      gpus: pools[first]?.engine.gpusPerWorker ?? 1,
    });
  }
  return tiles;
}

export function topologyChart(report: Report, fill: FillName): Chart {
  const { label, value, text } = FILLS[fill];
  const tiles = tilesOf(report, FILLS[fill]);
  const values = report.workers.map((worker) => value(worker, report));
  return {
    title: "Who does the work?",
    summary: `${label}: from ${text(Math.min(...values))} to ${text(Math.max(...values))} over ${countText(report.workers.length)} workers in ${countText(report.pools.length)} ${report.pools.length === 1 ? "pool" : "pools"}.`,
    table: {
      columns: ["worker", "completed", "busy s", "KV blocks peak", "preemptions"],
      rows: report.workers.map((one) => [
        one.worker,
        one.completed,
        one.busyS,
        one.kvBlocksPeak,
        one.preemptions,
      ]),
    },
    draw: (size) => drawTiles(tiles, size),
  };
}

/** The pool of each worker: they are numbered pool by pool. */
function poolsOf(report: Report): readonly Report["pools"][number][] {
  return report.pools.flatMap((pool) => Array.from({ length: pool.workers }, () => pool));
}

type Grid = {
  readonly columns: number;
  readonly rows: number;
  /** Of each tile. */
  readonly at: readonly { readonly column: number; readonly row: number }[];
};

/** Tiles in rows; while pools are few, each begins a row of its own. */
function gridOf(tiles: readonly Tile[]): Grid {
  const columns = Math.max(
    1,
    Math.min(tiles.length, Math.max(4, Math.ceil(Math.sqrt(tiles.length * 3)))),
  );
  const breaks = new Set(tiles.map(({ pool }) => pool)).size <= POOL_ROWS_MOST;
  const at: { column: number; row: number }[] = [];
  let column = 0;
  let row = 0;
  tiles.forEach(({ pool }, i) => {
    const begins = breaks && i > 0 && tiles[i - 1]?.pool !== pool;
    if (column === columns || (begins && column > 0)) {
      column = 0;
      row++;
    }
    at.push({ column, row });
    column++;
  });
  return { columns, rows: row + 1, at };
}

/** Rows that the chart needs, for its height. */
export function rowsOf(report: Report): number {
  return gridOf(tilesOf(report, FILLS.busy)).rows;
}

function drawTiles(tiles: readonly Tile[], size: Size): Drawn {
  const { columns, rows, at } = gridOf(tiles);
  const plot = { left: 4, top: 4, right: size.width - 4, bottom: size.height - 4 };
  const width = Math.min(190, (plot.right - plot.left) / columns);
  const height = Math.min(90, (plot.bottom - plot.top) / rows);
  const marks: Mark[] = [];
  const readings: Reading[] = [];
  tiles.forEach((tile, i) => {
    const x = plot.left + (at[i]?.column ?? 0) * width;
    const y = plot.top + (at[i]?.row ?? 0) * height;
    const inner = { width: width - 6, height: height - 6 };
    marks.push({ kind: "rect", x, y, ...inner, radius: 6, fill: "paper", stroke: tile.role });
    drawGpus(tile, { x, y, ...inner }, marks);
    const glyph = GLYPHS[tile.role];
    if (width > 70 && height > 40) {
      marks.push(
        {
          kind: "text",
          x: x + 7,
          y: y + 16,
          text: `${glyph} ${tile.name}`,
          ink: "ink",
          bold: true,
        },
        { kind: "text", x: x + 7, y: y + 31, text: tile.text },
      );
    }
    readings.push({
      x: x + inner.width / 2,
      y: y + inner.height / 2,
      text: `${glyph} ${tile.name}: ${tile.text}`,
    });
  });
  return { scene: { ...size, marks }, plot, series: [{ name: "workers", readings }] };
}

/** The worker's GPUs at the foot of its tile, each filled to the share. */
function drawGpus(
  { share, gpus }: Tile,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  marks: Mark[],
): void {
  const isSmall = box.height < 40;
  const top = isSmall ? box.y + 3 : box.y + 38;
  const height = Math.max(2, box.y + box.height - 5 - top);
  const width = (box.width - 12) / gpus;
  for (let gpu = 0; gpu < gpus; gpu++) {
    const x = box.x + 6 + gpu * width;
    const filled = Math.min(1, share) * (width - 3);
    marks.push({ kind: "rect", x, y: top, width: width - 3, height, radius: 2, fill: "grid" });
    if (filled > 0.3) {
      marks.push({
        kind: "rect",
        x,
        y: top,
        width: filled,
        height,
        radius: 2,
        fill: sequential(0.25 + share * 0.5),
      });
    }
  }
}
