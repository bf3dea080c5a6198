/** What a canvas over time needs: pixels to write to, and words for what lies where. */

import type { TimeView } from "./view-window.ts";

export type TimePainter = {
  readonly paint: (view: TimeView) => void;
  /** What lies under a time and a height in CSS pixels. */
  readonly wordsAt: (us: number, y: number) => string;
};

export type CanvasPixels = {
  readonly image: ImageData;
  readonly pixels: Uint32Array;
  /** Device pixels of a CSS pixel. */
  readonly ratio: number;
  /** Shows what was written. */
  readonly put: () => void;
};

/** More pixels than this ratio cost time and show nothing more. */
const RATIO_MOST = 2;

/** Sets a canvas to a size in CSS pixels and gives its pixels. */
export function canvasPixels(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasPixels {
  const ratio = Math.min(RATIO_MOST, globalThis.devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${String(width)}px`;
  canvas.style.height = `${String(height)}px`;
  const context = canvas.getContext("2d", { alpha: false });
  const image = new ImageData(canvas.width, canvas.height);
  const put = (): void => {
    context?.putImageData(image, 0, 0);
  };
  return { image, pixels: new Uint32Array(image.data.buffer), ratio, put };
}
