/** Other traffic of the same kind: a trace whose arrival gaps come in another order, for replications of a replay. */

import { stream } from "../../core/index.ts";
import type { Trace } from "../../trace/index.ts";

/** Neighbouring gaps that stay together, so that bursts stay bursts (assumption: longer than most of them). */
const GAPS_TOGETHER = 64;

/**
 * The trace with runs of its arrival gaps shuffled: same rows in the same order, same span, same gaps, other
 * coincidences (a block permutation, after Künsch's block bootstrap, 1989). Turns without a time of their own keep to
 * their parents. Seed 0 is the trace as recorded.
 */
export function reshuffledArrivals(trace: Trace, seed: number): Trace {
  if (seed === 0) return trace;
  const random = stream(seed, "reshuffled-arrivals");
  const { rows, arrivalUs } = trace;
  const timed: number[] = [];
  for (let row = 0; row < rows; row++) if (!Number.isNaN(arrivalUs[row]!)) timed.push(row);
  const gaps = timed.map((row, i) => arrivalUs[row]! - (i === 0 ? 0 : arrivalUs[timed[i - 1]!]!));
  const starts: number[] = [];
  for (let start = 1; start < gaps.length; start += GAPS_TOGETHER) starts.push(start);
  for (let i = starts.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [starts[i], starts[j]] = [starts[j]!, starts[i]!];
  }
  const moved = Float64Array.from(arrivalUs);
  let clock = gaps[0] ?? 0;
  let at = 0;
  if (timed.length > 0) moved[timed[at++]!] = clock;
  for (const start of starts) {
    const end = Math.min(gaps.length, start + GAPS_TOGETHER);
    for (let i = start; i < end; i++) {
      clock += gaps[i]!;
      moved[timed[at++]!] = clock;
    }
  }
  return { ...trace, arrivalUs: moved };
}
