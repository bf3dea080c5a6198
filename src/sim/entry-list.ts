/** Entries that nobody holds, in the order in which they were released: doubly linked through the store, at no memory of its own. */

import { invariant } from "../core/index.ts";
import { ENTRY_LENGTH, ENTRY_NEWER, ENTRY_OLDER, ENTRY_REFERENCES } from "./entry-store.ts";
import type { EntryStore } from "./entry-store.ts";

export class EntryList {
  /** Released first; −1: the list is empty. */
  oldest = -1;
  newest = -1;
  private readonly store: EntryStore;

  constructor(store: EntryStore) {
    this.store = store;
  }

  append(entry: number): void {
    const { data } = this.store;
    data[entry + ENTRY_OLDER] = this.newest;
    data[entry + ENTRY_NEWER] = -1;
    if (this.newest >= 0) data[this.newest + ENTRY_NEWER] = entry;
    else this.oldest = entry;
    this.newest = entry;
  }

  /** Takes out an entry that is in this list. */
  remove(entry: number): void {
    const { data } = this.store;
    const before = data[entry + ENTRY_OLDER]!;
    const after = data[entry + ENTRY_NEWER]!;
    if (before >= 0) data[before + ENTRY_NEWER] = after;
    else this.oldest = after;
    if (after >= 0) data[after + ENTRY_OLDER] = before;
    else this.newest = before;
  }

  /** Blocks in the list; throws `InvariantError` when it is broken. `look` sees every entry. */
  audit(at: string, look?: (entry: number) => void): number {
    const { data } = this.store;
    let blocks = 0;
    let last = -1;
    for (let entry = this.oldest; entry >= 0; entry = data[entry + ENTRY_NEWER]!) {
      const isHeld = data[entry + ENTRY_REFERENCES] !== 0;
      invariant(!isHeld, `KV law: a referenced entry is in a list of those nobody holds ${at}`);
      invariant(data[entry + ENTRY_OLDER] === last, `KV law: a list of entries is broken ${at}`);
      look?.(entry);
      blocks += data[entry + ENTRY_LENGTH]!;
      last = entry;
    }
    invariant(last === this.newest, `KV law: a list of entries ends too early ${at}`);
    return blocks;
  }
}
