/** Faults over simulated time: from when each struck to when goodput was back. */

import { scaleLinear } from "d3-scale";
import { numberText, secondsText } from "../numbers.ts";
import { axisX, FRAME, picture } from "./frame.ts";
import { coordinate, escapeText, textAt } from "./svg.ts";
import { timeTicks } from "./time-series.ts";

export type FaultWindow = {
  readonly name: string;
  readonly fromS: number;
  /** Infinity: goodput did not come back; equal to `fromS`: it never fell. */
  readonly toS: number;
};

const LEFT = 130;
const ROW = 20;
const BAR = 12;
/** Shortest bar that is seen, px. */
const MARK = 3;

/** One row for each fault; `endS`: the end of the run. */
export function faultWindows(title: string, windows: readonly FaultWindow[], endS: number): string {
  const bottom = FRAME.top + Math.max(3, windows.length) * ROW;
  const frame = { ...FRAME, left: LEFT, bottom, height: bottom + FRAME.height - FRAME.bottom };
  const x = scaleLinear([0, Math.max(endS, 1e-9)], [frame.left, frame.right]);
  const rows = windows.map(({ name, fromS, toS }, index) => {
    const y = frame.top + (index + 0.5) * ROW;
    const left = x(fromS);
    const isOpen = toS === Infinity;
    const width = Math.max(MARK, x(Math.min(toS, endS)) - left);
    const colour = isOpen ? "var(--bad)" : toS > fromS ? "var(--c2)" : "var(--faint)";
    const back = isOpen ? "not back" : toS > fromS ? `back after ${secondsText(toS - fromS)}` : "";
    return (
      textAt({ x: frame.left - 6, y: y + 4 }, name, "end", "name") +
      `<rect x="${coordinate(left)}" y="${coordinate(y - BAR / 2)}" width="${coordinate(width)}" ` +
      `height="${String(BAR)}" rx="2" fill="${colour}"><title>` +
      `${escapeText(`${name} at ${numberText(fromS)} s${back === "" ? "" : `, ${back}`}`)}</title></rect>`
    );
  });
  return picture(
    frame,
    title,
    axisX(frame, timeTicks(endS, frame.left, frame.right), "simulated time") + rows.join(""),
  );
}
