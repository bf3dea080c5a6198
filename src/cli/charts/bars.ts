/** One bar per worker; above a hundred workers, sorted and thinned to a curve of bars. */

import { scaleLinear } from "d3-scale";
import { axisX, axisY, emptyPicture, FRAME, picture } from "./frame.ts";
import type { Tick } from "./frame.ts";
import { coordinate } from "./svg.ts";
import { linearTicks, shortNumber } from "./ticks.ts";

export type BarOptions = { readonly top?: number; readonly format?: (value: number) => string };

const BARS = 100;

export function workerBars(
  title: string,
  values: readonly number[],
  options: BarOptions = {},
): string {
  if (values.length === 0) return emptyPicture(FRAME, title, "no worker");
  const many = values.length > BARS;
  const shown = many ? thinned(values.toSorted((a, b) => b - a)) : values;
  const y = scaleLinear([0, options.top ?? Math.max(...values, 1e-9)], [FRAME.bottom, FRAME.top]);
  if (options.top === undefined) y.nice(4);
  const width = (FRAME.right - FRAME.left) / shown.length;
  const bars = shown.map((value, index) => {
    const top = y(value);
    const x = FRAME.left + index * width + width * 0.1;
    return (
      `<rect x="${coordinate(x)}" y="${coordinate(top)}" width="${coordinate(width * 0.8)}" ` +
      `height="${coordinate(FRAME.bottom - top)}" fill="var(--c1)"/>`
    );
  });
  const every = Math.max(1, Math.ceil(shown.length / 10));
  const ticks = shown.flatMap((_, index): Tick[] =>
    many || index % every !== 0
      ? []
      : [{ at: FRAME.left + (index + 0.5) * width, text: String(index) }],
  );
  const name = many ? `${String(values.length)} workers, sorted` : "worker";
  return picture(
    FRAME,
    title,
    axisY(FRAME, linearTicks(y, 4, options.format ?? shortNumber)) +
      bars.join("") +
      axisX(FRAME, ticks, name),
  );
}

/** Evenly spaced entries, the first and the last among them. */
function thinned(sorted: readonly number[]): number[] {
  const last = sorted.length - 1;
  return Array.from({ length: BARS }, (_, i) => sorted[Math.round((i * last) / (BARS - 1))] ?? 0);
}
