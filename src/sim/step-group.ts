/** Workers whose steps are one, as those see it that know workers one by one. */

import type { HandoffBatch } from "./handoff-batch.ts";

/** Times that say when the group's event is due: −1: it stays; now: a step may start at once. */
export interface StepGroup {
  /** Number of the first worker; the one event of the group is that worker's. */
  readonly id: number;
  readonly ranks: readonly {
    readonly id: number;
    readonly state: number;
    readonly batch: HandoffBatch;
  }[];
  /** Time of all steps that have ended, whichever workers had work in them, µs. */
  readonly busyUs: number;
  /** Starts the next step or run; returns the time of its event, Infinity: nothing to do, NaN: one is in progress. */
  start(nowUs: number): number;
  /** The event of the group is due: its step or run ends, or who had nothing to do looks again. */
  end(nowUs: number): void;
  /** A worker's next pass has something to see. */
  wake(worker: number, nowUs: number): number;
  /** A request has arrived at a worker; `mayStart`: nobody waits there before it. */
  arrived(worker: number, mayStart: boolean, nowUs: number): number;
  /** A request that is not done leaves a worker. */
  cancel(worker: number, slot: number, nowUs: number): number;
  /** A run ends with the step in progress. */
  cut(nowUs: number): number;
  /** All workers stop at once; what they were doing is lost. */
  halt(): void;
}
