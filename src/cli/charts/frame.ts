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

/** Names of the series at the top right, in their colours. */
export function legend(frame: Frame, names: readonly string[]): string {
  let right = frame.right;
  const parts: string[] = [];
  for (const [index, name] of [...names.entries()].toReversed()) {
    parts.push(textAt({ x: right, y: 16 }, name, "end", "name"));
    // About six pixels a letter at this size: only the spacing of the legend depends on it.
    const left = right - name.length * 6.2 - 12;
    parts.push(
      `<rect x="${coordinate(left)}" y="8" width="9" height="9" rx="2" fill="${seriesColour(index)}"/>`,
    );
    right = left - 12;
  }
  return parts.join("");
}

/** The picture: title above, content inside. The title is its name for screen readers too. */
export function picture(frame: Frame, title: string, content: string): string {
  const size = `viewBox="0 0 ${String(frame.width)} ${String(frame.height)}"`;
  return (
    `<svg class="chart" xmlns="http://www.w3.org/2000/svg" ${size} role="img" ` +
    `aria-label="${escapeText(title)}">${textAt({ x: 8, y: 17 }, title, "start", "title")}` +
    `${content}</svg>\n`
  );
}

/** The picture that says that there is nothing to show, and why. */
export function emptyPicture(frame: Frame, title: string, reason: string): string {
  const middle = { x: frame.width / 2, y: (frame.top + frame.bottom) / 2 };
  return picture(frame, title, textAt(middle, reason, "middle"));
}
