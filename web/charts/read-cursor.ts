/** The place in a chart that is being read: by the pointer the nearest, by keys the next. */

import type { Drawn, Reading } from "./scene.ts";

export type Cursor = { readonly series: number; readonly index: number };

/** Pixels within which the pointer reads a value; beyond, only the column counts (assumption). */
const REACH = 40;

export function readingAt(drawn: Drawn, { series, index }: Cursor): Reading | undefined {
  return drawn.series[series]?.readings[index];
}

/** The reading nearest to a pixel; distance along x counts most, as curves are read by column. */
export function nearestReading(drawn: Drawn, x: number, y: number): Cursor | null {
  let best: Cursor | null = null;
  let least = Infinity;
  drawn.series.forEach(({ readings }, series) => {
    readings.forEach((reading, index) => {
      const dx = Math.abs(reading.x - x);
      const dy = Math.abs(reading.y - y);
      const distance = dx * 2 + dy;
      if (distance < least && dx < REACH) {
        least = distance;
        best = { series, index };
      }
    });
  });
  return best;
}

/** Where a key leads; `undefined`: the key is not for the chart. */
export function moved(drawn: Drawn, cursor: Cursor | null, key: string): Cursor | null | undefined {
  const first = drawn.series.findIndex(({ readings }) => readings.length > 0);
  if (first < 0) return undefined;
  const at = cursor ?? { series: first, index: -1 };
  const count = drawn.series[at.series]?.readings.length ?? 0;
  const leap = Math.max(1, Math.round(count / 10));
  const along = (index: number): Cursor => ({
    series: at.series,
    index: Math.min(count - 1, Math.max(0, index)),
  });
  switch (key) {
    case "ArrowRight":
      return along(at.index + 1);
    case "ArrowLeft":
      return along(at.index - 1);
    case "PageDown":
      return along(at.index + leap);
    case "PageUp":
      return along(at.index - leap);
    case "Home":
      return along(0);
    case "End":
      return along(count - 1);
    case "ArrowUp":
      return across(drawn, at, 1);
    case "ArrowDown":
      return across(drawn, at, -1);
    case "Escape":
      return cursor === null ? undefined : null;
    default:
      return undefined;
  }
}

/** The reading of the next series that lies nearest in x. */
function across(drawn: Drawn, at: Cursor, step: 1 | -1): Cursor {
  const x = drawn.series[at.series]?.readings[Math.max(0, at.index)]?.x ?? 0;
  for (let series = at.series + step; series >= 0; series += step) {
    const readings = drawn.series[series]?.readings;
    if (readings === undefined) break;
    if (readings.length === 0) continue;
    let index = 0;
    readings.forEach((reading, i) => {
      if (Math.abs(reading.x - x) < Math.abs((readings[index]?.x ?? 0) - x)) index = i;
    });
    return { series, index };
  }
  return at;
}
