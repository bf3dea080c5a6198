/**
 * The workers' time as pixels: for every worker a row, for every column of pixels the share of its time that
 * went into steps with prompts and into pure decoding. Costs rows × pixels whatever the number of steps: a
 * level of the pyramid where steps are narrower than a pixel, the steps themselves where they are wider.
 */

import type { PyramidLevel, SlicePyramid } from "../../workers/protocol.ts";

/** Window of time, µs, and the picture's size in device pixels. */
export type PaintView = {
  readonly fromUs: number;
  readonly toUs: number;
  readonly width: number;
  readonly height: number;
};

/** Colours as the canvas stores them: bytes A, B, G, R of one number. */
export type PaintColours = {
  readonly ground: number;
  readonly gap: number;
  readonly mixed: number;
  readonly decode: number;
};

/** "#rrggbb" as the canvas stores it. */
export function packedColour(hex: string): number {
  const rgb = Number.parseInt(hex.slice(1, 7), 16);
  const [r, g, b] = [(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255];
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** Pixel rows of a worker; above `height` workers, several share one. */
export function rowsOf(pyramid: SlicePyramid, height: number): number {
  return Math.max(1, Math.floor(height / Math.max(1, pyramid.workers)));
}

/** Paints everything into `pixels` (width × height). `scratch` has two arrays of `width`. */
export function paint(
  pyramid: SlicePyramid,
  view: PaintView,
  colours: PaintColours,
  pixels: Uint32Array,
): void {
  const { width, height } = view;
  pixels.fill(colours.ground);
  const rowHeight = rowsOf(pyramid, height);
  const step = Math.max(1, Math.ceil(pyramid.workers / height));
  const level = levelFor(pyramid, view);
  const mixed = new Float32Array(width);
  const decode = new Float32Array(width);
  let top = 0;
  for (let worker = 0; worker < pyramid.workers && top < height; worker += step) {
    mixed.fill(0);
    decode.fill(0);
    if (level === undefined) sharesOfSlices(pyramid, worker, view, mixed, decode);
    else sharesOfLevel(level, worker, view, mixed, decode);
    paintRow(mixed, decode, { top, rowHeight, width }, colours, pixels);
    top += rowHeight;
  }
}

/** The coarsest level that is still finer than a pixel; none when steps themselves are to be drawn. */
function levelFor(
  pyramid: SlicePyramid,
  { fromUs, toUs, width }: PaintView,
): PyramidLevel | undefined {
  const pixelUs = (toUs - fromUs) / width;
  return pyramid.levels.findLast(({ bucketUs }) => bucketUs <= pixelUs);
}

function sharesOfLevel(
  level: PyramidLevel,
  worker: number,
  { fromUs, toUs, width }: PaintView,
  mixed: Float32Array,
  decode: Float32Array,
): void {
  const pixelUs = (toUs - fromUs) / width;
  const base = worker * level.buckets;
  for (let x = 0; x < width; x++) {
    const first = Math.floor((fromUs + x * pixelUs) / level.bucketUs);
    const last = Math.max(first, Math.ceil((fromUs + (x + 1) * pixelUs) / level.bucketUs) - 1);
    let count = 0;
    for (let bucket = Math.max(0, first); bucket <= last && bucket < level.buckets; bucket++) {
      mixed[x]! += level.mixed[base + bucket]!;
      decode[x]! += level.decode[base + bucket]!;
      count++;
    }
    if (count > 1) {
      mixed[x]! /= count;
      decode[x]! /= count;
    }
  }
}

function sharesOfSlices(
  pyramid: SlicePyramid,
  worker: number,
  { fromUs, toUs, width }: PaintView,
  mixed: Float32Array,
  decode: Float32Array,
): void {
  const { rowStart, startUs, endsUs, kind } = pyramid;
  const pixelUs = (toUs - fromUs) / width;
  const end = rowStart[worker + 1]!;
  for (let i = firstSlice(pyramid, worker, fromUs); i < end && startUs[i]! < toUs; i++) {
    const into = kind[i] === 0 ? mixed : decode;
    const from = Math.max(0, (startUs[i]! - fromUs) / pixelUs);
    const to = Math.min(width, (endsUs[i]! - fromUs) / pixelUs);
    for (let x = Math.floor(from); x < to; x++) {
      into[x]! += Math.min(to, x + 1) - Math.max(from, x);
    }
  }
}

/** The first step of a worker that ends after a time. */
export function firstSlice({ rowStart, endsUs }: SlicePyramid, worker: number, us: number): number {
  let low = rowStart[worker]!;
  let high = rowStart[worker + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (endsUs[middle]! > us) high = middle;
    else low = middle + 1;
  }
  return low;
}

type Row = { readonly top: number; readonly rowHeight: number; readonly width: number };

/** Decode stands on the base of the row, prompts on top of it; a gap of a pixel parts the rows. */
function paintRow(
  mixed: Float32Array,
  decode: Float32Array,
  { top, rowHeight, width }: Row,
  colours: PaintColours,
  pixels: Uint32Array,
): void {
  const bar = rowHeight > 3 ? rowHeight - 1 : rowHeight;
  for (let x = 0; x < width; x++) {
    const m = mixed[x]!;
    const d = decode[x]!;
    if (m + d <= 0) continue;
    // A step that is much narrower than a pixel still leaves a trace.
    const decodeRows = d > 0 ? Math.max(m > 0 ? 0 : 1, Math.round(Math.min(1, d) * bar)) : 0;
    const mixedRows =
      m > 0 ? Math.min(bar - Math.min(bar - 1, decodeRows), Math.max(1, Math.round(m * bar))) : 0;
    let at = (top + bar - 1) * width + x;
    for (let y = 0; y < Math.min(bar, decodeRows); y++, at -= width) pixels[at] = colours.decode;
    if (decodeRows + mixedRows > bar) at = (top + mixedRows - 1) * width + x;
    for (let y = 0; y < mixedRows; y++, at -= width) pixels[at] = colours.mixed;
  }
  if (bar < rowHeight) {
    const from = (top + bar) * width;
    pixels.fill(colours.gap, from, from + width);
  }
}
