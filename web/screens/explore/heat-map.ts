/** Two swept fields against each other: one cell a pair of values, coloured by a number. */

import { textOf } from "../../charts/axes.ts";
import { sequential } from "../../charts/palette.ts";
import type { Box, Chart, Drawn, Mark, Reading, Size } from "../../charts/scene.ts";
import type { SweepPoint } from "../../stores/sweep-store.ts";
import { valuesOf } from "./columns.ts";
import type { Metric } from "../compare/metrics.ts";
import { nameOf, plainName } from "./frontier.ts";
import type { FrontierOptions } from "./frontier.ts";

type Cell = {
  readonly column: number;
  readonly row: number;
  /** The best of the points here; null: none has the number. */
  readonly point: SweepPoint | null;
  readonly value: number | null;
  readonly problem: string | null;
};

export type HeatMapOptions = FrontierOptions & {
  /** Positions of the fields across and up. */
  readonly across: number;
  readonly up: number;
};

/** Whether `a` is the better of two values. */
function isBetter({ betterIs }: Metric, a: number, b: number): boolean {
  return betterIs === "more" ? a > b : a < b;
}

export function heatMapChart(options: HeatMapOptions): Chart {
  const { axes, across, up, y } = options;
  const cells = cellsOf(options);
  const found = cells.filter(({ value }) => value !== null);
  const best = found.reduce<Cell | undefined>(
    (one, cell) => (one === undefined || isBetter(y, cell.value!, one.value!) ? cell : one),
    undefined,
  );
  const rest = axes.filter((_, i) => i !== across && i !== up);
  const words = rest.length === 0 ? "" : ` Each cell is the best over ${rest.join(" and ")}.`;
  return {
    title: "Where in the grid is it good?",
    summary:
      best?.point === undefined || best.point === null
        ? "No point of the grid has this number yet."
        : `Best is ${nameOf(best.point)}: ${plainName(y)} ${textOf(best.value ?? NaN, y.unit)}.${words}`,
    table: {
      columns: [axes[across] ?? "", axes[up] ?? "", y.name, "point"],
      rows: cells.map(({ column, row, value, point, problem }) => [
        valuesOf(options.points, across)[column] ?? "",
        valuesOf(options.points, up)[row] ?? "",
        value,
        point === null ? (problem ?? "") : nameOf(point),
      ]),
    },
    draw: (size) => drawHeatMap(cells, options, size),
  };
}

function cellsOf({ points, across, up, y }: HeatMapOptions): readonly Cell[] {
  const columns = valuesOf(points, across);
  const rows = valuesOf(points, up);
  return columns.flatMap((left, column) =>
    rows.map((right, row): Cell => {
      const here = points.filter(({ values }) => values[across] === left && values[up] === right);
      let point: SweepPoint | null = null;
      let value: number | null = null;
      for (const one of here) {
        const own = one.report === null ? null : y.value(one.report);
        if (own === null || (value !== null && !isBetter(y, own, value))) continue;
        value = own;
        point = one;
      }
      const problem = here.find((one) => one.problem !== null)?.problem?.what ?? null;
      return { column, row, point, value, problem };
    }),
  );
}

const MARGIN = { left: 110, right: 14, top: 8, bottom: 38 } as const;
/** Narrower cells have no number in them, pixels. */
const TEXT_LEAST = 44;

/** The picture's grid: the values of both fields and the size of a cell. */
type Grid = {
  readonly plot: Box;
  readonly columns: readonly (string | number)[];
  readonly rows: readonly (string | number)[];
  readonly width: number;
  readonly height: number;
};

function gridOf({ points, across, up }: HeatMapOptions, size: Size): Grid {
  const columns = valuesOf(points, across);
  const rows = valuesOf(points, up);
  const plot = {
    left: Math.min(MARGIN.left, size.width * 0.3),
    top: MARGIN.top,
    right: size.width - MARGIN.right,
    bottom: size.height - MARGIN.bottom,
  };
  return {
    plot,
    columns,
    rows,
    width: (plot.right - plot.left) / Math.max(1, columns.length),
    height: (plot.bottom - plot.top) / Math.max(1, rows.length),
  };
}

function drawHeatMap(cells: readonly Cell[], options: HeatMapOptions, size: Size): Drawn {
  const grid = gridOf(options, size);
  const { plot, rows, width, height } = grid;
  const values = cells.flatMap(({ value }) => value ?? []);
  const span = [Math.min(...values), Math.max(...values)] as const;
  const marks: Mark[] = [];
  const readings: Reading[][] = rows.map(() => []);
  for (const cell of cells) {
    const left = plot.left + cell.column * width;
    const top = plot.bottom - (cell.row + 1) * height;
    const middle = { x: left + width / 2, y: top + height / 2 };
    const { value, point, problem } = cell;
    if (value === null || point === null) {
      marks.push({ kind: "text", ...middle, text: problem === null ? "·" : "✕", anchor: "middle" });
      continue;
    }
    const found = { value, point, isOut: isOutside(options, value) };
    marks.push(...cellMarks(found, { left, top, width, height }, span, options));
    readings[cell.row]?.push({
      ...middle,
      text: `${nameOf(point)}: ${plainName(options.y)} ${textOf(value, options.y.unit)}${found.isOut ? ", outside the goal" : ""}`,
      id: point.id,
    });
  }
  return {
    scene: { ...size, marks: [...marks, ...labelMarks(grid, options)] },
    plot,
    series: rows.map((value, row) => ({ name: String(value), readings: readings[row] ?? [] })),
  };
}

function isOutside({ limit, y }: HeatMapOptions, value: number): boolean {
  return limit !== null && value !== limit && !isBetter(y, value, limit);
}

type FoundCell = { readonly value: number; readonly point: SweepPoint; readonly isOut: boolean };
type CellBox = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

/** A coloured cell with its number where there is room. */
function cellMarks(
  { value, point, isOut }: FoundCell,
  { left, top, width, height }: CellBox,
  [low, high]: readonly [number, number],
  { y, pins }: HeatMapOptions,
): Mark[] {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  // Light is good, whichever way that is.
  const light = y.betterIs === "more" ? share : 1 - share;
  const isPinned = pins.includes(point.id);
  const box: Mark = {
    kind: "rect",
    x: left + 1,
    y: top + 1,
    width: width - 2,
    height: height - 2,
    fill: sequential(light),
    radius: 3,
    ...(isPinned ? { stroke: "accent" } : {}),
  };
  if (width < TEXT_LEAST || height < 14) return [box];
  const text: Mark = {
    kind: "text",
    x: left + width / 2,
    y: top + height / 2 + 4,
    text: `${isPinned ? "◉ " : ""}${isOut ? "✕ " : ""}${textOf(value, y.unit)}`,
    anchor: "middle",
    // Cividis passes the middle grey at about its half.
    ink: light > 0.5 ? "#10151c" : "#ffffff",
    bold: isPinned,
  };
  return [box, text];
}

function labelMarks({ plot, columns, rows, width, height }: Grid, options: HeatMapOptions): Mark[] {
  const { axes, across, up } = options;
  return [
    ...rows.map((value, row): Mark => ({
      kind: "text",
      x: plot.left - 8,
      y: plot.bottom - (row + 0.5) * height + 4,
      text: String(value),
      anchor: "end",
      ink: "ink",
    })),
    ...columns.map((value, column): Mark => ({
      kind: "text",
      x: plot.left + (column + 0.5) * width,
      y: plot.bottom + 15,
      text: String(value),
      anchor: "middle",
      ink: "ink",
    })),
    {
      kind: "text",
      x: (plot.left + plot.right) / 2,
      y: plot.bottom + 31,
      text: `${axes[across] ?? ""} across, ${axes[up] ?? ""} up`,
      anchor: "middle",
    },
  ];
}
