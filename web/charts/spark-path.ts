/** The path of a sparkline in a box of 120 × 28, thinned to the peak of each pixel's values. */

const WIDTH = 120;
const HEIGHT = 28;
const POINTS = 60;

/** `beside`: values drawn in the same box, which share its scale. */
export function pathOfSpark(values: ArrayLike<number>, beside?: ArrayLike<number>): string {
  const most = Math.max(peakOf(values), beside === undefined ? 0 : peakOf(beside));
  const points = Math.min(POINTS, values.length);
  let path = "";
  let isDown = false;
  for (let point = 0; point < points; point++) {
    const from = Math.floor((point * values.length) / points);
    const to = Math.floor(((point + 1) * values.length) / points);
    let value = NaN;
    for (let i = from; i < to; i++) {
      const next = values[i] ?? NaN;
      if (Number.isFinite(next) && !(next <= value)) value = next;
    }
    if (Number.isNaN(value)) {
      isDown = false;
      continue;
    }
    const x = points === 1 ? 0 : (point * WIDTH) / (points - 1);
    const y = HEIGHT - 2 - (most > 0 ? (value / most) * (HEIGHT - 5) : 0);
    path += `${isDown ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
    isDown = true;
  }
  return path;
}

function peakOf(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (Number.isFinite(value)) most = Math.max(most, value);
  }
  return most;
}
