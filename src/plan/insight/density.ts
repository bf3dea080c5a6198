/** Counts of requests on a grid: latency over time, latency over prompt length. */

import { exp, ln } from "../../core/index.ts";
import { latencyUs } from "./window.ts";
import type { LatencyName, TimedRequests } from "./window.ts";

/** Cells by column, then row from the bottom; edges have one entry more than cells. */
export type Density = {
  readonly columns: number;
  readonly rows: number;
  readonly xEdges: Float64Array;
  /** Milliseconds, a geometric series. */
  readonly yEdges: Float64Array;
  readonly counts: Uint32Array;
  readonly most: number;
};

const COLUMNS = 60;
const ROWS = 32;
const US_PER_MS = 1e3;
const US_PER_S = 1e6;
/** The least latency that a logarithmic axis shows, ms (assumption). */
const LEAST_MS = 0.1;

/** Latency (log) × time of arrival, s. */
export function latencyOverTime(
  requests: TimedRequests,
  rows: Uint32Array,
  name: LatencyName,
): Density {
  const x = Float64Array.from(rows, (row) => requests.arrivalUs[row]! / US_PER_S);
  let first = Infinity;
  let last = 0;
  for (const value of x) {
    first = Math.min(first, value);
    last = Math.max(last, value);
  }
  const low = Number.isFinite(first) ? first : 0;
  return density(x, latenciesMs(requests, rows, name), evenEdges(low, Math.max(last, low + 1e-3)));
}

/** Latency (log) × prompt tokens (log). */
export function latencyOverPrompt(
  requests: TimedRequests,
  rows: Uint32Array,
  name: LatencyName,
): Density {
  const x = Float64Array.from(rows, (row) => Math.max(1, requests.inputTokens[row]!));
  let most = 2;
  let least = Infinity;
  for (const value of x) {
    most = Math.max(most, value);
    least = Math.min(least, value);
  }
  const low = Number.isFinite(least) ? Math.min(least, most / 2) : 1;
  return density(x, latenciesMs(requests, rows, name), geometricEdges(low, most, COLUMNS));
}

/** One latency in two runs, both logarithmic: the same request across and up. */
export function besideEachOther(aMs: Float64Array, bMs: Float64Array): Density {
  const [low, most] = spanOf([aMs, bMs]);
  return counted(
    { x: aMs, y: bMs },
    geometricEdges(low, most, COLUMNS),
    geometricEdges(low, most, ROWS),
  );
}

function latenciesMs(requests: TimedRequests, rows: Uint32Array, name: LatencyName): Float64Array {
  return Float64Array.from(rows, (row) => latencyUs(requests, row, name) / US_PER_MS);
}

function density(x: Float64Array, yMs: Float64Array, xEdges: Float64Array): Density {
  const [low, most] = spanOf([yMs]);
  return counted({ x, y: yMs }, xEdges, geometricEdges(low, most, ROWS));
}

/** What a logarithmic axis of these latencies spans, ms. */
function spanOf(columns: readonly Float64Array[]): [low: number, most: number] {
  let least = Infinity;
  let most = LEAST_MS * 10;
  for (const column of columns) {
    for (const ms of column) {
      if (ms > 0) least = Math.min(least, ms);
      if (ms > most) most = ms;
    }
  }
  return [Math.max(LEAST_MS, Math.min(least, most / 10)), most];
}

function counted(
  { x, y }: { readonly x: Float64Array; readonly y: Float64Array },
  xEdges: Float64Array,
  yEdges: Float64Array,
): Density {
  const counts = new Uint32Array(COLUMNS * ROWS);
  let peak = 0;
  for (let i = 0; i < x.length; i++) {
    const ms = y[i]!;
    if (Number.isNaN(ms)) continue;
    const cell = binOf(xEdges, x[i]!) * ROWS + binOf(yEdges, ms);
    counts[cell] = counts[cell]! + 1;
    peak = Math.max(peak, counts[cell]!);
  }
  return { columns: COLUMNS, rows: ROWS, xEdges, yEdges, counts, most: peak };
}

/** Index of the bin that holds the value; the outer ones take what lies beyond. */
function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (edges[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function evenEdges(from: number, to: number): Float64Array {
  return Float64Array.from({ length: COLUMNS + 1 }, (_, i) => from + ((to - from) * i) / COLUMNS);
}

function geometricEdges(from: number, to: number, bins: number): Float64Array {
  const step = exp(ln(to / from) / bins);
  const edges = new Float64Array(bins + 1);
  edges[0] = from;
  for (let i = 1; i < bins; i++) edges[i] = edges[i - 1]! * step;
  edges[bins] = to;
  return edges;
}
