/**
 * Blocks of a prompt that a remote store read by several workers has, beyond what each of them has on its device: Dynamo's
 * `shared(w)` (reference page 1.3; `SharedCacheHits::hits_beyond` of lib/kv-router, 2026). Every block that the store has
 * behind that place counts, those behind a gap too; what host memory and disks have meanwhile does not matter.
 */

import type { HolderTable, PrefixNodes, PrefixPath } from "./holder-table.ts";
import type { StoreReaders } from "./store-readers.ts";

export class SharedHits {
  private readonly readers: StoreReaders;
  /** By store: the blocks in a row that were found last, from … to; both 0: none. */
  private readonly from: Int32Array;
  private readonly to: Int32Array;

  constructor(readers: StoreReaders) {
    this.readers = readers;
    this.from = new Int32Array(readers.stores);
    this.to = new Int32Array(readers.stores);
  }

  /** Fills `shared` for a prompt; `device`: leading blocks on each worker's device. */
  count(
    { first, count, cells }: HolderTable,
    { nodeBegin, nodeEnd }: PrefixNodes,
    { path, start, length }: PrefixPath,
    device: Int32Array,
    shared: Int32Array,
  ): void {
    const { readers, from, to } = this;
    shared.fill(0);
    for (let i = start; i < start + length; i++) {
      const node = path[i]!;
      if (node >= first.length) continue;
      const begin = nodeBegin[node]!;
      const size = nodeEnd[node]! - begin;
      const end = (first[node]! + count[node]!) * 2;
      for (let at = first[node]! * 2; at < end; at += 2) {
        const store = cells[at]!;
        if (readers.readersOf(store) < 2) continue;
        if (to[store] !== begin) {
          readers.addBeyond(store, from[store]!, to[store]!, device, shared);
          from[store] = begin;
        }
        to[store] = begin + Math.min(cells[at + 1]!, size);
      }
    }
    for (let store = 0; store < to.length; store++) {
      if (to[store] === 0) continue;
      readers.addBeyond(store, from[store]!, to[store]!, device, shared);
      from[store] = 0;
      to[store] = 0;
    }
  }
}
