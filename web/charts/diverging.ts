/** Bars to both sides of zero: changes of several things, side by side for a few groups. */

import { axisX, scaleOf, textOf } from "./axes.ts";
import type { Axis } from "./axes.ts";
import { GLYPHS } from "./palette.ts";
import type { Role } from "./palette.ts";
import type { Drawn, Mark, Reading, Size } from "./scene.ts";

export type DivergingOptions = {
  readonly rows: readonly string[];
  /** One bar a row each; values in the order of the rows. */
  readonly bars: readonly {
    readonly name: string;
    readonly role: Role;
    readonly values: readonly number[];
  }[];
  readonly x: Axis;
};

export function drawDiverging({ rows, bars, x }: DivergingOptions, size: Size): Drawn {
  const longest = Math.max(4, ...rows.map((row) => row.length));
  const plot = {
    left: Math.min(size.width * 0.35, 16 + longest * 6.4),
    top: 8,
    right: size.width - 16,
    bottom: size.height - 38,
  };
  const scale = scaleOf(x, [plot.left, plot.right]);
  const zero = scale(0);
  const band = (plot.bottom - plot.top) / Math.max(1, rows.length);
  const thick = (band * 0.7) / Math.max(1, bars.length);
  const marks: Mark[] = [...axisX(x, scale, plot)];
  const readings: Reading[][] = bars.map(() => []);
  rows.forEach((row, i) => {
    const top = plot.top + i * band + band * 0.15;
    marks.push({
      kind: "text",
      x: plot.left - 8,
      y: top + band * 0.35 + 4,
      text: row,
      anchor: "end",
      ink: "ink",
    });
    bars.forEach(({ name, role, values }, bar) => {
      const value = values[i] ?? 0;
      const end = scale(value);
      const y = top + bar * thick;
      const width = Math.abs(end - zero);
      if (width >= 0.5) {
        marks.push({
          kind: "rect",
          x: Math.min(end, zero),
          y,
          width,
          height: Math.max(1, thick - 1),
          fill: role,
        });
      }
      readings[bar]?.push({
        x: end,
        y: y + thick / 2,
        text: `${name}, ${row}: ${textOf(value, x.unit)}`,
      });
    });
  });
  const line = `M${String(zero)},${String(plot.top)}V${String(plot.bottom)}`;
  marks.push({ kind: "path", d: line, stroke: "ink", width: 1 });
  return {
    scene: { ...size, marks },
    plot,
    series: bars.map(({ name, role }, i) => ({
      name: `${GLYPHS[role]} ${name}`,
      readings: readings[i] ?? [],
    })),
  };
}
