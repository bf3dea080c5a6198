/** Lines over a number, a band of uncertainty around each: goodput over load. */

import { scaleLinear } from "d3-scale";
import { axisX, axisY, emptyPicture, FRAME, picture } from "./frame.ts";
import { coordinate, pathThrough, seriesColour } from "./svg.ts";
import { linearTicks, shortNumber } from "./ticks.ts";

export type NumberLine = {
  readonly name: string;
  /** Ascending in x; `half`: half the width of the band. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly half: number }[];
};

/** Up to six lines; `unit` names the x axis. */
export function lineChart(title: string, lines: readonly NumberLine[], unit: string): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return emptyPicture(FRAME, title, "nothing was run");
  const xs = points.map(({ x }) => x);
  const span = [Math.min(...xs), Math.max(...xs)] as const;
  const room = span[0] === span[1] ? 0.5 : 0;
  const x = scaleLinear([span[0] - room, span[1] + room], [FRAME.left, FRAME.right]);
  const tops = points.map(({ y, half }) => y + half);
  const y = scaleLinear([0, Math.max(...tops, 1e-9)], [FRAME.bottom, FRAME.top]).nice(4);
  const drawn = lines.map((line, index) => {
    const colour = seriesColour(index);
    const path = pathThrough(line.points.map((point) => [x(point.x), y(point.y)]));
    const bars = line.points.map((point) => {
      const at = coordinate(x(point.x));
      const ends = [Math.max(0, point.y - point.half), point.y + point.half];
      const [low, high] = ends.map((value) => coordinate(y(value)));
      return (
        `<path class="curve" d="M${at},${low!}L${at},${high!}" stroke="${colour}"/>` +
        `<circle cx="${at}" cy="${coordinate(y(point.y))}" r="2.6" fill="${colour}"/>`
      );
    });
    return `<path class="curve" d="${path}" stroke="${colour}"/>${bars.join("")}`;
  });
  return picture(
    FRAME,
    title,
    axisY(FRAME, linearTicks(y, 4, shortNumber)) +
      axisX(FRAME, linearTicks(x, 6, shortNumber), unit) +
      drawn.join(""),
    lines.map((line) => line.name),
  );
}
