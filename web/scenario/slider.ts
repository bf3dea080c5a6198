/** Sliders: a range around the value, its steps, and the way between positions and numbers. */

import type { NumberField } from "./fields.ts";

export type SliderRange = {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  readonly isLog: boolean;
};

export const POSITIONS = 1000;
/** A value may be dragged to this many times itself when nothing bounds it (assumption). */
const REACH = 8;

/** `null` where a slider says nothing: seeds, and limits that nobody drags. */
export function sliderRange(field: NumberField, value: number | null): SliderRange | null {
  if (value === null || field.key === "seed" || field.path[0] === "limits") return null;
  const { integer } = field;
  const usual = typeof field.default === "number" && field.default > 0 ? field.default : 1;
  const most = Math.min(field.max, Math.max(usual, value) * REACH, Number.MAX_SAFE_INTEGER);
  if (field.max <= 1 && field.min >= 0)
    return { min: field.min, max: field.max, integer, isLog: false };
  const least = integer
    ? Math.max(1, field.min)
    : Math.max(field.min, Math.min(usual, value) / REACH);
  if (!(most > least) || !(least > 0)) {
    return most > 0
      ? { min: Math.max(0, field.min), max: Math.max(most, 10), integer, isLog: false }
      : null;
  }
  // Stable under a drag: the ends are powers of two of the default, not of the value.
  const ends = {
    min: integer ? 1 : usual / 2 ** Math.ceil(Math.log2(usual / least)),
    max: Math.min(field.max, usual * 2 ** Math.max(6, Math.ceil(Math.log2(most / usual)))),
  };
  return { ...ends, integer, isLog: true };
}

export function toSlider({ min, max, isLog }: SliderRange, value: number): number {
  const clamped = Math.min(max, Math.max(min, value));
  const share = isLog
    ? Math.log(clamped / min) / Math.log(max / min)
    : (clamped - min) / (max - min);
  return Math.round(share * POSITIONS);
}

export function fromSlider({ min, max, integer, isLog }: SliderRange, position: number): number {
  const share = position / POSITIONS;
  const value = isLog ? min * (max / min) ** share : min + share * (max - min);
  if (integer) return Math.round(value);
  return Number(value.toPrecision(3));
}
