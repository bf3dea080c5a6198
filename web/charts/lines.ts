/** Curves over a common x axis: time series, distributions, sweeps. */

import { line } from "d3-shape";
import { axisX, axisY, plotOf, scaleOf, textOf } from "./axes.ts";
import type { Axis, Scale } from "./axes.ts";
import { DASHES } from "./palette.ts";
import type { Role } from "./palette.ts";
import type { Box, Drawn, Mark, Reading, Size } from "./scene.ts";

export type Curve = {
  readonly name: string;
  readonly role: Role;
  readonly x: ArrayLike<number>;
  /** NaN breaks the curve. */
  readonly y: ArrayLike<number>;
  /** Drawn thinner and dashed: the baseline of a comparison. */
  readonly isBaseline?: boolean;
  readonly area?: boolean;
  /** Horizontal until the next point. */
  readonly steps?: boolean;
};

export type Target = { readonly value: number; readonly label: string; readonly on: "x" | "y" };

export type LinesOptions = {
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly Curve[];
  readonly targets?: readonly Target[];
};

/** Samples over time from which a curve may be noise rather than a line (assumption). */
const DENSE_POINTS = 150;
/** Most readings of a curve: what a keyboard can walk through. */
const READINGS_MOST = 400;

export function drawLines({ x, y, curves, targets = [] }: LinesOptions, size: Size): Drawn {
  const plot = plotOf(size);
  const xScale = scaleOf(x, [plot.left, plot.right]);
  const yScale = scaleOf(y, [plot.bottom, plot.top]);
  const marks: Mark[] = [
    ...axisY(y, yScale, plot),
    ...axisX(x, xScale, plot),
    ...curves.flatMap((curve) =>
      curveMarks(curve, { xScale, yScale, plot, isTime: x.unit === "s" }),
    ),
    ...targets.flatMap((target) => targetMarks(target, target.on === "x" ? xScale : yScale, plot)),
  ];
  return {
    scene: { ...size, marks },
    plot,
    series: curves.map((curve) => ({
      name: curve.name,
      readings: readingsOf(curve, { x, y, xScale, yScale }),
    })),
    valueAtX: (pixel) => xScale.invert(pixel),
    pixelOfX: (value) => xScale(value),
  };
}

type Place = {
  readonly xScale: Scale;
  readonly yScale: Scale;
  readonly plot: Box;
  readonly isTime: boolean;
};

function curveMarks(curve: Curve, { xScale, yScale, plot, isTime }: Place): Mark[] {
  const d = pathOf(curve, xScale, yScale);
  if (d === "") return [];
  const isDense = isTime && curve.x.length > DENSE_POINTS;
  const stroke: Mark = {
    kind: "path",
    d,
    stroke: curve.role,
    width: curve.isBaseline === true ? 1.2 : isDense ? 1.3 : 1.8,
    // A dash within the noise of a dense curve is only more noise.
    dash: curve.isBaseline === true ? "4 3" : isDense ? "" : DASHES[curve.role],
    ...(curve.isBaseline === true ? { opacity: 0.75 } : {}),
  };
  if (curve.area !== true || curve.isBaseline === true) return [stroke];
  const closed = closedPath(d, plot.bottom);
  return [{ kind: "path", d: closed, fill: curve.role, opacity: 0.14 }, stroke];
}

/** Each unbroken stretch down to the base line. */
function closedPath(d: string, bottom: number): string {
  return d
    .split("M")
    .filter((part) => part !== "")
    .map((part) => {
      const first = part.split(/[,L]/)[0] ?? "0";
      const last = part.split("L").at(-1)?.split(",")[0] ?? first;
      return `M${first},${String(bottom)}L${part}L${last},${String(bottom)}Z`;
    })
    .join("");
}

function pathOf({ x, y, steps }: Curve, xScale: Scale, yScale: Scale): string {
  const indices = Array.from({ length: Math.min(x.length, y.length) }, (_, i) => i);
  const points: (readonly [number, number])[] = [];
  for (const i of indices) {
    const px = xScale(x[i] ?? NaN);
    const py = yScale(y[i] ?? NaN);
    const before = points.at(-1);
    if (steps === true && before !== undefined) points.push([px, before[1]]);
    points.push([px, py]);
  }
  const path = line()
    .defined(([px, py]) => Number.isFinite(px) && Number.isFinite(py))
    .digits(1);
  return path(points as [number, number][]) ?? "";
}

function targetMarks({ value, label, on }: Target, scale: Scale, plot: Box): Mark[] {
  const at = scale(value);
  const isInside =
    on === "x" ? at >= plot.left && at <= plot.right : at >= plot.top && at <= plot.bottom;
  if (!isInside) return [];
  const d =
    on === "x"
      ? `M${String(at)},${String(plot.top)}V${String(plot.bottom)}`
      : `M${String(plot.left)},${String(at)}H${String(plot.right)}`;
  const isRight = on === "x" && at > plot.right - 90;
  return [
    { kind: "path", d, stroke: "bad", width: 1.2, dash: "5 4" },
    {
      kind: "text",
      x: on === "x" ? at + (isRight ? -5 : 5) : plot.right - 4,
      y: on === "x" ? plot.top + 12 : at - 4 < plot.top + 8 ? at + 13 : at - 4,
      anchor: on === "y" || isRight ? "end" : "start",
      text: label,
      ink: "bad",
      halo: true,
    },
  ];
}

type Axes = { readonly x: Axis; readonly y: Axis; readonly xScale: Scale; readonly yScale: Scale };

function readingsOf(curve: Curve, { x, y, xScale, yScale }: Axes): Reading[] {
  const count = Math.min(curve.x.length, curve.y.length);
  const every = Math.max(1, Math.ceil(count / READINGS_MOST));
  const readings: Reading[] = [];
  for (let i = 0; i < count; i += every) {
    const xv = curve.x[i] ?? NaN;
    const yv = curve.y[i] ?? NaN;
    if (!Number.isFinite(xv) || !Number.isFinite(yv)) continue;
    readings.push({
      x: xScale(xv),
      y: yScale(yv),
      text: `${curve.name} ${textOf(yv, y.unit)} at ${textOf(xv, x.unit)}`,
    });
  }
  return readings;
}

/** Domain from 0 to a round value above the largest of the columns. */
export function domainUp(columns: readonly ArrayLike<number>[], least = 0): [number, number] {
  let most = least;
  for (const column of columns) {
    for (let i = 0; i < column.length; i++) {
      const value = column[i] ?? NaN;
      if (Number.isFinite(value) && value > most) most = value;
    }
  }
  return [0, most > 0 ? most * 1.05 : 1];
}
