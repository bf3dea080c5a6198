/** Drives a simulation to its end in slices, so that progress shows and Ctrl-C is heard. */

import type { Simulation, SimulationResult } from "../sim/index.ts";
import type { Progress } from "./progress.ts";

export type Driven = {
  readonly result: SimulationResult;
  readonly interrupted: boolean;
};

/** Events in the first slice, and the wall time a slice should take, ms (assumptions). */
const FIRST_SLICE_EVENTS = 4096;
const SLICE_MS = 50;
const US_PER_S = 1e6;

/**
 * Runs to the end, or to the first Ctrl-C: then the result holds what was done until there. The
 * wall time in the report is that of the engine alone. `spanUs`, about how long requests arrive, stands
 * in for progress where the engine cannot know it: requests that are generated as it goes.
 */
export async function drive(
  simulation: Simulation,
  progress: Progress,
  spanUs?: number,
): Promise<Driven> {
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  process.once("SIGINT", interrupt);
  let engineMs = 0;
  let slice = FIRST_SLICE_EVENTS;
  try {
    const started = performance.now();
    for (;;) {
      const before = performance.now();
      const more = simulation.advance(slice);
      const after = performance.now();
      engineMs += after - before;
      if (!more || interrupted) break;
      slice = nextSlice(slice, after - before);
      progress.update({
        fraction: simulation.fraction || byTime(simulation.nowUs, spanUs),
        events: simulation.events,
        simS: simulation.nowUs / US_PER_S,
        wallS: (after - started) / 1000,
      });
      await new Promise(setImmediate);
    }
  } finally {
    process.removeListener("SIGINT", interrupt);
    progress.end();
  }
  const wallS = engineMs / 1000;
  const result = interrupted
    ? simulation.finish(wallS, "interrupted by the user (Ctrl-C)")
    : simulation.finish(wallS);
  return { result, interrupted };
}

/** Short of one, because the last requests are still running when arrivals end. */
function byTime(nowUs: number, spanUs: number | undefined): number {
  return spanUs === undefined || spanUs <= 0 ? 0 : Math.min(0.99, nowUs / spanUs);
}

/** Aims at SLICE_MS, changing by at most a factor of four at a time. */
function nextSlice(events: number, tookMs: number): number {
  const factor = Math.min(4, Math.max(0.25, SLICE_MS / Math.max(tookMs, 0.01)));
  return Math.max(256, Math.round(events * factor));
}
