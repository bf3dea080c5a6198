/** The frame that every chart stands in: size, margins, axes, grid, legend. */

import { coordinate, escapeText, lineAt, seriesColour, textAt } from "./svg.ts";

/** The plot's rectangle in pixels of the viewBox. */
export type Frame = {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};

export const FRAME: Frame = { width: 560, height: 260, left: 56, right: 544, top: 34, bottom: 222 };

export type Tick = { readonly at: number; readonly text: string };

/** Horizontal grid with labels at its left. */
export function axisY(frame: Frame, ticks: readonly Tick[]): string {
  return ticks
    .map(
      ({ at, text }) =>
        lineAt({ x1: frame.left, y1: at, x2: frame.right, y2: at }, "grid") +
        textAt({ x: frame.left - 6, y: at + 3.5 }, text, "end"),
    )
    .join("");
}

/** Ticks and labels below the plot, and the name of the axis. */
export function axisX(frame: Frame, ticks: readonly Tick[], name: string): string {
  const base = frame.bottom;
  const marks = ticks
    .map(
      ({ at, text }) =>
        lineAt({ x1: at, y1: frame.top, x2: at, y2: base }, "grid") +
        textAt({ x: at, y: base + 15 }, text, "middle"),
    )
    .join("");
  const middle = (frame.left + frame.right) / 2;
  return (
    marks +
    lineAt({ x1: frame.left, y1: base, x2: frame.right, y2: base }, "axis") +
    textAt({ x: middle, y: base + 32 }, name, "middle")
  );
}

const ROW = 16;
/** About so many pixels a letter: only the spacing of the legend depends on it. */
const LETTER = 6.8;
const TITLE_LETTER = 7;

type LegendRow = readonly { readonly name: string; readonly index: number }[];

const entryWidth = (name: string): number => name.length * LETTER + 24;
const rowWidth = (row: LegendRow): number =>
  row.reduce((sum, { name }) => sum + entryWidth(name), 0);

/** Names of the series: one row where they fit beside the title, else as many below it as they need. */
function legendRows(frame: Frame, title: string, names: readonly string[]): LegendRow[] {
  const all = names.map((name, index) => ({ name, index }));
  if (8 + title.length * TITLE_LETTER + rowWidth(all) <= frame.right) return [all];
  const rows: LegendRow[] = [[]];
  for (const entry of all) {
    const last = rows.at(-1)!;
    if (last.length > 0 && rowWidth([...last, entry]) > frame.right) rows.push([entry]);
    else rows[rows.length - 1] = [...last, entry];
  }
  return [[], ...rows];
}

/** A row of the legend in the colours of its series, to the right edge. */
function legendRow({ right: edge }: Frame, row: LegendRow, y: number): string {
  let right = edge;
  const parts: string[] = [];
  for (const { name, index } of row.toReversed()) {
    const left = right - entryWidth(name) + 12;
    parts.push(
      textAt({ x: right, y }, name, "end", "name"),
      `<rect x="${coordinate(left)}" y="${coordinate(y - 8)}" width="9" height="9" rx="2" fill="${seriesColour(index)}"/>`,
    );
    right = left - 12;
  }
  return parts.join("");
}

/**
 * The picture: title and legend above, content inside; it grows upwards with the rows of the legend. The title is its
 * name for screen readers too.
 */
export function picture(
  frame: Frame,
  title: string,
  content: string,
  names: readonly string[] = [],
): string {
  const rows = legendRows(frame, title, names);
  const extra = (rows.length - 1) * ROW;
  const legend = rows.map((row, i) => legendRow(frame, row, ROW - extra + i * ROW)).join("");
  const box = [0, -extra, frame.width, frame.height + extra].map(String).join(" ");
  return (
    `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="${box}" role="img" ` +
    `aria-label="${escapeText(title)}">${textAt({ x: 8, y: 17 - extra }, title, "start", "title")}` +
    `${content}${legend}</svg>\n`
  );
}

/** The picture that says that there is nothing to show, and why. */
export function emptyPicture(frame: Frame, title: string, reason: string): string {
  const middle = { x: frame.width / 2, y: (frame.top + frame.bottom) / 2 };
  return picture(frame, title, textAt(middle, reason, "middle"));
}
