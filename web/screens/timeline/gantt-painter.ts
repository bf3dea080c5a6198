/** Draws the Gantt chart, straight into the canvas' pixels. */

import { numberText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { ThemeColours } from "../../charts/palette.ts";
import type { SlicePyramid } from "../../workers/protocol.ts";
import { firstSlice, packedColour, paint, rowsOf } from "./paint.ts";
import type { PaintColours } from "./paint.ts";
import { canvasPixels } from "./time-painter.ts";
import type { CanvasPixels, TimePainter } from "./time-painter.ts";
import type { TimeView } from "./view-window.ts";

const US_PER_MS = 1e3;

export class GanttPainter implements TimePainter {
  private readonly pyramid: SlicePyramid;
  private readonly height: number;
  private readonly colours: PaintColours;
  private readonly canvas: CanvasPixels;

  constructor(
    element: HTMLCanvasElement,
    pyramid: SlicePyramid,
    {
      width,
      height,
      theme,
    }: { readonly width: number; readonly height: number; readonly theme: ThemeColours },
  ) {
    this.pyramid = pyramid;
    this.height = height;
    this.canvas = canvasPixels(element, width, height);
    this.colours = {
      ground: packedColour(theme.paper),
      gap: packedColour(theme.panel),
      mixed: packedColour(theme.prefill),
      decode: packedColour(theme.decode),
    };
  }

  paint(view: TimeView): void {
    const { image, pixels, put } = this.canvas;
    const { width, height } = image;
    paint(this.pyramid, { ...view, width, height }, this.colours, pixels);
    put();
  }

  wordsAt(us: number, y: number): string {
    const { pyramid } = this;
    const rowHeight = rowsOf(pyramid, this.height);
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
}
