/** Ticks of scales with labels that suit what is measured. */

import type { ScaleContinuousNumeric } from "d3-scale";
import { msText, numberText } from "../numbers.ts";
import type { Tick } from "./frame.ts";

type Scale = ScaleContinuousNumeric<number, number>;

/** Large numbers in short: 1,200 → 1.2k. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${String(Number((value / 1e9).toPrecision(3)))}G`;
  if (size >= 1e6) return `${String(Number((value / 1e6).toPrecision(3)))}M`;
  if (size >= 1e4) return `${String(Number((value / 1e3).toPrecision(3)))}k`;
  return numberText(value);
}

export function linearTicks(scale: Scale, count: number, text = shortNumber): Tick[] {
  return scale.ticks(count).map((value) => ({ at: scale(value), text: text(value) }));
}

/** Powers of ten, and between them 2 and 5 where the axis spans little. */
export function logTicks(scale: Scale, text: (value: number) => string = msText): Tick[] {
  const [low = 1, high = 10] = scale.domain();
  const decades = Math.log10(high / low);
  const steps = decades > 3 ? [1] : [1, 2, 5];
  const ticks: Tick[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of steps) {
      const value = Number(`${String(step)}e${String(power)}`);
      if (value < low || value > high) continue;
      ticks.push({ at: scale(value), text: text(value) });
    }
  }
  return ticks;
}
