/** The shared ruler and brush of charts over time: a drag restricts every view, a double click frees them. */

import { useRef, useState } from "react";
import type { PointerEvent } from "react";
import { useStore } from "zustand";
import { viewStore } from "../stores/view-store.ts";
import type { Drawn } from "./scene.ts";

/** A drag shorter than this is a click, pixels. */
const LEAST_DRAG = 5;

export function BrushBand({ drawn }: { readonly drawn: Drawn }) {
  const brush = useStore(viewStore, (state) => state.brush);
  const cursorS = useStore(viewStore, (state) => state.cursorS);
  const from = useRef<number | null>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  const { plot, pixelOfX, valueAtX } = drawn;
  if (pixelOfX === undefined || valueAtX === undefined) return null;
  const clamp = (pixel: number): number => Math.min(plot.right, Math.max(plot.left, pixel));
  const band =
    drag ??
    (brush === null ? null : ([clamp(pixelOfX(brush.fromS)), clamp(pixelOfX(brush.toS))] as const));
  const ruler = cursorS === null ? null : pixelOfX(cursorS);
  const tall = { top: plot.top, height: plot.bottom - plot.top };

  function pixelOf(event: PointerEvent): number {
    return clamp(event.clientX - event.currentTarget.getBoundingClientRect().left + plot.left);
  }
  function release(event: PointerEvent): void {
    const start = from.current;
    from.current = null;
    setDrag(null);
    if (start === null || valueAtX === undefined) return;
    const end = pixelOf(event);
    if (Math.abs(end - start) < LEAST_DRAG) return;
    const [a, b] = [valueAtX(Math.min(start, end)), valueAtX(Math.max(start, end))];
    viewStore.setState({ brush: { fromS: Math.max(0, a), toS: b } });
  }

  return (
    <div
      className="brush"
      style={{ left: plot.left, width: plot.right - plot.left, ...tall }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        from.current = pixelOf(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const start = from.current;
        if (start === null) return;
        const now = pixelOf(event);
        setDrag([Math.min(start, now), Math.max(start, now)]);
      }}
      onPointerUp={release}
      onDoubleClick={() => {
        viewStore.setState({ brush: null });
      }}
    >
      {band === null ? null : (
        <span
          className="brush-band"
          style={{ left: band[0] - plot.left, width: band[1] - band[0] }}
        />
      )}
      {ruler === null || ruler < plot.left || ruler > plot.right ? null : (
        <span className="ruler" style={{ left: ruler - plot.left }} />
      )}
    </div>
  );
}
