/** What a sweep's points have in common: the swept fields and the main numbers, as columns that can be filtered. */

import { textOf } from "../../charts/axes.ts";
import type { SweepFilters, SweepPoint } from "../../stores/sweep-store.ts";
import { metricById } from "../compare/metrics.ts";
import type { Metric } from "../compare/metrics.ts";

export type Column = {
  readonly id: string;
  readonly name: string;
  /** The point's place on this column; null: it has none. */
  readonly valueOf: (point: SweepPoint) => number | null;
  readonly textOf: (value: number) => string;
  /** Unit that its numbers are typed in. */
  readonly unit: string;
  /** Names of the places 0, 1, 2 … of a column of words. */
  readonly words?: readonly string[];
};

/** Numbers beside the two that are charted. */
const ALSO = ["attainment", "ttftMs.p99", "itlMs.p99", "outputPerGpu", "gpus"] as const;

export type ColumnSource = {
  readonly points: readonly SweepPoint[];
  readonly axes: readonly string[];
  readonly x: Metric;
  readonly y: Metric;
};

/** Fields first, then the charted numbers, then others that any point has. */
export function columnsOf({ points, axes, x, y }: ColumnSource): readonly Column[] {
  const metrics = [...new Set([x.id, y.id, ...ALSO])].map(metricById);
  return [
    ...axes.map((path, axis) => fieldColumn(path, axis, points)),
    ...metrics
      .map(metricColumn)
      .filter((column) => points.some((point) => column.valueOf(point) !== null)),
  ];
}

function fieldColumn(path: string, axis: number, points: readonly SweepPoint[]): Column {
  const values = valuesOf(points, axis);
  const id = `field ${path}`;
  if (values.every((value) => typeof value === "number")) {
    const valueOf = ({ values: own }: SweepPoint): number | null => {
      const value = own[axis];
      return typeof value === "number" ? value : null;
    };
    return { id, name: path, unit: "", valueOf, textOf: (value) => textOf(value, "count") };
  }
  const words = values.map(String);
  return {
    id,
    name: path,
    unit: "",
    words,
    valueOf: ({ values: own }) => words.indexOf(String(own[axis])),
    textOf: (value) => words[Math.round(value)] ?? "",
  };
}

/** The distinct values of one swept field: numbers ascending, words in the order of the points. */
export function valuesOf(
  points: readonly SweepPoint[],
  axis: number,
): readonly (string | number)[] {
  const inOrder = points.toSorted((a, b) => a.id - b.id);
  const values = [...new Set(inOrder.map(({ values: own }) => own[axis] ?? ""))];
  return values.every((value) => typeof value === "number")
    ? values.toSorted((a, b) => a - b)
    : values;
}

function metricColumn({ id, name, unit, value }: Metric): Column {
  return {
    id,
    name,
    unit: unit === "ms" || unit === "s" ? unit : "",
    valueOf: ({ report }) => (report === null ? null : value(report)),
    textOf: (of) => textOf(of, unit),
  };
}

/** Whether the point lies within every filter; one without a value lies in none. */
export function passes(
  point: SweepPoint,
  columns: readonly Column[],
  filters: SweepFilters,
): boolean {
  return columns.every((column) => {
    const range = filters[column.id];
    if (range === undefined) return true;
    const value = column.valueOf(point);
    return value !== null && value >= range[0] && value <= range[1];
  });
}

/** Least and largest value of the points; a little apart where they are equal. */
export function spanOf(column: Column, points: readonly SweepPoint[]): readonly [number, number] {
  const values = points.flatMap((point) => column.valueOf(point) ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? [low, high] : [low - 0.5, low + 0.5];
}
