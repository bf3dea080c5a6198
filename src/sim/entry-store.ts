/** Entries of all KV pools in one array, and what the last lookup found: see `kv-pool.ts`. */

/** Numbers of an entry: owner, blocks, references, neighbours in the LRU list of its pool. */
export const ENTRY_STRIDE = 5;
export const ENTRY_OWNER = 0;
export const ENTRY_LENGTH = 1;
export const ENTRY_REFERENCES = 2;
export const ENTRY_OLDER = 3;
export const ENTRY_NEWER = 4;

const FIRST_ENTRIES = 256;

export class EntryStore {
  data = new Int32Array(FIRST_ENTRIES * ENTRY_STRIDE);
  /** Of the last lookup: blocks found, those of them referenced already, nodes touched, private blocks found. */
  matchedBlocks = 0;
  matchedActive = 0;
  matchedNodes = 0;
  matchedPrivate = false;
  private used = 0;
  private free = -1;

  take(owner: number, blocks: number): number {
    let entry = this.free;
    if (entry >= 0) this.free = this.data[entry + ENTRY_NEWER]!;
    else {
      entry = this.used;
      this.used += ENTRY_STRIDE;
      if (this.used > this.data.length) {
        const grown = new Int32Array(this.data.length * 2);
        grown.set(this.data);
        this.data = grown;
      }
    }
    const { data } = this;
    data[entry + ENTRY_OWNER] = owner;
    data[entry + ENTRY_LENGTH] = blocks;
    data[entry + ENTRY_REFERENCES] = 0;
    return entry;
  }

  give(entry: number): void {
    this.data[entry + ENTRY_NEWER] = this.free;
    this.free = entry;
  }
}
