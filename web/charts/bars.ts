/** Horizontal stacked bars: parts of a whole, one bar per group. */

import { axisX, scaleOf, textOf } from "./axes.ts";
import type { Axis } from "./axes.ts";
import { GLYPHS } from "./palette.ts";
import type { Role } from "./palette.ts";
import type { Drawn, Mark, Reading, Size } from "./scene.ts";

export type Part = {
  readonly name: string;
  readonly role: Role;
  readonly values: readonly number[];
};

export type BarsOptions = {
  readonly groups: readonly string[];
  readonly parts: readonly Part[];
  readonly x: Axis;
  /** Bars of the baseline, drawn thinner under each group's. */
  readonly baseline?: readonly Part[];
  /** Where each group's bar starts; 0 when absent. */
  readonly offsets?: readonly number[];
};

/** Width of a letter of a label, pixels. */
const LETTER = 6.4;

/** The end of a label that is too long: what tells links and files apart stands there. */
function fitted(text: string, width: number): string {
  const most = Math.max(4, Math.floor(width / LETTER));
  return text.length <= most ? text : `…${text.slice(1 - most)}`;
}

export function drawBars({ groups, parts, x, baseline, offsets }: BarsOptions, size: Size): Drawn {
  const longest = Math.max(4, ...groups.map((group) => group.length));
  const plot = {
    left: Math.min(size.width * 0.35, 16 + longest * LETTER),
    top: 8,
    right: size.width - 14,
    bottom: size.height - 38,
  };
  const scale = scaleOf(x, [plot.left, plot.right]);
  const band = (plot.bottom - plot.top) / Math.max(1, groups.length);
  const marks: Mark[] = [...axisX(x, scale, plot)];
  const readings: Reading[][] = parts.map(() => []);
  groups.forEach((group, row) => {
    const top = plot.top + row * band + band * 0.16;
    const height = band * (baseline === undefined ? 0.68 : 0.42);
    marks.push({
      kind: "text",
      x: plot.left - 8,
      y: top + height / 2 + 4,
      text: fitted(group, plot.left - 10),
      anchor: "end",
      ink: "ink",
    });
    stack(parts, row, { top, height, isBaseline: false });
    if (baseline !== undefined) {
      stack(baseline, row, { top: top + height + 2, height: band * 0.2, isBaseline: true });
    }
  });

  function stack(
    of: readonly Part[],
    row: number,
    bar: { readonly top: number; readonly height: number; readonly isBaseline: boolean },
  ): void {
    let sum = offsets?.[row] ?? 0;
    of.forEach((part, index) => {
      const value = part.values[row] ?? 0;
      const left = scale(sum);
      const right = scale(sum + value);
      sum += value;
      if (right - left < 0.05) return;
      const { top, height, isBaseline } = bar;
      const opacity = isBaseline ? { opacity: 0.55 } : {};
      marks.push({
        kind: "rect",
        x: left,
        y: top,
        width: right - left - 1,
        height,
        fill: part.role,
        ...opacity,
      });
      if (isBaseline) return;
      readings[index]?.push({
        x: (left + right) / 2,
        y: top + height / 2,
        text: `${groups[row] ?? ""}: ${part.name} ${textOf(value, x.unit)}`,
      });
    });
  }

  return {
    scene: { ...size, marks },
    plot,
    series: parts.map((part, i) => ({
      name: `${GLYPHS[part.role]} ${part.name}`,
      readings: readings[i] ?? [],
    })),
  };
}
