/**
 * Small pieces of SVG as text. Colours are CSS variables of the page (`--ink`, `--grid`, `--c1` …),
 * so that one picture serves light and dark.
 */

/** Coordinates to a tenth of a pixel: enough for the eye, and pictures stay small. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Colour of the n-th series, repeating after six. */
export function seriesColour(index: number): string {
  return `var(--c${String((index % 6) + 1)})`;
}

export type Anchor = "start" | "middle" | "end";

export function textAt(
  place: { readonly x: number; readonly y: number },
  text: string,
  anchor: Anchor = "start",
  name = "tick",
): string {
  const at = `x="${coordinate(place.x)}" y="${coordinate(place.y)}"`;
  return `<text class="${name}" ${at} text-anchor="${anchor}">${escapeText(text)}</text>`;
}

export type Segment = {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
};

export function lineAt(segment: Segment, name: string): string {
  const { x1, y1, x2, y2 } = segment;
  return (
    `<line class="${name}" x1="${coordinate(x1)}" y1="${coordinate(y1)}" ` +
    `x2="${coordinate(x2)}" y2="${coordinate(y2)}"/>`
  );
}

/** Straight lines through the points; a point that is not finite breaks the line. */
export function pathThrough(points: readonly (readonly [x: number, y: number])[]): string {
  let path = "";
  let down = false;
  for (const [x, y] of points) {
    const drawn = Number.isFinite(x) && Number.isFinite(y);
    if (drawn) path += `${down ? "L" : "M"}${coordinate(x)},${coordinate(y)}`;
    down = drawn;
  }
  return path;
}
