/** A horizontal line that the reader drags or moves by keys: a goal. */

import { useRef } from "react";
import type { Drawn } from "./scene.ts";

export type LimitLineProps = {
  readonly drawn: Drawn;
  readonly value: number | null;
  readonly label: string;
  readonly onChange: (value: number) => void;
};

const STEP = 0.05;

export function LimitLine({ drawn, value, label, onChange }: LimitLineProps) {
  const isDragged = useRef(false);
  const { plot, valueAtY, pixelOfY } = drawn;
  if (valueAtY === undefined || pixelOfY === undefined) return null;
  const top = value === null ? plot.top + 18 : pixelOfY(value);
  const shown = value ?? valueAtY(top);
  function drag(clientY: number, line: HTMLElement): void {
    const box = line.offsetParent?.getBoundingClientRect();
    if (box === undefined || valueAtY === undefined) return;
    const y = Math.min(plot.bottom, Math.max(plot.top, clientY - box.top));
    onChange(Number(valueAtY(y).toPrecision(3)));
  }
  return (
    <div
      className="limit-line"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={shown}
      style={{ left: plot.left, width: plot.right - plot.left, top }}
      title={`${label}: drag, or arrow keys`}
      onPointerDown={(event) => {
        isDragged.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
        event.stopPropagation();
      }}
      onPointerMove={(event) => {
        if (isDragged.current) drag(event.clientY, event.currentTarget);
      }}
      onPointerUp={() => {
        isDragged.current = false;
      }}
      onKeyDown={(event) => {
        const sign = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
        if (sign === 0) return;
        event.preventDefault();
        event.stopPropagation();
        onChange(Number((shown * (1 + sign * STEP)).toPrecision(3)));
      }}
    >
      <span>
        {value === null ? `drag: ${label.charAt(0).toLowerCase()}${label.slice(1)}` : label}
      </span>
    </div>
  );
}
