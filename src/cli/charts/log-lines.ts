/** Lines over a number on a log axis, with a level to compare with: goodput over the speed of a network. */

import { scaleLinear, scaleLog } from "d3-scale";
import { axisX, axisY, emptyPicture, FRAME, picture } from "./frame.ts";
import { coordinate, lineAt, pathThrough, seriesColour, textAt } from "./svg.ts";
import { linearTicks, logTicks, shortNumber } from "./ticks.ts";

export type LogLine = {
  readonly name: string;
  /** Ascending in x, which is above 0. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
};

export type LogLineOptions = {
  /** Name and unit of the x axis. */
  readonly axis: string;
  /** A level drawn across, with its name. */
  readonly level: { readonly y: number; readonly name: string };
};

/** Up to six lines. */
export function logLineChart(
  title: string,
  lines: readonly LogLine[],
  { axis, level }: LogLineOptions,
): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return emptyPicture(FRAME, title, "nothing was run");
  const xs = points.map(({ x }) => x);
  const most = Math.max(level.y, ...points.map(({ y }) => y), 1e-9);
  const x = scaleLog([Math.min(...xs) * 0.8, Math.max(...xs) * 1.25], [FRAME.left, FRAME.right]);
  const y = scaleLinear([0, most], [FRAME.bottom, FRAME.top]).nice(4);
  const drawn = lines.map((line, index) => {
    const colour = seriesColour(index);
    const path = pathThrough(line.points.map((point) => [x(point.x), y(point.y)]));
    const dots = line.points.map(
      (point) =>
        `<circle cx="${coordinate(x(point.x))}" cy="${coordinate(y(point.y))}" r="2.6" fill="${colour}"/>`,
    );
    return `<path class="curve" d="${path}" stroke="${colour}"/>${dots.join("")}`;
  });
  const across = { x1: FRAME.left, y1: y(level.y), x2: FRAME.right, y2: y(level.y) };
  return picture(
    FRAME,
    title,
    axisY(FRAME, linearTicks(y, 4, shortNumber)) +
      axisX(FRAME, logTicks(x, shortNumber), axis) +
      lineAt(across, "target") +
      textAt({ x: FRAME.left + 4, y: y(level.y) - 4 }, level.name, "start", "name") +
      drawn.join(""),
    lines.map((line) => line.name),
  );
}
