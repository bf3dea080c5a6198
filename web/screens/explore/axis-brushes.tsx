/** Drags along the axes of the parallel coordinates: each keeps the points within. */

import { useRef, useState } from "react";
import type { PointerEvent } from "react";
import { setFilter } from "../../stores/sweep-store.ts";
import type { SweepFilters } from "../../stores/sweep-store.ts";
import type { Box } from "../../charts/scene.ts";
import type { ParallelAxis } from "./parallel.ts";

/** A drag shorter than this is a click, pixels. */
const LEAST_DRAG = 4;
const WIDTH = 24;

export type AxisBrushesProps = {
  readonly plot: Box;
  readonly axes: readonly ParallelAxis[];
  readonly filters: SweepFilters;
};

export function AxisBrushes({ plot, axes, filters }: AxisBrushesProps) {
  return axes.map((axis) => (
    <AxisBrush key={axis.column.id} axis={axis} plot={plot} range={filters[axis.column.id]} />
  ));
}

function AxisBrush({
  axis: { column, x, scale },
  plot,
  range,
}: {
  readonly axis: ParallelAxis;
  readonly plot: Box;
  readonly range: readonly [number, number] | undefined;
}) {
  const from = useRef<number | null>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  const top = plot.top - 6;
  const height = plot.bottom - plot.top + 12;
  const band =
    drag ?? (range === undefined ? null : [scale(range[1]) - top, scale(range[0]) - top]);

  function placeOf(event: PointerEvent): number {
    const y = event.clientY - event.currentTarget.getBoundingClientRect().top;
    return Math.min(height, Math.max(0, y));
  }
  function release(event: PointerEvent): void {
    const start = from.current;
    from.current = null;
    setDrag(null);
    if (start === null) return;
    const end = placeOf(event);
    if (Math.abs(end - start) < LEAST_DRAG) return;
    const [a, b] = [scale.invert(start + top), scale.invert(end + top)];
    setFilter(column.id, [Math.min(a, b), Math.max(a, b)]);
  }

  return (
    <div
      className="axis-brush"
      title={`${column.name}: drag to keep points within, double-click for all`}
      style={{ left: x - WIDTH / 2, width: WIDTH, top, height }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        from.current = placeOf(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const start = from.current;
        if (start === null) return;
        const now = placeOf(event);
        setDrag([Math.min(start, now), Math.max(start, now)]);
      }}
      onPointerUp={release}
      onDoubleClick={() => {
        setFilter(column.id, null);
      }}
    >
      {band === null ? null : (
        <span style={{ top: band[0] ?? 0, height: Math.max(2, (band[1] ?? 0) - (band[0] ?? 0)) }} />
      )}
    </div>
  );
}
