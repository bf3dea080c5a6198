/**
 * Which workers hold which node of a prefix forest, each with a number: blocks cached, time of expiry, references.
 *
 * A node's holders lie side by side in a slab of chunks whose sizes are powers of two, so a lookup that walks a path reads
 * a few runs of memory. The order of holders means nothing.
 */

/** Where each node's blocks lie on the prompts that pass through it; the arrays may be replaced when the forest grows. */
export interface PrefixNodes {
  /** First block of each node, counted from the prompt's start, and one past the last. */
  readonly nodeBegin: Int32Array;
  readonly nodeEnd: Int32Array;
}

/** A prompt's way through the forest: nodes path[start … start + length). */
export type PrefixPath = { path: Int32Array; start: number; length: number };

const FIRST_NODES = 64;
const FIRST_CELLS = 256;
const NO_CHUNK = -1;

export class HolderTable {
  /** Pairs of node and worker. */
  pairs = 0;
  /** Of each node: its first cell in `cells`, and how many it has. */
  first = new Int32Array(FIRST_NODES).fill(NO_CHUNK);
  count = new Int32Array(FIRST_NODES);
  /** Cells of two numbers: the worker and its value. */
  cells = new Float64Array(FIRST_CELLS * 2);
  /** log2 of the node's chunk. */
  private sizeClass = new Uint8Array(FIRST_NODES);
  private used = 0;
  /** Head of the free chunks of each size; a free chunk's first number is the next one. */
  private readonly freeHead: number[] = [];

  /** The value of a pair, −1 when the worker does not hold the node. */
  get(node: number, worker: number): number {
    const at = this.find(node, worker);
    return at < 0 ? -1 : this.cells[at + 1]!;
  }

  /** Sets the value of a pair; returns the one before, −1 when there was none. */
  set(node: number, worker: number, value: number): number {
    if (node >= this.first.length) this.growNodes(node + 1);
    const at = this.find(node, worker);
    if (at >= 0) {
      const before = this.cells[at + 1]!;
      this.cells[at + 1] = value;
      return before;
    }
    const count = this.count[node]!;
    if (this.first[node] === NO_CHUNK) {
      this.first[node] = this.takeChunk(0);
      this.sizeClass[node] = 0;
    } else if (count === 1 << this.sizeClass[node]!) this.enlarge(node);
    const place = (this.first[node]! + count) * 2;
    this.cells[place] = worker;
    this.cells[place + 1] = value;
    this.count[node] = count + 1;
    this.pairs++;
    return -1;
  }

  /** Takes a pair out; returns its value, −1 when there was none. */
  remove(node: number, worker: number): number {
    const at = this.find(node, worker);
    if (at < 0) return -1;
    const { cells } = this;
    const value = cells[at + 1]!;
    const last = --this.count[node]!;
    const end = (this.first[node]! + last) * 2;
    cells[at] = cells[end]!;
    cells[at + 1] = cells[end + 1]!;
    this.pairs--;
    if (last === 0) {
      this.giveChunk(this.first[node]!, this.sizeClass[node]!);
      this.first[node] = NO_CHUNK;
    }
    return value;
  }

  /** Nodes that may have holders: every number below. */
  get nodeLimit(): number {
    return this.first.length;
  }

  /** Bytes of the arrays behind it. */
  get bytes(): number {
    const { first, count, sizeClass, cells } = this;
    return first.byteLength + count.byteLength + sizeClass.byteLength + cells.byteLength;
  }

  /** Place of the pair in `cells`, −1: none. */
  private find(node: number, worker: number): number {
    if (node >= this.first.length) return -1;
    const { cells } = this;
    const from = this.first[node]! * 2;
    const end = from + this.count[node]! * 2;
    for (let at = from; at < end; at += 2) if (cells[at] === worker) return at;
    return -1;
  }

  private enlarge(node: number): void {
    const from = this.first[node]!;
    const sizeClass = this.sizeClass[node]!;
    const to = this.takeChunk(sizeClass + 1);
    this.cells.copyWithin(to * 2, from * 2, (from + (1 << sizeClass)) * 2);
    this.giveChunk(from, sizeClass);
    this.first[node] = to;
    this.sizeClass[node] = sizeClass + 1;
  }

  private takeChunk(sizeClass: number): number {
    const head = this.freeHead[sizeClass] ?? NO_CHUNK;
    if (head !== NO_CHUNK) {
      this.freeHead[sizeClass] = this.cells[head * 2]!;
      return head;
    }
    const chunk = this.used;
    this.used += 1 << sizeClass;
    if (this.used * 2 > this.cells.length) {
      // Half as much again: less than doubling wastes, and copying stays a small share.
      const length = Math.max(this.used * 2, Math.ceil(this.cells.length * 0.75) * 2);
      const grown = new Float64Array(length);
      grown.set(this.cells);
      this.cells = grown;
    }
    return chunk;
  }

  private giveChunk(chunk: number, sizeClass: number): void {
    while (this.freeHead.length <= sizeClass) this.freeHead.push(NO_CHUNK);
    this.cells[chunk * 2] = this.freeHead[sizeClass]!;
    this.freeHead[sizeClass] = chunk;
  }

  private growNodes(least: number): void {
    const length = Math.max(least, Math.ceil(this.first.length * 1.5));
    const first = new Int32Array(length).fill(NO_CHUNK);
    first.set(this.first);
    this.first = first;
    const count = new Int32Array(length);
    count.set(this.count);
    this.count = count;
    const sizeClass = new Uint8Array(length);
    sizeClass.set(this.sizeClass);
    this.sizeClass = sizeClass;
  }
}
