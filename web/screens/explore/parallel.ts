/** Parallel coordinates: every point of a sweep as a line across its fields and numbers. */

import { scaleLinear } from "d3-scale";
import type { Scale } from "../../charts/axes.ts";
import type { Chart, Drawn, Mark, Reading, Size } from "../../charts/scene.ts";
import type { SweepFilters, SweepPoint } from "../../stores/sweep-store.ts";
import { columnsOf, passes, spanOf } from "./columns.ts";
import type { Column } from "./columns.ts";
import { nameOf } from "./frontier.ts";
import type { FrontierOptions } from "./frontier.ts";

/** One vertical axis of the picture. */
export type ParallelAxis = {
  readonly column: Column;
  readonly x: number;
  readonly scale: Scale;
};

const MARGIN = { top: 34, bottom: 20 } as const;
/** Least distance of two axes, pixels: their names stand over them. */
const STEP_LEAST = 84;

function sideOf(width: number): number {
  return width < 500 ? 34 : 62;
}

/** Where the axes stand in a picture of this size: the first of them, where not all have room. */
export function axesOf(
  columns: readonly Column[],
  points: readonly SweepPoint[],
  { width, height }: Size,
): readonly ParallelAxis[] {
  const side = sideOf(width);
  const room = Math.max(2, Math.floor((width - 2 * side) / STEP_LEAST) + 1);
  const shown = columns.slice(0, room);
  const step = (width - 2 * side) / Math.max(1, shown.length - 1);
  return shown.map((column, i) => ({
    column,
    x: side + i * step,
    scale: scaleLinear(spanOf(column, points), [height - MARGIN.bottom, MARGIN.top]),
  }));
}

export function parallelChart(options: FrontierOptions, filters: SweepFilters): Chart {
  const done = options.points.filter(({ report }) => report !== null);
  const columns = columnsOf(options);
  const kept = done.filter((point) => passes(point, columns, filters));
  return {
    title: "What do the good ones have in common?",
    summary:
      kept.length === done.length
        ? "Each line is a point. Drag along an axis to keep those within: the frontier, the map and the table follow."
        : `${String(kept.length)} of ${String(done.length)} points lie within the filters.`,
    table: {
      columns: columns.map(({ name }) => name),
      rows: kept.map((point) =>
        columns.map((column) => {
          const value = column.valueOf(point);
          return value === null || column.words === undefined ? value : column.textOf(value);
        }),
      ),
    },
    draw: (size) => drawParallel({ options, columns, done, filters }, size),
  };
}

type Parallel = {
  readonly options: FrontierOptions;
  readonly columns: readonly Column[];
  readonly done: readonly SweepPoint[];
  readonly filters: SweepFilters;
};

function drawParallel({ options, columns, done, filters }: Parallel, size: Size): Drawn {
  const plot = {
    left: sideOf(size.width),
    right: size.width - sideOf(size.width),
    top: MARGIN.top,
    bottom: size.height - MARGIN.bottom,
  };
  if (done.length === 0) return { scene: { ...size, marks: [] }, plot, series: [] };
  const axes = axesOf(columns, done, size);
  // What is left out lies behind what is kept.
  const isKept = (point: SweepPoint): boolean => passes(point, columns, filters);
  const order = done.toSorted((a, b) => Number(isKept(a)) - Number(isKept(b)));
  const marks = order.map((point): Mark => {
    const isPinned = options.pins.includes(point.id);
    return {
      kind: "path",
      d: pathOf(point, axes),
      stroke: isKept(point)
        ? (options.roles.get(String(point.values.at(-1) ?? "")) ?? "idle")
        : "grid",
      width: isPinned ? 3.2 : 1.4,
      opacity: isKept(point) ? 0.85 : 0.7,
    };
  });
  return {
    scene: { ...size, marks: [...marks, ...axes.flatMap((axis) => axisMarks(axis, plot))] },
    plot,
    series: axes.map((axis) => ({
      name: axis.column.name,
      readings: done.filter(isKept).flatMap((point) => readingOf(point, axis)),
    })),
  };
}

function pathOf(point: SweepPoint, axes: readonly ParallelAxis[]): string {
  let isOpen = false;
  return axes
    .map(({ column, x, scale }) => {
      const value = column.valueOf(point);
      if (value === null) {
        isOpen = false;
        return "";
      }
      const to = `${isOpen ? "L" : "M"}${x.toFixed(1)},${scale(value).toFixed(1)}`;
      isOpen = true;
      return to;
    })
    .join("");
}

function readingOf(point: SweepPoint, { column, x, scale }: ParallelAxis): Reading[] {
  const value = column.valueOf(point);
  if (value === null) return [];
  const text = `${nameOf(point)}: ${column.name} ${column.textOf(value)}`;
  return [{ x, y: scale(value), text, id: point.id }];
}

/** Most letters of an axis's name over its line. */
const LETTERS_MOST = 15;

function axisMarks(
  { column, x, scale }: ParallelAxis,
  plot: { readonly top: number; readonly bottom: number; readonly right: number },
): Mark[] {
  const [low = 0, high = 1] = scale.domain();
  const ticks = column.words?.map((_, i) => i) ?? [low, high];
  // The last part of a path, a number's name without its unit.
  const name = (column.name.split(".").at(-1) ?? "").split(",")[0] ?? "";
  const short = name.length > LETTERS_MOST ? `${name.slice(0, LETTERS_MOST - 1)}…` : name;
  const isLast = x >= plot.right - 1;
  const line = `M${x.toFixed(1)},${String(plot.top)}V${String(plot.bottom)}`;
  return [
    { kind: "path", d: line, stroke: "faint", width: 1 },
    { kind: "text", x, y: 14, text: short, anchor: "middle", ink: "ink", bold: true },
    ...ticks
      .filter((value) => value >= low && value <= high)
      .map((value): Mark => {
        const y = scale(value);
        const isEnd = column.words === undefined;
        return {
          kind: "text",
          x: isEnd ? x : isLast ? x - 5 : x + 5,
          y: !isEnd ? y + 4 : value === low ? plot.bottom + 14 : plot.top - 5,
          text: column.textOf(value),
          anchor: isEnd ? "middle" : isLast ? "end" : "start",
          halo: true,
        };
      }),
  ];
}
