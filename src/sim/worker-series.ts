/** The single workers' part of the samples over time. */

import { F64Column } from "../core/index.ts";
import type { WorkerSeriesColumns } from "./series-columns.ts";
import { BUSY_US, STEP_START_US } from "./worker-counters.ts";
import { WORKER_IDLE } from "./worker.ts";
import type { Worker } from "./worker.ts";

/** Workers of a cluster that is sampled one by one (assumption: 13 MB for a chart's 400 samples). */
export const WORKERS_SAMPLED_MOST = 1024;

/** Time with a forward pass in progress up to `nowUs`, that of the one in progress included, µs. */
export function busyUsAt(worker: Worker, nowUs: number): number {
  const inStep = worker.state === WORKER_IDLE ? 0 : nowUs - worker.counter(STEP_START_US);
  return worker.counter(BUSY_US) + inStep;
}

export class WorkerSeries {
  private readonly workers: number;
  private readonly busyUs = new F64Column();
  private readonly queued = new F64Column();
  private readonly running = new F64Column();
  private readonly kvBlocksUsed = new F64Column();

  constructor(workers: number) {
    this.workers = workers;
  }

  /** The next worker of the sample at `nowUs`, which holds `blocks` blocks. */
  push(worker: Worker, blocks: number, nowUs: number): void {
    this.busyUs.push(busyUsAt(worker, nowUs));
    this.queued.push(worker.batch.queuedCount);
    this.running.push(worker.batch.runningCount);
    this.kvBlocksUsed.push(blocks);
  }

  columns(): WorkerSeriesColumns {
    return {
      workers: this.workers,
      busyUs: this.busyUs.view(),
      queued: this.queued.view(),
      running: this.running.view(),
      kvBlocksUsed: this.kvBlocksUsed.view(),
    };
  }
}
