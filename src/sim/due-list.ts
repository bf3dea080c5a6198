/** The workers that may start a pass at the current instant. */

import type { Worker } from "./worker.ts";

export class DueList {
  length = 0;
  private readonly workers: Worker[] = [];

  add(worker: Worker): void {
    if (worker.isDue) return;
    worker.isDue = true;
    this.workers[this.length++] = worker;
  }

  /** Puts them into the order of their numbers; nearly sorted already, so insertion sort. */
  sort(): void {
    const { workers } = this;
    for (let i = 1; i < this.length; i++) {
      const worker = workers[i]!;
      let j = i;
      for (; j > 0 && workers[j - 1]!.id > worker.id; j--) workers[j] = workers[j - 1]!;
      workers[j] = worker;
    }
  }

  /** The `index`-th worker, which is due no longer. */
  take(index: number): Worker {
    const worker = this.workers[index]!;
    worker.isDue = false;
    return worker;
  }
}
