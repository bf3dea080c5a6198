/**
 * A prefix forest that grows from block hashes, for live use: the same nodes that the simulator cuts from a trace.
 *
 * A block's *sequence hash* stands for its whole prefix, so one table from hash to place serves lookups at any depth, and two
 * prompts share a node's blocks as soon as they share its last one. A node is a run of blocks; comparing two runs costs
 * the logarithm of their length. When a prompt ends or parts inside a node, the node is cut: the new node takes the
 * leading blocks, the old one keeps its number for the rest, so that whoever remembers a leaf still names it.
 */

import type { PrefixNodes, PrefixPath } from "./holder-table.ts";

/** Sequence hashes of a prompt's complete blocks, as halves of 64 bits. */
export type BlockHashes = {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly length: number;
};

/** Told when a node is cut, so that tables keyed by node follow. */
export type SplitListener = (node: number, head: number, cut: number) => void;

const EMPTY = -1;
const NO_NODE = -1;
const FIRST_NODES = 64;
const FIRST_SLOTS = 256;
/** Most slots of the hash table in use before it doubles. */
const LOAD_MOST = 0.75;

export class HashTree implements PrefixNodes {
  nodeBegin = new Int32Array(FIRST_NODES);
  nodeEnd = new Int32Array(FIRST_NODES);
  /** Node in front of each, −1: none. */
  parent = new Int32Array(FIRST_NODES).fill(NO_NODE);
  /** Distinct blocks held. */
  blocks = 0;
  private readonly onSplit: SplitListener;
  private childCount = new Int32Array(FIRST_NODES);
  private segmentStart = new Int32Array(FIRST_NODES);
  private segmentClass = new Uint8Array(FIRST_NODES);
  private nodeCount = 0;
  private freeNodes: number[] = [];
  private low = new Uint32Array(FIRST_SLOTS);
  private high = new Uint32Array(FIRST_SLOTS);
  private segmentsUsed = 0;
  private readonly freeSegments: number[][] = [];
  /** Pairs of node and depth by hash: open addressing, linear probing. */
  private slots = new Int32Array(FIRST_SLOTS * 2).fill(EMPTY);
  private slotsUsed = 0;

  constructor(onSplit: SplitListener = () => undefined) {
    this.onSplit = onSplit;
  }

  /** Fills `out` with the nodes that hold the prompt's leading blocks; returns how many blocks those are. The last node may reach further. */
  lookup(hashes: BlockHashes, out: PrefixPath): number {
    return this.walk(hashes, 0, out);
  }

  /** As `lookup`, with nodes made or cut so that they hold exactly the prompt's blocks. */
  insert(hashes: BlockHashes, out: PrefixPath): void {
    this.insertAt(hashes, 0, NO_NODE, out);
  }

  /**
   * Adds the blocks that follow a known one. Fills `out` with the nodes that hold them: the first may begin before them.
   * False, and nothing is done, when the block in front is unknown.
   */
  insertAfter(low: number, high: number, hashes: BlockHashes, out: PrefixPath): boolean {
    const node = this.nodeOf(low, high);
    if (node === NO_NODE) return false;
    const depth = this.depthOf(low, high) + 1;
    const isKnown = hashes.length > 0 && this.nodeOf(hashes.low[0]!, hashes.high[0]!) !== NO_NODE;
    const parent = isKnown || depth === this.nodeEnd[node] ? node : this.split(node, depth);
    this.insertAt(hashes, depth, parent, out);
    return true;
  }

  private insertAt(hashes: BlockHashes, base: number, parent: number, out: PrefixPath): void {
    const matched = this.walk(hashes, base, out);
    let leaf = out.length === 0 ? parent : out.path[out.start + out.length - 1]!;
    if (out.length > 0 && matched < this.nodeEnd[leaf]!) {
      leaf = this.split(leaf, matched);
      out.path[out.start + out.length - 1] = leaf;
    }
    if (matched === base + hashes.length) return;
    // A leaf that ends here and is nobody's prefix yet would be extended in place, but its holders have
    // less: a node of its own keeps their counts right.
    const node = this.takeNode(leaf, matched);
    this.append(node, hashes, matched - base, hashes.length);
    if (leaf !== NO_NODE) this.childCount[leaf]!++;
    pushNode(out, node);
  }

  /** Fills `out` with the path from the root to a node. */
  pathOf(node: number, out: PrefixPath): void {
    let length = 0;
    for (let at = node; at !== NO_NODE; at = this.parent[at]!) length++;
    while (out.path.length < out.start + length) growPath(out);
    out.length = length;
    for (let at = node, i = out.start + length - 1; at !== NO_NODE; at = this.parent[at]!, i--) {
      out.path[i] = at;
    }
  }

  /** The node that has a block, −1: none; `depthOf` then tells where. */
  nodeOf(low: number, high: number): number {
    const at = this.findSlot(low, high);
    return this.slots[at]!;
  }

  /** Position of a block in its prompt, −1: unknown. */
  depthOf(low: number, high: number): number {
    const at = this.findSlot(low, high);
    return this.slots[at + 1]!;
  }

  /** Removes a leaf, and what becomes a leaf thereby, as long as `isHeld` says nobody needs it. */
  prune(leaf: number, isHeld: (node: number) => boolean): void {
    let node = leaf;
    while (node !== NO_NODE && this.childCount[node] === 0 && !isHeld(node)) {
      const up = this.parent[node]!;
      this.removeNode(node);
      if (up !== NO_NODE) this.childCount[up]!--;
      node = up;
    }
  }

  /** Visits all nodes without children. */
  forEachLeaf(visit: (node: number) => void): void {
    for (let node = 0; node < this.nodeCount; node++) {
      if (this.childCount[node] === 0 && this.nodeEnd[node]! > this.nodeBegin[node]!) visit(node);
    }
  }

  /** Bytes of the arrays behind it. */
  get bytes(): number {
    const perNode = this.nodeBegin.byteLength * 5 + this.segmentClass.byteLength;
    return perNode + this.low.byteLength + this.high.byteLength + this.slots.byteLength;
  }

  /** Follows the blocks from depth `base` on; returns the depth reached. */
  private walk(hashes: BlockHashes, base: number, out: PrefixPath): number {
    out.length = 0;
    const last = base + hashes.length;
    let depth = base;
    while (depth < last) {
      const at = this.findSlot(hashes.low[depth - base]!, hashes.high[depth - base]!);
      const node = this.slots[at]!;
      if (node === EMPTY) break;
      pushNode(out, node);
      depth = this.commonEnd(hashes, base, node, depth, Math.min(this.nodeEnd[node]!, last));
      if (depth < this.nodeEnd[node]!) break;
    }
    return depth;
  }

  /** One past the last block of a node, from `depth` to `end`, that the prompt shares; the first is known to be. */
  private commonEnd(
    hashes: BlockHashes,
    base: number,
    node: number,
    depth: number,
    end: number,
  ): number {
    const segment = this.segmentStart[node]! - this.nodeBegin[node]!;
    const same = (i: number): boolean =>
      this.low[segment + i] === hashes.low[i - base] &&
      this.high[segment + i] === hashes.high[i - base];
    if (same(end - 1)) return end;
    let shared = depth;
    let parted = end - 1;
    while (parted - shared > 1) {
      const middle = (shared + parted) >> 1;
      if (same(middle)) shared = middle;
      else parted = middle;
    }
    return shared + 1;
  }

  /** Cuts a node at a depth; returns the new node with the leading blocks. */
  private split(node: number, depth: number): number {
    const begin = this.nodeBegin[node]!;
    const up = this.parent[node]!;
    const head = this.takeNode(up, begin);
    const from = this.segmentStart[node]!;
    const count = depth - begin;
    const to = this.reserve(head, count);
    for (let i = 0; i < count; i++) {
      this.low[to + i] = this.low[from + i]!;
      this.high[to + i] = this.high[from + i]!;
      const at = this.findSlot(this.low[from + i]!, this.high[from + i]!);
      this.slots[at] = head;
    }
    this.nodeEnd[head] = depth;
    const rest = this.nodeEnd[node]! - depth;
    const oldClass = this.segmentClass[node]!;
    const oldStart = from;
    const start = this.reserve(node, rest);
    this.low.copyWithin(start, oldStart + count, oldStart + count + rest);
    this.high.copyWithin(start, oldStart + count, oldStart + count + rest);
    this.giveSegment(oldStart, oldClass);
    this.nodeBegin[node] = depth;
    this.parent[node] = head;
    this.childCount[head] = 1;
    this.onSplit(node, head, count);
    return head;
  }

  /** Gives a new node the hashes `from` … `to` of a list. */
  private append(node: number, hashes: BlockHashes, from: number, to: number): void {
    const begin = this.nodeBegin[node]!;
    const start = this.reserve(node, to - from);
    for (let i = from; i < to; i++) {
      this.low[start + i - from] = hashes.low[i]!;
      this.high[start + i - from] = hashes.high[i]!;
    }
    this.nodeEnd[node] = begin + to - from;
    this.blocks += to - from;
    while (this.slotsUsed + to - from > (this.slots.length / 2) * LOAD_MOST) this.growSlots();
    for (let i = from; i < to; i++) {
      this.addSlot(hashes.low[i]!, hashes.high[i]!, node, begin + i - from);
    }
  }

  private takeNode(parent: number, begin: number): number {
    const node = this.freeNodes.pop() ?? this.nodeCount++;
    if (node >= this.nodeBegin.length) this.growNodes();
    this.nodeBegin[node] = begin;
    this.nodeEnd[node] = begin;
    this.parent[node] = parent;
    this.childCount[node] = 0;
    return node;
  }

  private removeNode(node: number): void {
    const start = this.segmentStart[node]!;
    const count = this.nodeEnd[node]! - this.nodeBegin[node]!;
    for (let i = start; i < start + count; i++) this.dropSlot(this.low[i]!, this.high[i]!);
    this.blocks -= count;
    this.giveSegment(start, this.segmentClass[node]!);
    this.nodeEnd[node] = this.nodeBegin[node]!;
    this.freeNodes.push(node);
  }

  /** Room for so many hashes; becomes the node's segment. */
  private reserve(node: number, count: number): number {
    const sizeClass = Math.max(0, 32 - Math.clz32(Math.max(1, count) - 1));
    const free = this.freeSegments[sizeClass]?.pop();
    let start = free ?? this.segmentsUsed;
    if (free === undefined) {
      start = this.segmentsUsed;
      this.segmentsUsed += count;
      // Only as much as is needed: a segment that is given back serves the class below its size.
      while (this.segmentsUsed > this.low.length) this.growSegments();
    }
    this.segmentStart[node] = start;
    this.segmentClass[node] = free === undefined ? floorClass(count) : sizeClass;
    return start;
  }

  private giveSegment(start: number, sizeClass: number): void {
    while (this.freeSegments.length <= sizeClass) this.freeSegments.push([]);
    this.freeSegments[sizeClass]!.push(start);
  }

  /** Place of a hash in `slots`, or the empty place where it would be. */
  private findSlot(low: number, high: number): number {
    const mask = this.slots.length - 2;
    let at = homeOf(low, high, mask);
    for (;;) {
      const node = this.slots[at]!;
      if (node === EMPTY) return at;
      const place = this.segmentStart[node]! + this.slots[at + 1]! - this.nodeBegin[node]!;
      if (this.low[place] === low && this.high[place] === high) return at;
      at = (at + 2) & mask;
    }
  }

  private addSlot(low: number, high: number, node: number, depth: number): void {
    const mask = this.slots.length - 2;
    let at = homeOf(low, high, mask);
    while (this.slots[at] !== EMPTY) at = (at + 2) & mask;
    this.slots[at] = node;
    this.slots[at + 1] = depth;
    this.slotsUsed++;
  }

  private dropSlot(low: number, high: number): void {
    const { slots } = this;
    const mask = slots.length - 2;
    let hole = this.findSlot(low, high);
    if (slots[hole] === EMPTY) return;
    this.slotsUsed--;
    for (let at = (hole + 2) & mask; slots[at] !== EMPTY; at = (at + 2) & mask) {
      const node = slots[at]!;
      const place = this.segmentStart[node]! + slots[at + 1]! - this.nodeBegin[node]!;
      const home = homeOf(this.low[place]!, this.high[place]!, mask);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = node;
      slots[hole + 1] = slots[at + 1]!;
      hole = at;
    }
    slots[hole] = EMPTY;
    slots[hole + 1] = EMPTY;
  }

  private growSlots(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2).fill(EMPTY);
    this.slotsUsed = 0;
    for (let at = 0; at < old.length; at += 2) {
      const node = old[at]!;
      if (node === EMPTY) continue;
      const place = this.segmentStart[node]! + old[at + 1]! - this.nodeBegin[node]!;
      this.addSlot(this.low[place]!, this.high[place]!, node, old[at + 1]!);
    }
  }

  private growSegments(): void {
    const length = Math.ceil(this.low.length * 1.5);
    const low = new Uint32Array(length);
    low.set(this.low);
    this.low = low;
    const high = new Uint32Array(length);
    high.set(this.high);
    this.high = high;
  }

  private growNodes(): void {
    const length = Math.ceil(this.nodeBegin.length * 1.5);
    const grown = (from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(length);
      to.set(from);
      return to;
    };
    this.nodeBegin = grown(this.nodeBegin);
    this.nodeEnd = grown(this.nodeEnd);
    this.parent = grown(this.parent);
    this.childCount = grown(this.childCount);
    this.segmentStart = grown(this.segmentStart);
    const sizeClass = new Uint8Array(length);
    sizeClass.set(this.segmentClass);
    this.segmentClass = sizeClass;
  }
}

/** Even place of a hash in a table of `mask + 2` numbers: MurmurHash3's finaliser, so that no pattern of hashes clusters. */
function homeOf(low: number, high: number, mask: number): number {
  let h = Math.imul(low, 0xcc9e2d51) + Math.imul(high, 0x1b873593);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) & mask & ~1;
}

/** log2 of the largest power of two that is no more than `count`. */
function floorClass(count: number): number {
  return 31 - Math.clz32(Math.max(1, count));
}

function pushNode(out: PrefixPath, node: number): void {
  if (out.start + out.length === out.path.length) growPath(out);
  out.path[out.start + out.length++] = node;
}

function growPath(out: PrefixPath): void {
  const grown = new Int32Array(Math.max(16, out.path.length * 2));
  grown.set(out.path);
  out.path = grown;
}
