/** One row per latency, a dot per quantile, on a log axis: shape and tail at a glance. */

import { scaleLog } from "d3-scale";
import { axisX, emptyPicture, FRAME, picture } from "./frame.ts";
import { coordinate, lineAt, textAt } from "./svg.ts";
import { logTicks } from "./ticks.ts";

export type QuantileRow = {
  readonly name: string;
  /** Milliseconds at each quantile's name, in ascending order; `null`: no data. */
  readonly points: readonly (readonly [name: string, ms: number | null])[];
};

const LEAST_MS = 0.01;
const FRAME_WIDE = { ...FRAME, left: 84 };

export function quantileChart(title: string, rows: readonly QuantileRow[]): string {
  const values = rows.flatMap((row) => row.points.flatMap(([, ms]) => (ms === null ? [] : [ms])));
  if (values.length === 0) return emptyPicture(FRAME, title, "no completed request");
  const low = Math.max(LEAST_MS, Math.min(...values));
  const high = Math.max(...values, low * 1.01);
  const frame = FRAME_WIDE;
  const x = scaleLog([low, high * 1.05], [frame.left, frame.right - 8]);
  const step = (frame.bottom - frame.top) / rows.length;
  const content = rows.map((row, index) => {
    const y = frame.top + step * (index + 0.5);
    const points = row.points.flatMap(([name, ms]) =>
      ms === null ? [] : [{ name, ms, x: x(Math.max(ms, low)) }],
    );
    const first = points[0];
    const last = points.at(-1);
    const name = textAt({ x: frame.left - 8, y: y + 4 }, row.name, "end", "name");
    if (first === undefined || last === undefined) return name;
    const dots = points.map(
      (point, at) =>
        `<circle cx="${coordinate(point.x)}" cy="${coordinate(y)}" r="4" fill="var(--c1)" ` +
        `fill-opacity="${coordinate(0.3 + (0.7 * (at + 1)) / points.length)}">` +
        `<title>${row.name} ${point.name}: ${String(Math.round(point.ms * 100) / 100)} ms</title>` +
        "</circle>",
    );
    const bar = lineAt({ x1: first.x, y1: y, x2: last.x, y2: y }, "span");
    const label = textAt({ x: first.x, y: y - 9 }, first.name, "middle");
    const end = textAt({ x: last.x, y: y - 9 }, last.name, "middle");
    return name + bar + dots.join("") + label + (points.length > 1 ? end : "");
  });
  return picture(frame, title, axisX(frame, logTicks(x), "latency, log scale") + content.join(""));
}
