/** Rows of the timeline as pixels: courses as areas, stretches of time as bars. Costs rows × pixels. */

import type { TimeView } from "./view-window.ts";

/** A course: the value at i held over the interval that ends at `timeS[i]`. */
export type Course = {
  readonly values: ArrayLike<number>;
  /** Packed colour of the area. */
  readonly colour: number;
};

export type LaneSpan = {
  readonly fromUs: number;
  readonly toUs: number;
  readonly colour: number;
  /** Solid, or with every other diagonal left out. */
  readonly hatched: boolean;
  readonly words: string;
};

/** Heights are in CSS pixels. */
export type LaneRow = {
  readonly name: string;
  readonly height: number;
  /** What lies at a time, said. */
  readonly words: (us: number) => string;
} & (
  | {
      readonly kind: "area";
      readonly courses: readonly Course[];
      /** Value at the full height, and its words. */
      readonly top: number;
      readonly scale: string;
    }
  | { readonly kind: "spans"; readonly spans: readonly LaneSpan[] }
);

export type RowsPicture = {
  readonly timeUs: Float64Array;
  readonly rows: readonly LaneRow[];
  /** Packed colours: behind rows, and between them. */
  readonly ground: number;
  readonly gap: number;
};

export type RowsView = TimeView & { readonly width: number; readonly ratio: number };

/** Index of the sample whose interval a time lies in, both in the same unit; the number of samples after the last. */
export function sampleAt(times: ArrayLike<number>, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Height of all rows in CSS pixels. */
export function heightOf(rows: readonly LaneRow[]): number {
  return rows.reduce((sum, { height }) => sum + height, 0);
}

/** The row at a height, and where it begins. */
export function rowAt(rows: readonly LaneRow[], y: number): LaneRow | undefined {
  let top = 0;
  for (const row of rows) {
    if (y >= top && y < top + row.height) return row;
    top += row.height;
  }
  return undefined;
}

/** Paints all rows, top down, into `pixels` of `width` columns. */
export function paintRows(picture: RowsPicture, view: RowsView, pixels: Uint32Array): void {
  const { width, ratio } = view;
  pixels.fill(picture.ground);
  const columns = columnsOf(picture.timeUs, view);
  let top = 0;
  let edge = 0;
  for (const row of picture.rows) {
    edge += row.height;
    const bottom = Math.round(edge * ratio);
    // A gap of a pixel parts the rows.
    const box = { top, bottom: bottom - 1, width };
    if (row.kind === "spans") paintSpans(row.spans, view, box, pixels);
    else for (const course of row.courses) paintArea(course, row.top, columns, box, pixels);
    pixels.fill(picture.gap, (bottom - 1) * width, bottom * width);
    top = bottom;
  }
}

type Box = { readonly top: number; readonly bottom: number; readonly width: number };
/** First and last sample under each column of pixels. */
type Columns = { readonly first: Int32Array; readonly last: Int32Array };

function columnsOf(timeUs: Float64Array, { fromUs, toUs, width }: RowsView): Columns {
  const first = new Int32Array(width);
  const last = new Int32Array(width);
  const pixelUs = (toUs - fromUs) / width;
  let at = sampleAt(timeUs, fromUs);
  for (let x = 0; x < width; x++) {
    first[x] = at;
    const untilUs = fromUs + (x + 1) * pixelUs;
    while (at < timeUs.length && timeUs[at]! < untilUs) at++;
    last[x] = at;
  }
  return { first, last };
}

/** The most of the samples under a column, so that no peak is lost; NaN: none has a value. */
function mostAt(values: ArrayLike<number>, { first, last }: Columns, x: number): number {
  let most = NaN;
  const end = Math.min(last[x]!, values.length - 1);
  for (let i = first[x]!; i <= end; i++) {
    const value = values[i]!;
    if (!(value <= most) && !Number.isNaN(value)) most = value;
  }
  return most;
}

function paintArea(
  { values, colour }: Course,
  most: number,
  columns: Columns,
  { top, bottom, width }: Box,
  pixels: Uint32Array,
): void {
  const height = bottom - top;
  // First row of each column; then line by line, as the pixels lie in memory.
  const edges = new Int32Array(width).fill(bottom);
  let first = bottom;
  for (let x = 0; x < width; x++) {
    const value = mostAt(values, columns, x);
    if (!(value > 0)) continue;
    const edge = bottom - Math.max(1, Math.round(Math.min(1, value / most) * height));
    edges[x] = edge;
    if (edge < first) first = edge;
  }
  for (let y = first; y < bottom; y++) {
    const line = y * width;
    for (let x = 0; x < width; x++) if (edges[x]! <= y) pixels[line + x] = colour;
  }
}

/** Pixels of a diagonal, and of the gap after it. */
const HATCH = 4;

function paintSpans(
  spans: readonly LaneSpan[],
  { fromUs, toUs }: RowsView,
  { top, bottom, width }: Box,
  pixels: Uint32Array,
): void {
  const pixelUs = (toUs - fromUs) / width;
  for (const span of spans) {
    if (span.toUs < fromUs || span.fromUs > toUs) continue;
    const left = Math.max(0, Math.floor((span.fromUs - fromUs) / pixelUs));
    const right = Math.min(width, Math.max(left + 2, Math.ceil((span.toUs - fromUs) / pixelUs)));
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        if (span.hatched && (x + y) % (2 * HATCH) >= HATCH) continue;
        pixels[y * width + x] = span.colour;
      }
    }
  }
}
