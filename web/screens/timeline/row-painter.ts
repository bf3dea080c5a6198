/** Puts rows of the timeline on a canvas. */

import type { ThemeColours } from "../../charts/palette.ts";
import { heightOf, paintRows, rowAt } from "./lane-rows.ts";
import type { LaneRow, RowsPicture } from "./lane-rows.ts";
import { packedColour } from "./paint.ts";
import { canvasPixels } from "./time-painter.ts";
import type { CanvasPixels, TimePainter } from "./time-painter.ts";
import type { TimeView } from "./view-window.ts";

export class RowPainter implements TimePainter {
  private readonly rows: readonly LaneRow[];
  private readonly picture: RowsPicture;
  private readonly canvas: CanvasPixels;

  constructor(
    element: HTMLCanvasElement,
    timeUs: Float64Array,
    rows: readonly LaneRow[],
    { width, theme }: { readonly width: number; readonly theme: ThemeColours },
  ) {
    this.rows = rows;
    this.canvas = canvasPixels(element, width, heightOf(rows));
    const ground = packedColour(theme.paper);
    const gap = packedColour(theme.panel);
    this.picture = { timeUs, rows, ground, gap };
  }

  paint(view: TimeView): void {
    const { pixels, image, ratio, put } = this.canvas;
    paintRows(this.picture, { ...view, width: image.width, ratio }, pixels);
    put();
  }

  wordsAt(us: number, y: number): string {
    const row = rowAt(this.rows, y);
    return row === undefined ? "" : `${row.name}: ${row.words(us)}.`;
  }
}
