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

  get stores(): number {
    return this.first.length - 1;
  }

  readersOf(store: number): number {
    return this.first[store + 1]! - this.first[store]!;
  }

  /** The store that only this worker reads, −1: none. */
  ownStore(worker: number): number {
    return this.own[worker]!;
  }

  /** Adds to each reader of a store the blocks from … to, so far as they lie behind its `device`. */
  addBeyond(store: number, from: number, to: number, device: Int32Array, shared: Int32Array): void {
    if (from === to) return;
    for (let i = this.first[store]!; i < this.first[store + 1]!; i++) {
      const worker = this.workers[i]!;
      shared[worker]! += Math.max(0, to - Math.max(from, device[worker]!));
    }
  }

  /** As the index's own `extendReach`, where the table's holders are stores; `onlyOwn`: of those that one worker reads. */
  extendReach(
    table: HolderTable,
    nodes: PrefixNodes,
    prompt: PrefixPath,
    reach: Int32Array,
    longest: number,
    onlyOwn: boolean,
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
        if (onlyOwn && this.readersOf(cells[at]!) > 1) continue;
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
