/** The workers' steps on a canvas: zoom, pan, hover; nothing of a frame passes through React. */

import { useEffect, useRef, useState } from "react";
import { numberText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { useTheme } from "../../charts/use-theme.ts";
import { useWidth } from "../../charts/use-width.ts";
import { viewStore } from "../../stores/view-store.ts";
import type { SlicePyramid } from "../../workers/protocol.ts";
import { GanttPainter } from "./gantt-painter.ts";
import { panned, zoomed } from "./view-window.ts";
import type { TimeView } from "./view-window.ts";

const LABEL_WIDTH = 58;
const ZOOM = 0.8;
const US_PER_S = 1e6;

export function Gantt({ pyramid }: { readonly pyramid: SlicePyramid }) {
  const theme = useTheme();
  const [box, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<GanttPainter | null>(null);
  const drag = useRef<{ readonly x: number; readonly view: TimeView } | null>(null);
  const [hint, setHint] = useState("");
  const [range, setRange] = useState<TimeView>({ fromUs: 0, toUs: pyramid.endUs });
  const height = Math.max(96, Math.min(420, pyramid.workers * 22));

  useEffect(() => {
    if (canvas.current === null || width === 0) return undefined;
    const made = new GanttPainter(canvas.current, pyramid, {
      width: width - LABEL_WIDTH,
      height,
      theme,
      moved: setRange,
    });
    painter.current = made;
    return () => {
      made.stop();
    };
  }, [pyramid, width, height, theme]);

  function timeAt(clientX: number): number {
    const at = canvas.current?.getBoundingClientRect();
    const { fromUs, toUs } = painter.current?.view ?? range;
    return at === undefined ? 0 : fromUs + ((clientX - at.left) / at.width) * (toUs - fromUs);
  }
  function zoom(factor: number, clientX?: number): void {
    const { current } = painter;
    if (current === null) return;
    const middle = (current.view.fromUs + current.view.toUs) / 2;
    const around = clientX === undefined ? middle : timeAt(clientX);
    current.show(zoomed(current.view, factor, around, pyramid.endUs));
  }
  function pan(share: number): void {
    const { current } = painter;
    if (current !== null) current.show(panned(current.view, share, pyramid.endUs));
  }
  function fit(): void {
    painter.current?.show({ fromUs: 0, toUs: pyramid.endUs });
  }

  useEffect(() => {
    const { current } = canvas;
    if (current === null) return undefined;
    // React's own listener is passive, and could not keep the page from zooming.
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1 / ZOOM : ZOOM, event.clientX);
    };
    current.addEventListener("wheel", wheel, { passive: false });
    return () => {
      current.removeEventListener("wheel", wheel);
    };
  });

  const keys = keysOf({ zoom, pan, fit });

  return (
    <div ref={box} className="gantt">
      <GanttTools keys={keys} range={range} />
      <div className="gantt-plot">
        <RowLabels workers={pyramid.workers} height={height} />
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label="Steps of the workers over time. W and S zoom, A and D move, F shows the whole run."
          onKeyDown={(event) => {
            const key = keys[event.key] ?? keys[event.key.toLowerCase()];
            if (key === undefined || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            event.stopPropagation();
            event.nativeEvent.stopImmediatePropagation();
            key();
          }}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            drag.current = { x: event.clientX, view: painter.current?.view ?? range };
          }}
          onPointerMove={(event) => {
            const { current } = drag;
            if (current === null) {
              const at = event.currentTarget.getBoundingClientRect();
              setHint(
                painter.current?.wordsAt(timeAt(event.clientX), event.clientY - at.top) ?? "",
              );
              return;
            }
            const share = (current.x - event.clientX) / event.currentTarget.clientWidth;
            painter.current?.show(panned(current.view, share, pyramid.endUs));
          }}
          onPointerUp={() => {
            drag.current = null;
          }}
          onPointerLeave={() => {
            setHint("");
          }}
          onDoubleClick={fit}
        />
      </div>
      <p className="faint gantt-hint" aria-live="polite">
        {hint === ""
          ? `${numberText(pyramid.slices)} recorded stretches of work. Drag to move.`
          : hint}
      </p>
    </div>
  );
}

type Moves = {
  readonly zoom: (factor: number) => void;
  readonly pan: (share: number) => void;
  readonly fit: () => void;
};

const PAN = 0.15;

function keysOf({ zoom, pan, fit }: Moves): Readonly<Record<string, () => void>> {
  const earlier = (): void => {
    pan(-PAN);
  };
  const later = (): void => {
    pan(PAN);
  };
  return {
    w: () => {
      zoom(ZOOM);
    },
    s: () => {
      zoom(1 / ZOOM);
    },
    a: earlier,
    d: later,
    ArrowLeft: earlier,
    ArrowRight: later,
    f: fit,
  };
}

/** Buttons for what the keys do. */
function GanttTools({
  keys,
  range,
}: {
  readonly keys: Readonly<Record<string, () => void>>;
  readonly range: TimeView;
}) {
  const tools = [
    ["w", "+", "Zoom in (W, or Ctrl and wheel)"],
    ["s", "−", "Zoom out (S)"],
    ["a", "←", "Earlier (A)"],
    ["d", "→", "Later (D)"],
    ["f", "Fit", "Fit: the whole run (F)"],
  ] as const;
  return (
    <div className="row">
      {tools.map(([key, sign, title]) => (
        <button key={key} type="button" title={title} aria-label={title} onClick={keys[key]}>
          {sign}
        </button>
      ))}
      <span className="faint">
        {textOf(range.fromUs / US_PER_S, "s")} … {textOf(range.toUs / US_PER_S, "s")}
      </span>
      <span className="spacer" />
      <button
        type="button"
        onClick={() => {
          viewStore.setState({
            brush: { fromS: range.fromUs / US_PER_S, toS: range.toUs / US_PER_S },
          });
        }}
      >
        Restrict every view to this
      </button>
    </div>
  );
}

function RowLabels({ workers, height }: { readonly workers: number; readonly height: number }) {
  const every = Math.max(1, Math.ceil((workers * 15) / height));
  const shown = Array.from({ length: Math.ceil(workers / every) }, (_, i) => i * every);
  return (
    <div className="gantt-labels" style={{ width: LABEL_WIDTH, height }} aria-hidden="true">
      {shown.map((worker) => (
        <span key={worker} style={{ top: ((worker + 0.5) * height) / workers }}>
          worker {worker}
        </span>
      ))}
    </div>
  );
}
