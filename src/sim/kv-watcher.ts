/**
 * Who is told what a worker's prefix cache gains and loses: the router's index, the lower tiers. A pool without a watcher
 * pays nothing.
 *
 * Both modes of the engine tell the same changes in the same order, but a fast run of decode steps tells the evictions of
 * its steps when it ends. `settled` marks the instants that both modes share: whoever needs times dates changes by the
 * next one.
 */

/** Told by the pools of all workers; nodes are those of the prefix forest. */
export interface KvWatcher {
  /** The first `blocks` blocks of a node are cached on the worker now, more than before. */
  stored(worker: number, node: number, blocks: number): void;
  /** Only the first `blocks` blocks of a node are left on the worker; 0: it is gone. */
  removed(worker: number, node: number, blocks: number): void;
  /** The worker starts a pass with prompt tokens in it, or its batch has changed: all changes up to `nowUs` have been told. */
  settled(worker: number, nowUs: number): void;
}

/** Tells both. */
export function bothWatchers(first: KvWatcher, second: KvWatcher): KvWatcher {
  return {
    stored(worker, node, blocks) {
      first.stored(worker, node, blocks);
      second.stored(worker, node, blocks);
    },
    removed(worker, node, blocks) {
      first.removed(worker, node, blocks);
      second.removed(worker, node, blocks);
    },
    settled(worker, nowUs) {
      first.settled(worker, nowUs);
      second.settled(worker, nowUs);
    },
  };
}
