/** The stretch of time that all lanes show: changed by keys, buttons and pointers, painted once a frame. */

import { panned, zoomed } from "./view-window.ts";
import type { TimeView } from "./view-window.ts";

/** Factor of one zoom, and part of the width of one move. */
export const ZOOM = 0.8;
export const PAN = 0.15;

export class TimeWindow {
  view: TimeView;
  readonly endUs: number;
  private readonly painters = new Set<(view: TimeView) => void>();
  private frame = 0;

  constructor(endUs: number) {
    this.endUs = endUs;
    this.view = { fromUs: 0, toUs: endUs };
  }

  /** Calls `painter` now and with each frame in which the view changed; returns how to stop it. */
  paints(painter: (view: TimeView) => void): () => void {
    this.painters.add(painter);
    painter(this.view);
    return () => {
      this.painters.delete(painter);
    };
  }

  /** Shows another stretch of time with the next frame. */
  show(view: TimeView): void {
    this.view = view;
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      for (const paint of this.painters) paint(this.view);
    });
  }

  /** Zooms (factor < 1: in) around a time, or around the middle. */
  zoom(factor: number, aroundUs = (this.view.fromUs + this.view.toUs) / 2): void {
    this.show(zoomed(this.view, factor, aroundUs, this.endUs));
  }

  /** Moves by a part of the width; negative: earlier. */
  pan(share: number): void {
    this.show(panned(this.view, share, this.endUs));
  }

  fit(): void {
    this.show({ fromUs: 0, toUs: this.endUs });
  }
}

/** What keys do, on every lane. */
export function keysOf(window: TimeWindow): Readonly<Record<string, () => void>> {
  const earlier = (): void => {
    window.pan(-PAN);
  };
  const later = (): void => {
    window.pan(PAN);
  };
  return {
    w: () => {
      window.zoom(ZOOM);
    },
    s: () => {
      window.zoom(1 / ZOOM);
    },
    a: earlier,
    d: later,
    ArrowLeft: earlier,
    ArrowRight: later,
    f: () => {
      window.fit();
    },
  };
}
