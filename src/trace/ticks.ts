/** Clock ticks of a trace: finding their width, and spreading arrivals over them. */

import { stream } from "../core/index.ts";
import type { Trace } from "./trace.ts";

/** Gaps needed before a tick is believed (assumption). */
const GAPS_MIN = 16;

/** Gaps looked at for a clustered tick: the first ones tell (assumption). */
const GAPS_MAX = 65_536;

/** Widest deviation from a whole number of ticks: Mooncake's 3 s ticks lie between 2,999 and 3,003 ms. */
const TICK_TOLERANCE = 0.01;

/** Share of gaps that must fit the tick (assumption). */
const FITTING_SHARE = 0.95;

/** Common divisors below a millisecond are resolution, not a tick (assumption). */
const DIVISOR_MIN_US = 1000;

/**
 * Width in µs of the tick that non-decreasing arrivals were quantised to, 0 when none is seen: either
 * gaps cluster around multiples of one width, or all gaps share a divisor of at least a millisecond.
 */
export function detectTickUs(arrivalUs: Float64Array): number {
  const gaps: number[] = [];
  let divisor = 0;
  let previous = NaN;
  for (const time of arrivalUs) {
    if (time !== time) continue;
    const gap = time - previous;
    previous = time;
    if (!(gap > 0)) continue;
    divisor = greatestCommonDivisor(divisor, gap);
    if (gaps.length < GAPS_MAX) gaps.push(gap);
    else if (divisor < DIVISOR_MIN_US) break;
  }
  if (gaps.length < GAPS_MIN) return 0;
  const exact = divisor >= DIVISOR_MIN_US ? divisor : 0;
  const coarse = clusteredTick(gaps);
  return coarse > exact ? coarse : exact;
}

function greatestCommonDivisor(a: number, b: number): number {
  let larger = a;
  let smaller = b;
  while (smaller > 0) {
    const rest = larger % smaller;
    larger = smaller;
    smaller = rest;
  }
  return larger;
}

/** The width that 95 % of the gaps are near-multiples of, starting from a low quantile of the gaps. */
function clusteredTick(gaps: readonly number[]): number {
  const sorted = Float64Array.from(gaps).sort();
  const width = sorted[Math.floor(sorted.length / 10)]!;
  let fitting = 0;
  let ticks = 0;
  let span = 0;
  for (const gap of gaps) {
    const count = Math.round(gap / width);
    if (count < 1 || Math.abs(gap - count * width) > TICK_TOLERANCE * width) continue;
    fitting++;
    ticks += count;
    span += gap;
  }
  return fitting >= FITTING_SHARE * gaps.length ? Math.round(span / ticks) : 0;
}

/**
 * Spreads arrivals that share a tick uniformly over it, in the order of the rows: a raw replay of
 * a trace with 3 s ticks would send up to 28 requests in one instant. Seeded, monotone, and recorded
 * in the header's transforms. A trace without ticks comes back as it is.
 */
export function spreadTicks(trace: Trace, seed: number): Trace {
  const { tickUs } = trace.header;
  if (tickUs <= 0) return trace;
  const random = stream(seed, "trace/ticks");
  const arrivalUs = trace.arrivalUs.slice();
  const timed: number[] = [];
  trace.arrivalUs.forEach((time, row) => {
    if (time === time) timed.push(row);
  });
  for (let first = 0; first < timed.length;) {
    const tick = trace.arrivalUs[timed[first]!]!;
    let end = first + 1;
    while (end < timed.length && trace.arrivalUs[timed[end]!] === tick) end++;
    const next = end < timed.length ? trace.arrivalUs[timed[end]!]! : Infinity;
    const width = Math.min(tickUs, next - tick);
    // Sorted uniforms are what uniformly jittered arrivals look like once in order.
    const offsets = Float64Array.from({ length: end - first }, () =>
      Math.floor(random.next() * width),
    ).sort();
    for (let i = first; i < end; i++) arrivalUs[timed[i]!] = tick + offsets[i - first]!;
    first = end;
  }
  const transforms = [
    ...trace.header.transforms,
    `arrivals spread over ticks of ${tickUs} us, seed ${seed}`,
  ];
  return { ...trace, header: { ...trace.header, tickUs: 0, transforms }, arrivalUs };
}
