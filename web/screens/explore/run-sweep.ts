/** Runs a planned sweep in the pool; points fill in as they end. */

import { Batch, reportOf, stopBatch } from "../../engine/pool.ts";
import { sweepStore } from "../../stores/sweep-store.ts";
import type { SweepPoint } from "../../stores/sweep-store.ts";

let batch = new Batch();

export function startSweep(plan: readonly SweepPoint[]): void {
  stopBatch(batch);
  const own = new Batch();
  batch = own;
  sweepStore.setState({ points: plan, isRunning: true, pins: [], filters: {} });
  const runs = plan.map(async (point) => {
    const outcome = await reportOf(point.document, own);
    if (own.isStopped) return;
    const done: SweepPoint = outcome.ok
      ? { ...point, report: outcome.value }
      : { ...point, problem: outcome.problem };
    sweepStore.setState(({ points }) => ({
      points: points.map((one) => (one.id === point.id ? done : one)),
    }));
  });
  void Promise.all(runs).then(() => {
    if (batch === own) sweepStore.setState({ isRunning: false });
  });
}

/** What is done stays. */
export function stopSweep(): void {
  stopBatch(batch);
  sweepStore.setState({ isRunning: false });
}

/** Pins a point, or unpins it; a third pushes the first out. */
export function togglePin(id: number): void {
  sweepStore.setState(({ pins }) => ({
    pins: pins.includes(id) ? pins.filter((one) => one !== id) : [...pins, id].slice(-2),
  }));
}
