/**
 * Predicted over measured on two log axes, and residuals over measured: one dot for each number.
 */

import { scaleLinear, scaleLog } from "d3-scale";
import { axisX, axisY, emptyPicture, FRAME, picture } from "./frame.ts";
import { coordinate, escapeText, lineAt, seriesColour } from "./svg.ts";
import { linearTicks, logTicks, shortNumber } from "./ticks.ts";

export type Dot = { readonly measured: number; readonly predicted: number; readonly name: string };

export type DotSeries = { readonly name: string; readonly dots: readonly Dot[] };

/** Dots drawn of a series at most, evenly chosen (assumption: more are a blot). */
const DOTS = 1500;
const RADIUS = 2.2;
/** Residuals beyond these are drawn on the edge: a factor of two. */
const RESIDUAL_MOST = 1;

function shown(series: readonly DotSeries[]): DotSeries[] {
  return series.flatMap(({ name, dots }) => {
    const usable = dots.filter(({ measured, predicted }) => measured > 0 && predicted > 0);
    const step = Math.max(1, usable.length / DOTS);
    const count = Math.min(DOTS, usable.length);
    const chosen = Array.from({ length: count }, (_, i) => usable[Math.floor(i * step)]!);
    return chosen.length === 0 ? [] : [{ name, dots: chosen }];
  });
}

function spanOf(values: readonly number[]): [low: number, high: number] {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), low);
  return [low * 0.9, high * 1.1];
}

function circle(x: number, y: number, colour: string, title: string): string {
  return (
    `<circle cx="${coordinate(x)}" cy="${coordinate(y)}" r="${String(RADIUS)}" ` +
    `fill="${colour}" fill-opacity=".55"><title>${escapeText(title)}</title></circle>`
  );
}

/** Predicted against measured; the diagonal is a perfect prediction. `unit` names both axes. */
export function scatterChart(title: string, series: readonly DotSeries[], unit: string): string {
  const drawn = shown(series);
  const dots = drawn.flatMap((one) => one.dots);
  if (dots.length === 0) return emptyPicture(FRAME, title, "nothing was compared");
  const span = spanOf(dots.flatMap(({ measured, predicted }) => [measured, predicted]));
  const x = scaleLog(span, [FRAME.left, FRAME.right]);
  const y = scaleLog(span, [FRAME.bottom, FRAME.top]);
  const [low, high] = span;
  const diagonal = lineAt({ x1: x(low), y1: y(low), x2: x(high), y2: y(high) }, "target");
  const marks = drawn.map((one, index) =>
    one.dots
      .map(({ measured, predicted, name }) =>
        circle(x(measured), y(predicted), seriesColour(index), name),
      )
      .join(""),
  );
  return picture(
    FRAME,
    title,
    axisY(FRAME, logTicks(y, shortNumber)) +
      axisX(FRAME, logTicks(x, shortNumber), `measured, ${unit}; up: predicted`) +
      diagonal +
      marks.join(""),
    drawn.map((one) => one.name),
  );
}

/**
 * predicted/measured − 1 over measured; the line is no error, dots on the edge lie beyond it. Colours
 * are those of the scatter chart beside it, whose legend serves both.
 */
export function residualChart(title: string, series: readonly DotSeries[], unit: string): string {
  const drawn = shown(series);
  const dots = drawn.flatMap((one) => one.dots);
  if (dots.length === 0) return emptyPicture(FRAME, title, "nothing was compared");
  const x = scaleLog(spanOf(dots.map(({ measured }) => measured)), [FRAME.left, FRAME.right]);
  const y = scaleLinear([-RESIDUAL_MOST, RESIDUAL_MOST], [FRAME.bottom, FRAME.top]);
  const percent = (share: number): string => `${String(Math.round(share * 100))} %`;
  const marks = drawn.map((one, index) =>
    one.dots
      .map(({ measured, predicted, name }) => {
        const error = predicted / measured - 1;
        const at = Math.min(RESIDUAL_MOST, Math.max(-RESIDUAL_MOST, error));
        return circle(x(measured), y(at), seriesColour(index), `${name} ${percent(error)}`);
      })
      .join(""),
  );
  return picture(
    FRAME,
    title,
    axisY(FRAME, linearTicks(y, 5, percent)) +
      axisX(FRAME, logTicks(x, shortNumber), `measured, ${unit}`) +
      lineAt({ x1: FRAME.left, y1: y(0), x2: FRAME.right, y2: y(0) }, "target") +
      marks.join(""),
  );
}
