/** The timeline's painter at work on many steps, timed where this module runs. */

import { slicePyramid } from "../../src/plan/index.ts";
import { stream } from "../../src/core/index.ts";
import { paint } from "../../web/screens/timeline/paint.ts";
import { heightOf, paintRows } from "../../web/screens/timeline/lane-rows.ts";
import type { LaneRow } from "../../web/screens/timeline/lane-rows.ts";
import { panned, zoomed } from "../../web/screens/timeline/view-window.ts";

export type Frames = {
  readonly buildMs: number;
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly mostMs: number;
};

const WORKERS = 16;
const WIDTH = 1400;
const HEIGHT = 420;

/** Other lanes on the screen, and their samples. */
const LANES = 30;
const SAMPLES = 2000;

function lanes(endUs: number) {
  const random = stream(1, "lanes");
  const timeUs = Float64Array.from({ length: SAMPLES }, (_, i) => ((i + 1) * endUs) / SAMPLES);
  const rows = Array.from({ length: LANES }, (_, i): LaneRow => ({
    kind: "area",
    name: String(i),
    height: 24,
    top: 1,
    scale: "",
    courses: [{ values: timeUs.map(() => random.next()), colour: 3 }],
    words: () => "",
  }));
  return { timeUs, rows, ground: 1, gap: 2 };
}

/** The parts of a page that Node's types do not have. */
type Canvas = { width: number; height: number; getContext(kind: "2d"): Context | null };
type Context = { putImageData(image: unknown, x: number, y: number): void };
type Pageish = {
  readonly OffscreenCanvas: new (width: number, height: number) => Canvas;
  readonly ImageData: new (
    width: number,
    height: number,
  ) => {
    readonly data: { readonly buffer: ArrayBuffer };
  };
};

/** Pans and zooms through `steps` steps of work; every frame paints and puts its pixels on a canvas. */
export function frames(steps: number): Frames {
  const random = stream(1, "timeline");
  const perWorker = Math.floor(steps / WORKERS);
  const rows = perWorker * WORKERS;
  const column = (of: (i: number) => number): Float64Array =>
    Float64Array.from({ length: rows }, (_, i) => of(i));
  const startUs = new Float64Array(rows);
  const endUs = new Float64Array(rows);
  let last = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    if (i % perWorker === 0) at = 0;
    startUs[i] = at;
    at += random.exponential(8000);
    endUs[i] = at;
    at += random.next() < 0.2 ? random.exponential(4000) : 0;
    last = Math.max(last, at);
  }
  const before = performance.now();
  const pyramid = slicePyramid(
    {
      rows,
      worker: Int32Array.from({ length: rows }, (_, i) => Math.floor(i / perWorker)),
      startUs,
      endUs,
      kind: Uint8Array.from({ length: rows }, (_, i) => i & 1),
      steps: column(() => 1),
      prefillTokens: column(() => 0),
      prefillRequests: new Uint32Array(rows),
      decodeRequests: new Uint32Array(rows),
      truncated: false,
    },
    WORKERS,
    last,
  );
  const buildMs = performance.now() - before;
  const page = globalThis as unknown as Pageish;
  const context = new page.OffscreenCanvas(WIDTH, HEIGHT).getContext("2d");
  const image = new page.ImageData(WIDTH, HEIGHT);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = { ground: 1, gap: 2, mixed: 3, decode: 4 };
  const beside = lanes(last);
  const laneHeight = heightOf(beside.rows);
  const laneContext = new page.OffscreenCanvas(WIDTH, laneHeight).getContext("2d");
  const laneImage = new page.ImageData(WIDTH, laneHeight);
  const lanePixels = new Uint32Array(laneImage.data.buffer);
  let view = { fromUs: 0, toUs: last };
  const took: number[] = [];
  for (let i = 0; i < 240; i++) {
    // In to single steps, along, and out again.
    view =
      i < 80
        ? zoomed(view, 0.88, last / 3, last)
        : i < 160
          ? panned(view, 0.3, last)
          : zoomed(view, 1 / 0.88, last / 2, last);
    const start = performance.now();
    paint(pyramid, { ...view, width: WIDTH, height: HEIGHT }, colours, pixels);
    context?.putImageData(image, 0, 0);
    paintRows(beside, { ...view, width: WIDTH, ratio: 1 }, lanePixels);
    laneContext?.putImageData(laneImage, 0, 0);
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  return {
    buildMs,
    count: took.length,
    medianMs: took[120] ?? NaN,
    p99Ms: took[237] ?? NaN,
    mostMs: took.at(-1) ?? NaN,
  };
}
