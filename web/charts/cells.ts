/** Counts on a grid, dark to light: where most requests are. */

import { axisX, axisY, plotOf, scaleOf, textOf } from "./axes.ts";
import type { Axis, Scale } from "./axes.ts";
import { sequential } from "./palette.ts";
import type { Drawn, Mark, Reading, Size } from "./scene.ts";

export type CellsOptions = {
  readonly x: Axis;
  readonly y: Axis;
  readonly xEdges: ArrayLike<number>;
  readonly yEdges: ArrayLike<number>;
  /** By column, then row from the bottom. */
  readonly counts: ArrayLike<number>;
  readonly most: number;
  /** Words of the line on which x and y are equal, where both axes are the same quantity. */
  readonly diagonal?: string;
};

export function drawCells(options: CellsOptions, size: Size): Drawn {
  const { x, y, xEdges, yEdges, counts, most, diagonal } = options;
  const plot = plotOf(size);
  const xScale = scaleOf(x, [plot.left, plot.right]);
  const yScale = scaleOf(y, [plot.bottom, plot.top]);
  const rows = yEdges.length - 1;
  const marks: Mark[] = [...axisY(y, yScale, plot), ...axisX(x, xScale, plot)];
  const byRow: Reading[][] = Array.from({ length: rows }, () => []);
  // A cell of one request must show beside one of thousands: the scale is logarithmic.
  const peak = Math.log1p(most);
  for (let column = 0; column + 1 < xEdges.length; column++) {
    for (let row = 0; row < rows; row++) {
      const count = counts[column * rows + row] ?? 0;
      if (count === 0) continue;
      const left = xScale(xEdges[column] ?? 0);
      const right = xScale(xEdges[column + 1] ?? 0);
      const bottom = yScale(yEdges[row] ?? 0);
      const top = yScale(yEdges[row + 1] ?? 0);
      const share = peak === 0 ? 0 : Math.log1p(count) / peak;
      marks.push({
        kind: "rect",
        x: left,
        y: top,
        width: right - left + 0.3,
        height: bottom - top + 0.3,
        fill: sequential(share),
      });
      byRow[row]?.push({
        x: (left + right) / 2,
        y: (top + bottom) / 2,
        text: `${String(count)} requests at ${textOf(xEdges[column] ?? 0, x.unit)}, ${textOf(yEdges[row] ?? 0, y.unit)} and up`,
      });
    }
  }
  if (diagonal !== undefined) marks.push(...diagonalMarks({ x, y, xScale, yScale }, diagonal));
  const series = byRow.flatMap((readings, row) =>
    readings.length === 0 ? [] : [{ name: `row ${String(row + 1)}`, readings }],
  );
  return {
    scene: { ...size, marks },
    plot,
    series,
    valueAtX: (pixel) => xScale.invert(pixel),
    pixelOfX: (value) => xScale(value),
  };
}

type Scales = {
  readonly x: Axis;
  readonly y: Axis;
  readonly xScale: Scale;
  readonly yScale: Scale;
};

function diagonalMarks({ x, y, xScale, yScale }: Scales, words: string): Mark[] {
  const low = Math.max(x.domain[0], y.domain[0]);
  const high = Math.min(x.domain[1], y.domain[1]);
  const [left, bottom] = [xScale(low), yScale(low)];
  const [right, top] = [xScale(high), yScale(high)];
  const d = `M${String(left)},${String(bottom)}L${String(right)},${String(top)}`;
  return [
    { kind: "path", d, stroke: "ink", width: 1.2, dash: "5 4" },
    { kind: "text", x: right - 6, y: top + 14, text: words, anchor: "end", ink: "ink", halo: true },
  ];
}
