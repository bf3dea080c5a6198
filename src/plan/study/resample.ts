/** Other traffic of the same kind, for replications of a replay: a trace whose gaps, or waits, come in another order. */

import { stream } from "../../core/index.ts";
import type { Stream } from "../../core/index.ts";
import type { Scenario } from "../../sim/index.ts";
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
  const shuffled = shuffledRuns(gaps, 1, random);
  const moved = Float64Array.from(arrivalUs);
  let clock = 0;
  timed.forEach((row, i) => (moved[row] = clock += shuffled[i]!));
  return { ...trace, arrivalUs: moved };
}

/**
 * The trace with runs of its think and tool times shuffled: what varies a closed loop, which reads no times of arrival. A trace
 * without such times stays as it is. Seed 0 is the trace as recorded.
 */
export function reshuffledWaits(trace: Trace, seed: number): Trace {
  if (seed === 0) return trace;
  const { graph, sessions } = trace;
  const shuffled = (delayUs: Float64Array): Float64Array => {
    const places = [...delayUs.keys()].filter((i) => delayUs[i]! > 0);
    const waits = places.map((i) => delayUs[i]!);
    const other = shuffledRuns(waits, 0, stream(seed, "reshuffled-waits"));
    const moved = Float64Array.from(delayUs);
    places.forEach((place, i) => (moved[place] = other[i]!));
    return moved;
  };
  return {
    ...trace,
    ...(graph === undefined ? {} : { graph: { ...graph, delayUs: shuffled(graph.delayUs) } }),
    ...(sessions === undefined
      ? {}
      : { sessions: { ...sessions, delayUs: shuffled(sessions.delayUs) } }),
  };
}

/** The traffic of a replication; `mode`: how the scenario lets requests in. */
export function replicated(
  trace: Trace,
  mode: Scenario["traffic"]["arrivals"]["mode"],
  seed: number,
): Trace {
  return mode === "closed" ? reshuffledWaits(trace, seed) : reshuffledArrivals(trace, seed);
}

/** The values with those from `first` on in another order, neighbours together. */
function shuffledRuns(values: readonly number[], first: number, random: Stream): number[] {
  const starts: number[] = [];
  for (let start = first; start < values.length; start += GAPS_TOGETHER) starts.push(start);
  for (let i = starts.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [starts[i], starts[j]] = [starts[j]!, starts[i]!];
  }
  return [
    ...values.slice(0, first),
    ...starts.flatMap((start) => values.slice(start, start + GAPS_TOGETHER)),
  ];
}
