/** One canvas over the shared time: zoom, pan, brush, clock, hover; nothing of a frame passes through React. */

import { useEffect, useRef } from "react";
import type { PointerEvent } from "react";
import { viewStore } from "../../stores/view-store.ts";
import type { TimePainter } from "./time-painter.ts";
import { keysOf, ZOOM } from "./time-window.ts";
import type { TimeWindow } from "./time-window.ts";
import { panned } from "./view-window.ts";
import type { TimeView } from "./view-window.ts";

const US_PER_S = 1e6;
/** A drag shorter than this is a click, pixels. */
const LEAST_DRAG = 5;

export type TimeCanvasProps = {
  readonly window: TimeWindow;
  readonly label: string;
  readonly painter: (canvas: HTMLCanvasElement) => TimePainter;
  /** Told what lies under the pointer. */
  readonly onHint: (words: string) => void;
};

type Drag = { readonly x: number; readonly view: TimeView; readonly pans: boolean };

export function TimeCanvas({ window, label, painter, onHint }: TimeCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const made = useRef<TimePainter | null>(null);
  const drag = useRef<Drag | null>(null);

  useEffect(() => {
    const { current } = canvas;
    if (current === null) return undefined;
    const own = painter(current);
    made.current = own;
    return window.paints((view) => {
      own.paint(view);
    });
  }, [window, painter]);

  function timeAt(clientX: number): number {
    const at = canvas.current?.getBoundingClientRect();
    const { fromUs, toUs } = window.view;
    return at === undefined ? 0 : fromUs + ((clientX - at.left) / at.width) * (toUs - fromUs);
  }

  useEffect(() => {
    const { current } = canvas;
    if (current === null) return undefined;
    // React's own listener is passive, and could not keep the page from zooming.
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      window.zoom(event.deltaY > 0 ? 1 / ZOOM : ZOOM, timeAt(event.clientX));
    };
    current.addEventListener("wheel", wheel, { passive: false });
    return () => {
      current.removeEventListener("wheel", wheel);
    };
  });

  function move(event: PointerEvent<HTMLCanvasElement>): void {
    const { current } = drag;
    const nowUs = timeAt(event.clientX);
    if (current === null) {
      const at = event.currentTarget.getBoundingClientRect();
      onHint(made.current?.wordsAt(nowUs, event.clientY - at.top) ?? "");
      viewStore.setState({ cursorS: nowUs / US_PER_S });
    } else if (current.pans) {
      const share = (current.x - event.clientX) / event.currentTarget.clientWidth;
      window.show(panned(current.view, share, window.endUs));
    } else if (Math.abs(event.clientX - current.x) >= LEAST_DRAG) {
      select(timeAt(current.x), nowUs);
    }
  }
  function select(oneUs: number, otherUs: number): void {
    const fromS = Math.max(0, Math.min(oneUs, otherUs)) / US_PER_S;
    viewStore.setState({ drawnBrush: { fromS, toS: Math.max(oneUs, otherUs) / US_PER_S } });
  }
  function release(event: PointerEvent): void {
    const { current } = drag;
    drag.current = null;
    const { drawnBrush } = viewStore.getState();
    viewStore.setState({ drawnBrush: null });
    if (current === null || current.pans) return;
    if (drawnBrush !== null) viewStore.setState({ brush: drawnBrush });
    else viewStore.setState({ clockS: timeAt(event.clientX) / US_PER_S });
  }

  const keys = keysOf(window);
  return (
    <canvas
      ref={canvas}
      tabIndex={0}
      role="img"
      aria-label={`${label} W and S zoom, A and D move, F shows the whole run.`}
      onKeyDown={(event) => {
        const key = keys[event.key] ?? keys[event.key.toLowerCase()];
        if (key === undefined || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation();
        event.nativeEvent.stopImmediatePropagation();
        key();
      }}
      onPointerDown={(event) => {
        if (event.button > 1) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const pans = event.shiftKey || event.button === 1 || event.pointerType === "touch";
        drag.current = { x: event.clientX, view: window.view, pans };
      }}
      onPointerMove={move}
      onPointerUp={release}
      onPointerCancel={() => {
        drag.current = null;
        viewStore.setState({ drawnBrush: null });
      }}
      onPointerLeave={() => {
        onHint("");
        viewStore.setState({ cursorS: null });
      }}
      onDoubleClick={() => {
        viewStore.setState({ brush: null, clockS: null });
      }}
    />
  );
}
