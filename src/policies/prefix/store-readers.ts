/** Who reads the stores of a tier that workers share: an event of a store is worth the same to all of them. */

import type { HolderTable, PrefixNodes, PrefixPath } from "./holder-table.ts";

export class StoreReaders {
  /** Workers of store s: workers[first[s] … first[s + 1]). */
  private readonly first: Int32Array;
  private readonly workers: Int32Array;
  /** Of each worker: the store that nobody else reads, −1: it has none. */
  private readonly own: Int32Array;

  /** @param storeOf the store of each worker, −1: none */
  constructor(storeOf: Int32Array) {
    const stores = storeOf.reduce((most, store) => Math.max(most, store + 1), 0);
    this.first = new Int32Array(stores + 1);
    for (const store of storeOf) if (store >= 0) this.first[store + 1]!++;
    for (let store = 0; store < stores; store++) this.first[store + 1]! += this.first[store]!;
    this.workers = new Int32Array(this.first[stores]!);
    const place = this.first.slice();
    storeOf.forEach((store, worker) => {
      if (store >= 0) this.workers[place[store]!++] = worker;
    });
    this.own = storeOf.map((store) => (store >= 0 && this.readersOf(store) === 1 ? store : -1));
  }

  readersOf(store: number): number {
    return this.first[store + 1]! - this.first[store]!;
  }

  /** The store that only this worker reads, −1: none. */
  ownStore(worker: number): number {
    return this.own[worker]!;
  }

  /** As the index's own `extendReach`, where the table's holders are stores. */
  extendReach(
    table: HolderTable,
    nodes: PrefixNodes,
    prompt: PrefixPath,
    reach: Int32Array,
    longest: number,
  ): number {
    const { first, count, cells } = table;
    const { path, start, length } = prompt;
    let best = longest;
    for (let i = start; i < start + length; i++) {
      const node = path[i]!;
      const begin = nodes.nodeBegin[node]!;
      if (best < begin) break;
      if (node >= first.length) continue;
      const size = nodes.nodeEnd[node]! - begin;
      const end = (first[node]! + count[node]!) * 2;
      for (let at = first[node]! * 2; at < end; at += 2) {
        const blocks = begin + Math.min(cells[at + 1]!, size);
        if (this.extend(cells[at]!, begin, blocks, reach) && blocks > best) best = blocks;
      }
    }
    return best;
  }

  /** Takes those of a store's readers that reach `begin` to `blocks`; false: nobody goes further than before. */
  private extend(store: number, begin: number, blocks: number, reach: Int32Array): boolean {
    let isFurther = false;
    for (let i = this.first[store]!; i < this.first[store + 1]!; i++) {
      const worker = this.workers[i]!;
      if (reach[worker]! < begin || reach[worker]! >= blocks) continue;
      reach[worker] = blocks;
      isFurther = true;
    }
    return isFurther;
  }
}
