/** Draws the Gantt chart: at most once a frame, straight into the canvas' pixels. */

import { numberText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { ThemeColours } from "../../charts/palette.ts";
import type { SlicePyramid } from "../../workers/protocol.ts";
import { firstSlice, packedColour, paint, rowsOf } from "./paint.ts";
import type { TimeView } from "./view-window.ts";

export type PainterOptions = {
  readonly width: number;
  readonly height: number;
  readonly theme: ThemeColours;
  /** Told after a frame in which the view changed. */
  readonly moved: (view: TimeView) => void;
};

/** More pixels than this ratio cost time and show nothing more. */
const RATIO_MOST = 2;
const US_PER_MS = 1e3;

export class GanttPainter {
  view: TimeView;
  private readonly pyramid: SlicePyramid;
  private readonly options: PainterOptions;
  private readonly context: CanvasRenderingContext2D | null;
  private readonly image: ImageData;
  private readonly pixels: Uint32Array;
  private frame = 0;

  constructor(canvas: HTMLCanvasElement, pyramid: SlicePyramid, options: PainterOptions) {
    const ratio = Math.min(RATIO_MOST, globalThis.devicePixelRatio || 1);
    canvas.width = Math.max(1, Math.round(options.width * ratio));
    canvas.height = Math.max(1, Math.round(options.height * ratio));
    canvas.style.width = `${String(options.width)}px`;
    canvas.style.height = `${String(options.height)}px`;
    this.pyramid = pyramid;
    this.options = options;
    this.context = canvas.getContext("2d", { alpha: false });
    this.image = new ImageData(canvas.width, canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.view = { fromUs: 0, toUs: pyramid.endUs };
    this.draw();
  }

  /** Shows another stretch of time with the next frame. */
  show(view: TimeView): void {
    this.view = view;
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
      this.options.moved(this.view);
    });
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
  }

  /** What lies under a time and a height in CSS pixels. */
  wordsAt(us: number, y: number): string {
    const { pyramid, options } = this;
    const rowHeight = rowsOf(pyramid, options.height);
    const worker = Math.floor(y / rowHeight);
    if (worker < 0 || worker >= pyramid.workers) return "";
    const i = firstSlice(pyramid, worker, us);
    const name = `Worker ${String(worker)}`;
    if (i >= pyramid.rowStart[worker + 1]! || pyramid.startUs[i]! > us) return `${name}: idle.`;
    const ms = (pyramid.endsUs[i]! - pyramid.startUs[i]!) / US_PER_MS;
    const requests = `${String(pyramid.requests[i])} requests`;
    return pyramid.kind[i] === 0
      ? `${name}: a step of ${textOf(ms, "ms")} with ${numberText(pyramid.prefillTokens[i]!)} prompt tokens, ${requests}.`
      : `${name}: ${numberText(pyramid.steps[i]!)} decode steps in ${textOf(ms, "ms")}, ${requests}.`;
  }

  private draw(): void {
    const { theme } = this.options;
    const colours = {
      ground: packedColour(theme.paper),
      gap: packedColour(theme.panel),
      mixed: packedColour(theme.prefill),
      decode: packedColour(theme.decode),
    };
    const { width, height } = this.image;
    paint(this.pyramid, { ...this.view, width, height }, colours, this.pixels);
    this.context?.putImageData(this.image, 0, 0);
  }
}
