import { lowerBound, moments, orNull } from "./inspect-sample.ts";
import type { Trace } from "./trace.ts";

const US_PER_S = 1e6;
const WINDOWS_S = [1, 10, 60] as const;
const DISPERSION_S = [1, 10, 60, 120] as const;

export type Windowed = { readonly windowS: number; readonly value: number | null };

export type ArrivalStatistics = {
  /** Last arrival minus first, s. */
  readonly spanS: number | null;
  /** Rows with an arrival ÷ span. */
  readonly meanPerS: number | null;
  /** Largest number of arrivals in any window of this width ÷ the width, per s. */
  readonly peakPerS: readonly Windowed[];
  readonly gapMeanS: number | null;
  /** Coefficient of variation of the gaps; an artefact where arrivals are quantised. */
  readonly gapCv: number | null;
  /** Share of rows with the same arrival as the row before. */
  readonly tieShare: number | null;
  /**
   * Width of the clock tick, µs: the header's, or seen as the only gap between distinct arrivals.
   */
  readonly tickUs: number;
  /** Variance ÷ mean of the counts in whole windows of this width; 1 for a Poisson process. */
  readonly indexOfDispersion: readonly Windowed[];
  /** Longest time without an arrival, s. */
  readonly longestGapS: number | null;
  /** Rows that only their parent releases. */
  readonly rowsWithoutArrival: number;
};

/** Rate, burstiness and ties of a trace's arrivals (traces.md §2.1 conventions). */
export function inspectArrivals(trace: Trace): ArrivalStatistics {
  const at = finiteArrivals(trace.arrivalUs);
  const n = at.length;
  const spanUs = n > 1 ? at[n - 1]! - at[0]! : 0;
  const gaps = new Float64Array(Math.max(0, n - 1));
  let ties = 0;
  let longest = 0;
  for (let i = 0; i + 1 < n; i++) {
    const gap = at[i + 1]! - at[i]!;
    gaps[i] = gap;
    if (gap === 0) ties++;
    if (gap > longest) longest = gap;
  }
  const gap = moments(gaps);
  return {
    spanS: n > 1 ? spanUs / US_PER_S : null,
    meanPerS: orNull((n / spanUs) * US_PER_S),
    peakPerS: WINDOWS_S.map((windowS) => ({
      windowS,
      value: n > 0 ? peakCount(at, windowS * US_PER_S) / windowS : null,
    })),
    gapMeanS: orNull(gap.mean / US_PER_S),
    gapCv: orNull(gap.sd / gap.mean),
    tieShare: n > 1 ? ties / n : null,
    tickUs: trace.header.tickUs > 0 ? trace.header.tickUs : seenTickUs(gaps),
    indexOfDispersion: DISPERSION_S.map((windowS) => ({
      windowS,
      value: orNull(indexOfDispersion(at, windowS * US_PER_S)),
    })),
    longestGapS: n > 1 ? longest / US_PER_S : null,
    rowsWithoutArrival: trace.rows - n,
  };
}

function finiteArrivals(arrivalUs: Float64Array): Float64Array {
  let missing = 0;
  for (const t of arrivalUs) if (Number.isNaN(t)) missing++;
  return missing === 0 ? arrivalUs : arrivalUs.filter((t) => !Number.isNaN(t));
}

/** The largest number of arrivals in any half-open window of the given width. */
export function peakCount(arrivalUs: Float64Array, windowUs: number): number {
  let peak = 0;
  let first = 0;
  for (let last = 0; last < arrivalUs.length; last++) {
    while (arrivalUs[last]! - arrivalUs[first]! >= windowUs) first++;
    if (last - first + 1 > peak) peak = last - first + 1;
  }
  return peak;
}

/** Variance ÷ mean of counts in the whole windows from the first arrival; NaN below two windows. */
export function indexOfDispersion(arrivalUs: Float64Array, windowUs: number): number {
  const n = arrivalUs.length;
  if (n === 0) return NaN;
  const first = arrivalUs[0]!;
  const windows = Math.floor((arrivalUs[n - 1]! - first) / windowUs);
  if (windows < 2) return NaN;
  let sum = 0;
  let squares = 0;
  let begin = 0;
  for (let window = 1; window <= windows; window++) {
    const end = lowerBoundFrom(arrivalUs, begin, first + window * windowUs);
    sum += end - begin;
    squares += (end - begin) * (end - begin);
    begin = end;
  }
  const mean = sum / windows;
  return (squares / windows - mean * mean) / mean;
}

/** Like `lowerBound`, galloping from a known start. */
function lowerBoundFrom(sorted: Float64Array, from: number, value: number): number {
  let step = 64;
  let low = from;
  while (low + step < sorted.length && sorted[low + step]! < value) {
    low += step;
    step *= 2;
  }
  const high = Math.min(sorted.length, low + step + 1);
  return low + lowerBound(sorted.subarray(low, high), value);
}

/**
 * The tick of a quantised clock: most rows tie and the distinct arrivals are multiples of one gap
 * within 1 % (Mooncake's ticks are 2,999–3,003 ms); 0 when none is seen.
 */
function seenTickUs(gaps: Float64Array): number {
  const distinct = gaps.filter((gap) => gap > 0).sort();
  if (distinct.length < 10 || distinct.length > gaps.length / 2) return 0;
  const tick = distinct[distinct.length >>> 1]!;
  let multiples = 0;
  for (const gap of distinct) {
    const ratio = gap / tick;
    if (Math.abs(ratio - Math.round(ratio)) <= 0.01 * ratio && ratio > 0.5) multiples++;
  }
  return multiples >= 0.99 * distinct.length ? tick : 0;
}
