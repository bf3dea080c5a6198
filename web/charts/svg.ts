/** A scene as SVG text: the picture on screen and the exported one. */

import { colourOf } from "./palette.ts";
import type { Ink, ThemeColours } from "./palette.ts";
import type { Mark, Scene } from "./scene.ts";

const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";

/** Coordinates to a tenth of a pixel. */
function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export type SvgOptions = {
  readonly theme: ThemeColours;
  /** Title, description and ground: for a file that stands alone. */
  readonly alone?: { readonly title: string; readonly description: string };
};

export function svgOf(scene: Scene, { theme, alone }: SvgOptions): string {
  const { width, height } = scene;
  const body = scene.marks.map((mark) => markText(mark, theme)).join("");
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${at(width)}" height="${at(height)}" ` +
    `viewBox="0 0 ${at(width)} ${at(height)}" font-family="${FONT}" font-size="11"`;
  if (alone === undefined) return `${head} aria-hidden="true">${body}</svg>`;
  const ground = `<rect width="${at(width)}" height="${at(height)}" fill="${theme.panel}"/>`;
  return (
    `${head} role="img"><title>${escapeText(alone.title)}</title>` +
    `<desc>${escapeText(alone.description)}</desc>${ground}${body}</svg>\n`
  );
}

function markText(mark: Mark, theme: ThemeColours): string {
  switch (mark.kind) {
    case "path":
      return `<path d="${mark.d}"${paint(mark, theme)}/>`;
    case "rect": {
      const { x, y, width, height, radius } = mark;
      const corner = radius === undefined ? "" : ` rx="${at(radius)}"`;
      const box = `x="${at(x)}" y="${at(y)}" width="${at(Math.max(0, width))}" height="${at(Math.max(0, height))}"`;
      return `<rect ${box}${corner}${paint(mark, theme)}/>`;
    }
    case "circle":
      return `<circle cx="${at(mark.x)}" cy="${at(mark.y)}" r="${at(mark.radius)}"${paint(mark, theme)}/>`;
    case "text":
      return textMark(mark, theme);
  }
}

function textMark(mark: Extract<Mark, { kind: "text" }>, theme: ThemeColours): string {
  const { x, y, text, anchor = "start", ink = "faint", size, bold, halo, turn } = mark;
  const place = `x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" fill="${colourOf(ink, theme)}"`;
  const extra =
    (size === undefined ? "" : ` font-size="${at(size)}"`) +
    (bold === true ? ' font-weight="600"' : "") +
    (turn === undefined ? "" : ` transform="rotate(${at(turn)} ${at(x)} ${at(y)})"`) +
    (halo === true
      ? ` paint-order="stroke" stroke="${theme.panel}" stroke-width="3" stroke-linejoin="round"`
      : "");
  return `<text ${place}${extra}>${escapeText(text)}</text>`;
}

type Painted = {
  readonly stroke?: Ink;
  readonly fill?: Ink;
  readonly width?: number;
  readonly dash?: string;
  readonly opacity?: number;
  readonly kind: Mark["kind"];
};

function paint(mark: Painted, theme: ThemeColours): string {
  const { stroke, fill, dash, opacity } = mark;
  const line = mark.kind === "path" ? (mark.width ?? 1.6) : 1;
  return (
    ` fill="${fill === undefined ? "none" : colourOf(fill, theme)}"` +
    (stroke === undefined
      ? ""
      : ` stroke="${colourOf(stroke, theme)}" stroke-width="${at(line)}"`) +
    (dash === undefined || dash === "" ? "" : ` stroke-dasharray="${dash}"`) +
    (opacity === undefined ? "" : ` opacity="${String(opacity)}"`)
  );
}
