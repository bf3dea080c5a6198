/** Lines over simulated time; many samples are thinned to the mean of each pixel's. */

import { scaleLinear } from "d3-scale";
import { secondsText } from "../numbers.ts";
import { axisX, axisY, emptyPicture, FRAME, picture } from "./frame.ts";
import type { Tick } from "./frame.ts";
import { pathThrough, seriesColour } from "./svg.ts";
import { linearTicks, shortNumber } from "./ticks.ts";

export type TimeLine = {
  readonly name: string;
  /** One value per time; NaN: no data. */
  readonly values: Float64Array;
};

export type TimeSeriesOptions = {
  /** Axis from 0 to this; to the largest value when absent. */
  readonly top?: number;
  readonly format?: (value: number) => string;
};

const POINTS = 240;

/** Ticks at round times from the left edge to the right one: s, min, h or days by the span. */
export function timeTicks(spanS: number, left: number, right: number): Tick[] {
  const step = timeStep(spanS);
  const scale = scaleLinear([0, spanS / step.seconds], [left, right]);
  return linearTicks(scale, 7, (value) => step.text(value * step.seconds));
}

function timeStep(spanS: number): { seconds: number; text: (s: number) => string } {
  if (spanS > 6 * 86_400) return { seconds: 86_400, text: (s) => `${numberOf(s / 86_400)} d` };
  if (spanS > 3 * 3600) return { seconds: 3600, text: (s) => `${numberOf(s / 3600)} h` };
  if (spanS > 180) return { seconds: 60, text: (s) => `${numberOf(s / 60)} min` };
  return { seconds: 1, text: (s) => secondsText(s) };
}

function numberOf(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function timeSeriesChart(
  title: string,
  timeUs: Float64Array,
  lines: readonly TimeLine[],
  options: TimeSeriesOptions = {},
): string {
  const spanS = (timeUs.at(-1) ?? 0) / 1e6;
  if (timeUs.length < 2 || spanS <= 0) {
    return emptyPicture(FRAME, title, "too few samples: choose a shorter --series interval");
  }
  const thinned = lines.map((line) => thin(timeUs, line.values));
  const peak = Math.max(0, ...thinned.flatMap((points) => points.map(([, v]) => finite(v))));
  const x = scaleLinear([0, spanS], [FRAME.left, FRAME.right]);
  const top = options.top ?? (peak === 0 ? 1 : peak);
  const y = scaleLinear([0, top], [FRAME.bottom, FRAME.top]);
  if (options.top === undefined) y.nice(4);
  const paths = thinned.map((points, index) => {
    const path = pathThrough(points.map(([s, value]) => [x(s), y(value)]));
    return `<path class="curve" d="${path}" stroke="${seriesColour(index)}"/>`;
  });
  return picture(
    FRAME,
    title,
    axisY(FRAME, linearTicks(y, 4, options.format ?? shortNumber)) +
      axisX(FRAME, timeTicks(spanS, FRAME.left, FRAME.right), "simulated time") +
      paths.join(""),
    lines.length > 1 ? lines.map((one) => one.name) : [],
  );
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** Means of groups of neighbouring samples, as (seconds, value). */
function thin(timeUs: Float64Array, values: Float64Array): [s: number, value: number][] {
  const group = Math.ceil(timeUs.length / POINTS);
  const points: [number, number][] = [];
  for (let start = 0; start < timeUs.length; start += group) {
    const end = Math.min(start + group, timeUs.length);
    let sum = 0;
    let count = 0;
    for (let i = start; i < end; i++) {
      const value = values[i] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    points.push([(timeUs[end - 1] ?? 0) / 1e6, count === 0 ? Number.NaN : sum / count]);
  }
  return points;
}
