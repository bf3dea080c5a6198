/** How often each latency occurs, in bins of equal width on a log axis. */

import { scaleLinear, scaleLog } from "d3-scale";
import { axisX, axisY, emptyPicture, FRAME, picture } from "./frame.ts";
import { coordinate, lineAt, textAt } from "./svg.ts";
import { linearTicks, logTicks } from "./ticks.ts";

export type HistogramOptions = { readonly unit: string; readonly sloMs?: number };

const BINS = 60;
const LEAST_MS = 0.01;

/** `sortedMs`: ascending milliseconds; `weights`: how often each occurs, once when absent. */
export function histogramChart(
  title: string,
  sortedMs: Float64Array,
  options: HistogramOptions,
  weights?: Float64Array,
): string {
  if (sortedMs.length === 0) return emptyPicture(FRAME, title, "no completed request was kept");
  const target = options.sloMs;
  const low = Math.max(LEAST_MS, Math.min(sortedMs[0] ?? LEAST_MS, target ?? Infinity) * 0.98);
  const high = Math.max(sortedMs.at(-1) ?? low, target ?? 0, low * 1.05) * 1.02;
  const x = scaleLog([low, high], [FRAME.left, FRAME.right]);
  const counts = Array.from({ length: BINS }, () => 0);
  const width = (FRAME.right - FRAME.left) / BINS;
  sortedMs.forEach((ms, i) => {
    const bin = Math.floor((x(Math.max(ms, low)) - FRAME.left) / width);
    const at = Math.min(BINS - 1, Math.max(0, bin));
    counts[at] = (counts[at] ?? 0) + (weights?.[i] ?? 1);
  });
  const y = scaleLinear([0, Math.max(...counts)], [FRAME.bottom, FRAME.top]).nice(4);
  const bars = counts.map((count, bin) => {
    if (count === 0) return "";
    const top = y(count);
    return (
      `<rect x="${coordinate(FRAME.left + bin * width + 0.5)}" y="${coordinate(top)}" ` +
      `width="${coordinate(width - 1)}" height="${coordinate(FRAME.bottom - top)}" fill="var(--c1)"/>`
    );
  });
  const line =
    target === undefined
      ? ""
      : lineAt({ x1: x(target), y1: FRAME.top, x2: x(target), y2: FRAME.bottom }, "target") +
        textAt({ x: x(target) - 4, y: FRAME.top + 10 }, "target", "end");
  return picture(
    FRAME,
    title,
    axisY(FRAME, linearTicks(y, 4)) +
      axisX(FRAME, logTicks(x), `${options.unit}, log scale`) +
      bars.join("") +
      line,
  );
}
