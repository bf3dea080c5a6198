/** The points of a sweep on two metrics, which of them nothing beats, and the picture. */

import { axisX, axisY, plotOf, scaleOf, textOf } from "../../charts/axes.ts";
import type { Axis } from "../../charts/axes.ts";
import { GLYPHS, ROLES } from "../../charts/palette.ts";
import type { Role } from "../../charts/palette.ts";
import type { Box, Chart, Drawn, Mark, Reading, Size } from "../../charts/scene.ts";
import type { SweepPoint } from "../../stores/sweep-store.ts";
import type { Metric } from "../compare/metrics.ts";
import { valuesOf } from "./columns.ts";

export type PlottedPoint = {
  readonly point: SweepPoint;
  readonly x: number;
  readonly y: number;
  readonly isBest: boolean;
  readonly isFeasible: boolean;
};

export type FrontierOptions = {
  readonly points: readonly SweepPoint[];
  readonly roles: ReadonlyMap<string, Role>;
  readonly axes: readonly string[];
  readonly x: Metric;
  readonly y: Metric;
  readonly limit: number | null;
  readonly pins: readonly number[];
};

/** Whether `a` is at least as good as `b` in a metric. */
function atLeast(metric: Metric, a: number, b: number): boolean {
  return metric.betterIs === "more" ? a >= b : a <= b;
}

/** Points that have both values; the best are those that no other beats in one without losing in the other. */
export function plotted({ points, x, y, limit }: FrontierOptions): readonly PlottedPoint[] {
  const all = points.flatMap((point) => {
    if (point.report === null) return [];
    const values = { x: x.value(point.report), y: y.value(point.report) };
    return values.x === null || values.y === null ? [] : [{ point, x: values.x, y: values.y }];
  });
  return all.map((own) => ({
    ...own,
    isFeasible: limit === null || atLeast(y, own.y, limit),
    isBest: !all.some(
      (other) =>
        other !== own &&
        atLeast(x, other.x, own.x) &&
        atLeast(y, other.y, own.y) &&
        (other.x !== own.x || other.y !== own.y),
    ),
  }));
}

export function frontierChart(options: FrontierOptions): Chart {
  const { axes, x, y, limit, points } = options;
  const shown = plotted(options);
  const best = shown.filter(({ isBest }) => isBest);
  const feasible = shown.filter(({ isFeasible }) => isFeasible);
  const cheapest = feasible.toSorted((a, b) => (atLeast(x, a.x, b.x) ? -1 : 1))[0];
  return {
    title: x.id === "cost" ? "What does more money buy?" : "Which points does nothing beat?",
    summary:
      shown.length === 0
        ? "Nothing has been run yet."
        : `${String(best.length)} of ${String(shown.length)} points are on the frontier.` +
          (limit === null || cheapest === undefined
            ? ""
            : ` Within the goal of ${textOf(limit, y.unit)}, the best is ${nameOf(cheapest.point)}: ${plainName(x)} ${textOf(cheapest.x, x.unit)}.`),
    table: {
      columns: [...axes, x.name, y.name, "on the frontier", "within the goal"],
      rows: points.map((point) => {
        const found = shown.find((one) => one.point === point);
        return [
          ...point.values,
          found?.x ?? null,
          found?.y ?? null,
          found === undefined ? (point.problem?.what ?? "") : found.isBest ? "yes" : "",
          found?.isFeasible === true ? "yes" : "",
        ];
      }),
    },
    draw: (size) => drawFrontier(shown, options, size),
  };
}

export function nameOf({ values }: SweepPoint): string {
  return values.map(String).join(", ");
}

/** Points of one value of the last field share a colour and a sign, whichever of them are shown. */
export function rolesOf(points: readonly SweepPoint[]): ReadonlyMap<string, Role> {
  const last = (points[0]?.values.length ?? 0) - 1;
  const names = valuesOf(points, last).map(String);
  return new Map(names.map((name, i) => [name, ROLES[i % ROLES.length] ?? "idle"]));
}

/** A metric's name without its unit. */
export function plainName({ name }: Metric): string {
  return name.split(",")[0] ?? name;
}

function axisOf(metric: Metric, values: readonly number[], limit: number | null): Axis {
  const all = limit === null ? values : [...values, limit];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const isWide = low > 0 && high / low > 30;
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  return {
    name: `${metric.name}${metric.betterIs === "more" ? " (more is better)" : " (less is better)"}`,
    unit: metric.unit,
    scale: isWide ? "log" : "linear",
    domain: isWide
      ? [low / 1.2, high * 1.2]
      : [Math.max(low >= 0 ? 0 : low, low - pad), high + pad],
  };
}

function drawFrontier(shown: readonly PlottedPoint[], options: FrontierOptions, size: Size): Drawn {
  const plot = plotOf(size);
  if (shown.length === 0) return { scene: { ...size, marks: [] }, plot, series: [] };
  const x = axisOf(
    options.x,
    shown.map((one) => one.x),
    null,
  );
  const y = axisOf(
    options.y,
    shown.map((one) => one.y),
    options.limit,
  );
  const xScale = scaleOf(x, [plot.left, plot.right]);
  const yScale = scaleOf(y, [plot.bottom, plot.top]);
  const marks: Mark[] = [...axisY(y, yScale, plot), ...axisX(x, xScale, plot)];
  if (options.limit !== null) marks.push(outsideMark(yScale(options.limit), options.y, plot));
  if (plot.right - plot.left > ROOM_FOR_NAME) {
    const middle = (plot.left + plot.right) / 2;
    marks.push({ kind: "text", x: middle, y: plot.top + 11, text: y.name, anchor: "middle" });
  }
  const best = shown.filter(({ isBest }) => isBest).toSorted((a, b) => a.x - b.x);
  const steps = best
    .map(
      (one, i) =>
        `${i === 0 ? "M" : `H${String(xScale(one.x))}V`}${i === 0 ? `${String(xScale(one.x))},` : ""}${String(yScale(one.y))}`,
    )
    .join("");
  if (best.length > 1) marks.push({ kind: "path", d: steps, stroke: "accent", width: 1.4 });
  const readings: Reading[] = [];
  const named: Named[] = [];
  for (const one of shown) {
    const role = options.roles.get(String(one.point.values.at(-1) ?? "")) ?? "idle";
    const at = { x: xScale(one.x), y: yScale(one.y) };
    marks.push(...pointMarks(one, role, at, options.pins.includes(one.point.id)));
    if (one.isBest || options.pins.includes(one.point.id))
      named.push({ name: nameOf(one.point), ...at });
    readings.push({
      ...at,
      id: one.point.id,
      text: `${nameOf(one.point)}: ${textOf(one.x, options.x.unit)}, ${textOf(one.y, options.y.unit)}`,
    });
  }
  return {
    scene: { ...size, marks: [...marks, ...nameMarks(named, plot)] },
    plot,
    series: [{ name: "points", readings }],
    valueAtY: (pixel) => yScale.invert(pixel),
    pixelOfY: (value) => yScale(value),
  };
}

/** A shade over what misses the goal. */
function outsideMark(at: number, { betterIs }: Metric, plot: Box): Mark {
  const edge = Math.min(plot.bottom, Math.max(plot.top, at));
  const [top, bottom] = betterIs === "more" ? [edge, plot.bottom] : [plot.top, edge];
  return {
    kind: "rect",
    x: plot.left,
    y: top,
    width: plot.right - plot.left,
    height: bottom - top,
    fill: "bad",
    opacity: 0.08,
  };
}

/** A sign for the point, ringed where it is pinned. */
function pointMarks(
  one: PlottedPoint,
  role: Role,
  at: { readonly x: number; readonly y: number },
  isPinned: boolean,
): Mark[] {
  const sign: Mark = {
    kind: "text",
    x: at.x,
    y: at.y + 5,
    anchor: "middle",
    text: GLYPHS[role] === "·" ? "✚" : GLYPHS[role],
    ink: one.isFeasible ? role : "faint",
    size: one.isBest ? 17 : 12,
  };
  const ring: Mark = {
    kind: "circle",
    ...at,
    radius: 11,
    fill: "panel",
    stroke: "accent",
    opacity: 0.5,
  };
  return [...(isPinned ? [ring] : []), sign];
}

/** Narrower plots have no room for the name of the axis, pixels. */
const ROOM_FOR_NAME = 420;
/** Size of a letter of a name, pixels (system fonts at 11). */
const LETTER = { width: 6.2, height: 13 } as const;

type Named = { readonly name: string; readonly x: number; readonly y: number };

/** Names beside their points, each where it covers no other; one without such a place has none. */
function nameMarks(points: readonly Named[], plot: Box): Mark[] {
  const taken: Box[] = [];
  return points.flatMap(({ name, x, y }): Mark[] => {
    const width = name.length * LETTER.width;
    for (const isLeft of x + 10 + width > plot.right ? [true] : [false, true]) {
      for (const down of [-7, 18]) {
        const left = isLeft ? x - 10 - width : x + 10;
        const bottom = y + down;
        const box = { left, right: left + width, top: bottom - LETTER.height, bottom };
        if (taken.some((other) => overlaps(box, other))) continue;
        taken.push(box);
        const anchor = isLeft ? "end" : "start";
        const at = { x: isLeft ? x - 10 : x + 10, y: bottom };
        return [{ kind: "text", ...at, text: name, anchor, ink: "ink", halo: true }];
      }
    }
    return [];
  });
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
