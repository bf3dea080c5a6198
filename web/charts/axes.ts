/** Frames, scales and ticks shared by the charts. */

import { scaleLinear, scaleLog } from "d3-scale";
import type { ScaleContinuousNumeric } from "d3-scale";
import { msText, numberText, percentText, secondsText } from "../../src/core/index.ts";
import type { Box, Mark, Size } from "./scene.ts";

export type Scale = ScaleContinuousNumeric<number, number>;

/** How the numbers of an axis are written. */
export type Unit = "ms" | "s" | "count" | "share" | "perS" | "plain" | "usd" | "watt";

export type Axis = {
  readonly name: string;
  readonly unit: Unit;
  readonly scale: "linear" | "log";
  readonly domain: readonly [low: number, high: number];
};

const MARGIN = { left: 58, right: 14, top: 10, bottom: 38 } as const;

/** The plot inside a picture of this size. */
export function plotOf({ width, height }: Size): Box {
  return {
    left: MARGIN.left,
    top: MARGIN.top,
    right: Math.max(MARGIN.left + 40, width - MARGIN.right),
    bottom: Math.max(MARGIN.top + 40, height - MARGIN.bottom),
  };
}

/** Large numbers in short: 1,200 → 1.2k. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${String(Number((value / 1e9).toPrecision(3)))}G`;
  if (size >= 1e6) return `${String(Number((value / 1e6).toPrecision(3)))}M`;
  if (size >= 1e4) return `${String(Number((value / 1e3).toPrecision(3)))}k`;
  return numberText(Number(value.toPrecision(4)));
}

export function textOf(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return "–";
  // Durations choose their unit by size, so the sign stands apart.
  if (value < 0) return `−${textOf(-value, unit)}`;
  switch (unit) {
    case "ms":
      return msText(Number(value.toPrecision(3)));
    case "s":
      return secondsText(Number(value.toPrecision(value < 100 ? 3 : 6)));
    case "share":
      return percentText(value);
    case "perS":
      return `${shortNumber(value)}/s`;
    case "watt":
      return `${shortNumber(value)} W`;
    case "usd":
      return `$${shortNumber(value)}`;
    case "count":
    case "plain":
      return shortNumber(value);
  }
}

function tickText(value: number, unit: Unit, span: number): string {
  if (unit === "share") {
    const percent = value * 100;
    return `${String(Number(percent.toPrecision(span < 0.02 ? 4 : 3)))} %`;
  }
  if (unit === "s" && span > 180) {
    const minutes = value / 60;
    return span > 3 * 3600
      ? `${String(Number((value / 3600).toPrecision(3)))} h`
      : `${String(Number(minutes.toPrecision(3)))} min`;
  }
  return textOf(value, unit);
}

/** A scale over pixels. A log axis starts above zero whatever the data say. */
export function scaleOf(axis: Axis, range: readonly [from: number, to: number]): Scale {
  const [low, high] = axis.domain;
  if (axis.scale === "log") {
    const least = Math.max(low, Math.max(high, 1e-9) * 1e-9);
    return scaleLog([least, Math.max(high, least * 1.01)], [...range]).clamp(true);
  }
  return scaleLinear([low, high > low ? high : low + 1], [...range]);
}

/** Ticks in minutes or hours stand at whole ones. */
function tickValues(axis: Axis, scale: Scale, count: number): number[] {
  const [low = 0, high = 1] = scale.domain();
  if (axis.scale === "log") return logTicks(low, high, count);
  const unit = axis.unit === "s" ? (high - low > 3 * 3600 ? 3600 : high - low > 180 ? 60 : 1) : 1;
  if (unit === 1) return scale.ticks(count);
  return scaleLinear([low / unit, high / unit], [0, 1])
    .ticks(count)
    .map((value) => value * unit);
}

/** Powers of ten, with 2 and 5 between them where there is room. */
function logTicks(low: number, high: number, count: number): number[] {
  const decades = Math.log10(high / low);
  const steps = decades * 3 <= count ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (steps.length === 1 && power % every !== 0) continue;
    for (const step of steps) {
      const value = Number(`${String(step)}e${String(power)}`);
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push(value);
    }
  }
  return ticks;
}

/** Grid, ticks and name of the x axis. */
export function axisX(axis: Axis, scale: Scale, plot: Box): Mark[] {
  const [low = 0, high = 1] = scale.domain();
  const ticks = tickValues(axis, scale, Math.max(2, Math.floor((plot.right - plot.left) / 78)));
  const marks = ticks.flatMap((value): Mark[] => {
    const x = scale(value);
    return [
      {
        kind: "path",
        d: `M${String(x)},${String(plot.top)}V${String(plot.bottom)}`,
        stroke: "grid",
        width: 1,
      },
      {
        kind: "text",
        x,
        y: plot.bottom + 15,
        text: tickText(value, axis.unit, high - low),
        anchor: x > plot.right - 16 ? "end" : x < 20 ? "start" : "middle",
      },
    ];
  });
  const name: Mark = {
    kind: "text",
    x: (plot.left + plot.right) / 2,
    y: plot.bottom + 31,
    text: axis.name,
    anchor: "middle",
  };
  const base: Mark = {
    kind: "path",
    d: `M${String(plot.left)},${String(plot.bottom)}H${String(plot.right)}`,
    stroke: "faint",
    width: 1,
  };
  return [...marks, base, name];
}

/** Grid and ticks of the y axis; its name stands at the top. */
export function axisY(axis: Axis, scale: Scale, plot: Box): Mark[] {
  const [low = 0, high = 1] = scale.domain();
  const ticks = tickValues(axis, scale, Math.max(2, Math.floor((plot.bottom - plot.top) / 42)));
  return ticks.flatMap((value): Mark[] => {
    const y = scale(value);
    return [
      {
        kind: "path",
        d: `M${String(plot.left)},${String(y)}H${String(plot.right)}`,
        stroke: "grid",
        width: 1,
      },
      {
        kind: "text",
        x: plot.left - 6,
        y: y + 3.5,
        text: tickText(value, axis.unit, high - low),
        anchor: "end",
      },
    ];
  });
}
