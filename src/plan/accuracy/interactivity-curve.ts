/**
 * A configuration's throughput per GPU over interactivity (tokens/s that one user gets), one point for
 * each number of clients, and how sure a measured one is.
 */

/** Output tokens/s per GPU at an interactivity, under a load of so many clients. */
export type CurvePoint = {
  readonly load: number;
  readonly interactivity: number;
  readonly throughput: number;
};

/** Runs that were repeated are one point, their means; ascending in interactivity. */
export function curveOf(points: readonly CurvePoint[]): CurvePoint[] {
  const loads = [...new Set(points.map(({ load }) => load))];
  const merged = loads.map((load) => {
    const own = points.filter((point) => point.load === load);
    const mean = (of: (point: CurvePoint) => number): number =>
      own.reduce((sum, point) => sum + of(point), 0) / own.length;
    const throughput = mean((point) => point.throughput);
    return { load, interactivity: mean((point) => point.interactivity), throughput };
  });
  return merged.sort((a, b) => a.interactivity - b.interactivity);
}

/** Whether the curve's points lie on both sides of an interactivity. */
export function covers(curve: readonly CurvePoint[], interactivity: number): boolean {
  const [first, last] = [curve[0], curve.at(-1)];
  if (first === undefined || last === undefined) return false;
  return first.interactivity <= interactivity && interactivity <= last.interactivity;
}

/** The piece of the curve at an interactivity, or the nearest one: throughput there, and its change. */
function pieceAt(
  curve: readonly CurvePoint[],
  interactivity: number,
): { readonly throughput: number; readonly slope: number } {
  let i = 1;
  while (i < curve.length - 1 && curve[i]!.interactivity < interactivity) i++;
  const [a, b] = [curve[i - 1]!, curve[i]!];
  const span = b.interactivity - a.interactivity;
  const slope = span === 0 ? 0 : (b.throughput - a.throughput) / span;
  const throughput = a.throughput + slope * (interactivity - a.interactivity);
  return { throughput: Math.max(0, throughput), slope };
}

/**
 * Throughput at an interactivity: straight lines between the points, at least two of them, and along the
 * last piece beyond the ends. A step that takes a + b·C with C clients has throughput (1 − a·I)/b at
 * interactivity I, a straight line. Of 615 measured points between two others it gives 5.6 % of error
 * (median, bias +3 %), on a logarithmic scale of throughput 7.1 % (bias −7 %).
 */
export function throughputAt(curve: readonly CurvePoint[], interactivity: number): number {
  return pieceAt(curve, interactivity).throughput;
}

/**
 * Scatter of identical runs of the benchmark, p90 of the coefficients of variation of 54 configurations (data's
 * notes on method): throughput, and time per token.
 */
const THROUGHPUT_NOISE = 0.022;
const INTERACTIVITY_NOISE = 0.016;

/**
 * Relative noise of a measured throughput at an interactivity: its own, and that of the interactivity, which
 * moves the point along a curve that may fall several times as fast.
 */
export function noiseAt(curve: readonly CurvePoint[], interactivity: number): number {
  const { throughput, slope } = pieceAt(curve, interactivity);
  const fall = throughput === 0 ? 0 : (slope * interactivity) / throughput;
  const moved = INTERACTIVITY_NOISE * fall;
  return Math.sqrt(THROUGHPUT_NOISE * THROUGHPUT_NOISE + moved * moved);
}

/** Doublings of the clients beyond the most that were measured (assumption: 8 times as many tell). */
const DOUBLINGS_MAX = 3;
/** More clients no longer slow a user down from here on: the engine holds no more at once. */
const SETTLED = 0.99;

/**
 * Numbers of clients that bring a predicted curve nearer to covering a measured one: twice the most while
 * users are served too quickly, half the fewest while too slowly. None when it is covered, or when one client
 * is too slow or more clients change nothing.
 */
export function loadsToCover(
  predicted: readonly CurvePoint[],
  measured: readonly CurvePoint[],
): number[] {
  const byLoad = predicted.toSorted((a, b) => a.load - b.load);
  const [fewest, most, before] = [byLoad[0], byLoad.at(-1), byLoad.at(-2)];
  const [slowest, quickest] = [measured[0], measured.at(-1)];
  if (fewest === undefined || most === undefined) return [];
  if (slowest === undefined || quickest === undefined) return [];
  const loads: number[] = [];
  const known = Math.max(...measured.map(({ load }) => load));
  const limit = known << DOUBLINGS_MAX;
  // Among the measured loads a step up may be no slower than the one before, by the kernels' sizes.
  const settled =
    before !== undefined &&
    most.load > known &&
    most.interactivity > SETTLED * before.interactivity;
  if (
    predicted.every(({ interactivity }) => interactivity > slowest.interactivity) &&
    most.load * 2 <= limit &&
    !settled
  ) {
    loads.push(most.load * 2);
  }
  if (
    predicted.every(({ interactivity }) => interactivity < quickest.interactivity) &&
    fewest.load > 1
  ) {
    loads.push(Math.floor(fewest.load / 2));
  }
  return loads;
}
