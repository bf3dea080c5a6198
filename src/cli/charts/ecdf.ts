/** Share of requests at or below a latency: log x, a dashed line where the SLO is. */

import { scaleLinear, scaleLog } from "d3-scale";
import { axisX, axisY, emptyPicture, FRAME, picture } from "./frame.ts";
import { lineAt, pathThrough, seriesColour, textAt } from "./svg.ts";
import { linearTicks, logTicks } from "./ticks.ts";

export type EcdfSeries = {
  readonly name: string;
  /** Milliseconds, ascending. */
  readonly sortedMs: Float64Array;
  /** The target, where one is set. */
  readonly sloMs?: number;
};

/** Points drawn of each curve (assumption: one every two pixels). */
const POINTS = 240;
/** Smallest latency on a log axis, ms: zero has no logarithm. */
const LEAST_MS = 0.01;

export function ecdfChart(title: string, series: readonly EcdfSeries[]): string {
  const shown = series.filter((one) => one.sortedMs.length > 0);
  if (shown.length === 0) return emptyPicture(FRAME, title, "no completed request was kept");
  const targets = shown.flatMap((one) => (one.sloMs === undefined ? [] : [one.sloMs]));
  const low = Math.max(LEAST_MS, Math.min(...shown.map((one) => one.sortedMs[0] ?? 0), ...targets));
  const high = Math.max(...shown.map((one) => one.sortedMs.at(-1) ?? 0), ...targets, low * 1.01);
  const x = scaleLog([low, high * 1.02], [FRAME.left, FRAME.right]);
  const y = scaleLinear([0, 1], [FRAME.bottom, FRAME.top]);
  const curves = shown.map((one, index) => {
    const path = pathThrough(
      sampled(one.sortedMs).map(([ms, share]) => [x(Math.max(ms, low)), y(share)]),
    );
    return `<path class="curve" d="${path}" stroke="${seriesColour(index)}"/>`;
  });
  const lines = shown.flatMap(({ name, sloMs }) => {
    if (sloMs === undefined) return [];
    const at = x(sloMs);
    const label = textAt({ x: at + 4, y: FRAME.bottom - 6 }, `${name} target`);
    return [lineAt({ x1: at, y1: FRAME.top, x2: at, y2: FRAME.bottom }, "target") + label];
  });
  const percent = (share: number): string => `${String(Math.round(share * 100))} %`;
  return picture(
    FRAME,
    title,
    axisY(FRAME, linearTicks(y, 5, percent)) +
      axisX(FRAME, logTicks(x), "latency, log scale") +
      lines.join("") +
      curves.join(""),
    shown.map((one) => one.name),
  );
}

/** Evenly spaced ranks, the first and the last among them. */
function sampled(sorted: Float64Array): [ms: number, share: number][] {
  const count = Math.min(POINTS, sorted.length);
  const last = sorted.length - 1;
  return Array.from({ length: count }, (_, i) => {
    const rank = count === 1 ? last : Math.round((i * last) / (count - 1));
    return [sorted[rank] ?? 0, (rank + 1) / sorted.length];
  });
}
