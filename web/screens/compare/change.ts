/** A change from the baseline in words: how much, and whether that is better. */

import { percentText } from "../../../src/core/index.ts";

export type Change = { readonly text: string; readonly mood: "good" | "bad" | "same" };

/** Relative changes below this are noise of the last digits (assumption). */
const SAME_SHARE = 0.0005;

export function changeText(
  from: number,
  to: number,
  betterIs: "more" | "less" | "neither",
): Change {
  if (from === to) return { text: "=", mood: "same" };
  const share = from === 0 ? Infinity : (to - from) / Math.abs(from);
  if (Math.abs(share) < SAME_SHARE) return { text: "≈", mood: "same" };
  const sign = to > from ? "▲ +" : "▼ −";
  const text = Number.isFinite(share) ? `${sign}${percentText(Math.abs(share))}` : `${sign}new`;
  if (betterIs === "neither") return { text, mood: "same" };
  const isBetter = to > from === (betterIs === "more");
  return { text: `${text} ${isBetter ? "✓" : "✕"}`, mood: isBetter ? "good" : "bad" };
}
