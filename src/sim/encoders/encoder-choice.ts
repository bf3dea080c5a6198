/** Which encoder worker takes a request, among those that are up; among all when none is. */

/** The one with the fewest images before it, the first of several. */
export function leastLoaded(load: Float64Array, isUp: Uint8Array): number {
  const hasUp = isUp.includes(1);
  let best = -1;
  for (let row = 0; row < load.length; row++) {
    if (hasUp && isUp[row] === 0) continue;
    if (best < 0 || load[row]! < load[best]!) best = row;
  }
  return best;
}

/** Always the same one for an image, by its number; the next one that is up when that one is not. */
export function firstUp(image: number, isUp: Uint8Array): number {
  const { length: count } = isUp;
  for (let i = 0; i < count; i++) {
    const row = (image + i) % count;
    if (isUp[row] === 1) return row;
  }
  return image % count;
}
