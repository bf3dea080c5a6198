/** Which pool each worker is of: workers are numbered with those of decode pools last, whatever the order of the pools. */

import type { Report } from "../../sim/index.ts";

/** The pool of each worker, by its number. */
export function poolOfWorkers({
  pools,
  workers,
}: Pick<Report, "pools" | "workers">): readonly Report["pools"][number][] {
  const found: Report["pools"][number][] = [];
  let next = 0;
  for (const pool of pools) {
    for (let i = 0; i < pool.workers; i++) found[workers[next++]?.worker ?? i] = pool;
  }
  return found;
}
