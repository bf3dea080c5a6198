/** A worker dies: its cache and its requests go, and with them what its KV tiers had here. */

import type { ClusterNetwork } from "../network/index.ts";
import type { Pool } from "../pool.ts";
import type { WorkerEvents } from "../worker-events.ts";
import type { Worker } from "../worker.ts";

/** Where it dies. */
export type WipeParts = {
  readonly workers: readonly Worker[];
  readonly poolOf: readonly Pool[];
  readonly clock: WorkerEvents;
};

/**
 * Empties a worker.
 *
 * @param lastUs when its last step ended
 * @param withNode the node is lost too, with what its workers share there
 * @param lost gets every request that was there
 */
export function wipe(
  { workers, poolOf, clock }: WipeParts,
  worker: Worker,
  lastUs: number,
  withNode: boolean,
  nowUs: number,
  lost: (slot: number) => void,
): void {
  const { tiers } = poolOf[worker.id]!;
  if (tiers === undefined) {
    worker.batch.wipe(lastUs, nowUs, lost);
    return;
  }
  const row = worker.id - tiers.firstId;
  tiers.dying = row;
  worker.batch.wipe(lastUs, nowUs, lost);
  tiers.dying = -1;
  tiers.losses.died(row, withNode, nowUs, (id) => clock.wake(workers[id]!, nowUs));
}

/** Links have been cut: what was to come over them to the workers' caches will not. */
export function failLoads(
  {
    workers,
    pools,
    net,
    clock,
  }: WipeParts & {
    readonly pools: readonly Pool[];
    readonly net: ClusterNetwork | undefined;
  },
  nowUs: number,
): void {
  if (net === undefined) return;
  const wake = (id: number): void => clock.wake(workers[id]!, nowUs);
  for (const { tiers } of pools) tiers?.losses.cut(net.network, nowUs, wake);
}
