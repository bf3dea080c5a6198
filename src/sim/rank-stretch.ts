/**
 * A run of decode steps of a rank in lock step. Its times are those of the slowest of the ranks, the leader, to the bit, so that
 * all ranks of a worker see the same boundaries; its requests are its own.
 */

import { runSum } from "../hardware/index.ts";
import type { DecodeRun } from "../hardware/index.ts";
import { DecodeStretch } from "./decode-stretch.ts";

/** A batch that decodes, and the time of its steps by themselves. */
export type RankCourse = {
  batch: number;
  /** Total context of the first step. */
  context: number;
  readonly run: DecodeRun;
};

export class RankStretch extends DecodeStretch {
  /** Time that the rank has waited for slower ones in steps in which it had work of its own, µs. */
  waitedUs = 0;
  private readonly own: RankCourse = {
    batch: 0,
    context: 0,
    run: { c0: 0, c1: 0, c2: 0, contextEnd: 0 },
  };

  override get batch(): number {
    return this.own.batch;
  }

  override get context(): number {
    return this.own.context;
  }

  /** Starts a stretch at `nowUs` that goes with `leader` for `steps` steps, Infinity: for good. */
  follow(nowUs: number, step: number, own: RankCourse, leader: RankCourse, steps: number): void {
    const { batch, context, run } = leader;
    this.own.batch = own.batch;
    this.own.context = own.context;
    this.own.run.c0 = own.run.c0;
    this.own.run.c1 = own.run.c1;
    this.own.run.c2 = own.run.c2;
    this.set(nowUs, step, batch, context, run, context + batch * steps);
  }

  /** The stretch is over after `steps` steps; returns how much of their time the rank has waited for others, µs. */
  over(steps: number): number {
    const { batch, context, run } = this.own;
    const ownUs = runSum(run.c0, run.c1, run.c2, context, batch, steps);
    const waitedUs = Math.max(0, this.timeAt(steps) - this.anchorUs - ownUs);
    this.waitedUs += waitedUs;
    return waitedUs;
  }
}
