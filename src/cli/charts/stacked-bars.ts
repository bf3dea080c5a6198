/** Horizontal bars cut into parts: what several times consist of. */

import { scaleLinear } from "d3-scale";
import { numberText } from "../numbers.ts";
import { axisX, emptyPicture, FRAME, picture } from "./frame.ts";
import { coordinate, escapeText, textAt } from "./svg.ts";
import { linearTicks, shortNumber } from "./ticks.ts";

export type StackedPart = { readonly name: string; readonly colour: string };
export type StackedBar = {
  readonly name: string;
  /** One per part, in their order; not negative. */
  readonly values: readonly number[];
};

/** Most of a row's height that its bar takes, and its largest height, px. */
const BAR_SHARE = 0.62;
const BAR_HEIGHT = 26;
/** Room for the bar's sum at its end, px. */
const SUM_ROOM = 48;
/** Pixels a letter at this size: only the spacing of the legend depends on it. */
const LETTER_WIDTH = 5.8;

/** `unit` names the x axis. */
export function stackedBars(
  title: string,
  parts: readonly StackedPart[],
  bars: readonly StackedBar[],
  unit: string,
): string {
  if (bars.length === 0) return emptyPicture(FRAME, title, "no request completed");
  const frame = { ...FRAME, top: 46 };
  const sums = bars.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const x = scaleLinear([0, Math.max(...sums, 1e-9)], [frame.left, frame.right - SUM_ROOM]);
  const row = (frame.bottom - frame.top) / bars.length;
  const height = Math.min(BAR_HEIGHT, row * BAR_SHARE);
  const drawn = bars.map(({ name, values }, index) => {
    const middle = frame.top + (index + 0.5) * row;
    let from = 0;
    const rects = values.map((value, i) => {
      const left = x(from);
      from += value;
      const width = x(from) - left;
      if (width <= 0) return "";
      const { name: part, colour } = parts[i]!;
      return (
        `<rect x="${coordinate(left)}" y="${coordinate(middle - height / 2)}" ` +
        `width="${coordinate(width)}" height="${coordinate(height)}" fill="${colour}">` +
        `<title>${escapeText(`${name}, ${part}: ${numberText(value)} ${unit}`)}</title></rect>`
      );
    });
    return (
      textAt({ x: frame.left - 6, y: middle + 4 }, name, "end", "name") +
      rects.join("") +
      textAt({ x: x(from) + 5, y: middle + 4 }, numberText(sums[index]!), "start", "name")
    );
  });
  return picture(
    frame,
    title,
    axisX(frame, linearTicks(x, 6, shortNumber), unit) + drawn.join("") + legend(parts),
  );
}

/** Names of the parts below the title, from the left. */
function legend(parts: readonly StackedPart[]): string {
  let left = 8;
  return parts
    .map(({ name, colour }) => {
      const at = left;
      left += name.length * LETTER_WIDTH + 28;
      return (
        `<rect x="${coordinate(at)}" y="27" width="9" height="9" rx="2" fill="${colour}"/>` +
        textAt({ x: at + 13, y: 35 }, name, "start", "name")
      );
    })
    .join("");
}
