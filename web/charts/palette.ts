/**
 * Colours by what they stand for. The six roles were computed to be told apart with every usual colour
 * blindness and to stand out from their ground (reference page of the explorer, §8; test/web/palette.test.ts
 * computes it again). Each role also has a dash and a glyph: colour is never the only sign.
 */

import { interpolateCividis } from "d3-scale-chromatic";

export const ROLES = ["prefill", "decode", "transfer", "queue", "policy", "idle"] as const;
export type Role = (typeof ROLES)[number];

/** What a mark is drawn in: a role, a part of the page, or a colour of a scale. */
export type Ink =
  | Role
  | "ink"
  | "faint"
  | "grid"
  | "paper"
  | "panel"
  | "accent"
  | "good"
  | "bad"
  | `#${string}`
  | `rgb(${string})`;

type NamedInk = Exclude<Ink, `#${string}` | `rgb(${string})`>;
export type ThemeColours = Readonly<Record<NamedInk, string>>;

export const LIGHT: ThemeColours = {
  prefill: "#0046b0",
  decode: "#7e2306",
  transfer: "#34a072",
  queue: "#d168b8",
  policy: "#9a8f0f",
  idle: "#303030",
  ink: "#1a2029",
  faint: "#5b6573",
  grid: "#e3e6ea",
  paper: "#f6f7f9",
  panel: "#ffffff",
  accent: "#0046b0",
  good: "#0046b0",
  bad: "#b34700",
};

export const DARK: ThemeColours = {
  prefill: "#4270f5",
  decode: "#b3411c",
  transfer: "#8dfed1",
  queue: "#ef8be1",
  policy: "#faea58",
  idle: "#686868",
  ink: "#e8ebf0",
  faint: "#a3adba",
  grid: "#262f3b",
  paper: "#0b0f14",
  panel: "#10151c",
  accent: "#7da0ff",
  good: "#7da0ff",
  bad: "#ff9a57",
};

/** Dash patterns by role, in pixels; empty: solid. */
export const DASHES: Readonly<Record<Role, string>> = {
  prefill: "",
  decode: "",
  transfer: "6 3",
  queue: "2 2",
  policy: "10 4",
  idle: "1 3",
};

/** Signs by role. */
export const GLYPHS: Readonly<Record<Role, string>> = {
  prefill: "▲",
  decode: "●",
  transfer: "◆",
  queue: "■",
  policy: "★",
  idle: "·",
};

export function colourOf(ink: Ink, theme: ThemeColours): string {
  return ink.startsWith("#") || ink.startsWith("rgb") ? ink : theme[ink as NamedInk];
}

/** Colour of a share on the sequential scale, 0 … 1. */
export function sequential(share: number): Ink {
  return interpolateCividis(Math.min(1, Math.max(0, share))) as Ink;
}
