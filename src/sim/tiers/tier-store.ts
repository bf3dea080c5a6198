/**
 * One store of a KV tier: the leading blocks of nodes of the prefix forest, as runs. What it gives up is a policy.
 *
 * A run that is read or written is pinned. A write has its room from the start and can be read when it is done. Making
 * room takes blocks from the end of the policy's victim, never from the prefix of what is being stored.
 *
 * Laws: used = readable + being written ≤ capacity; stored = readable + evicted + expired + lost.
 */

import { invariant } from "../../core/index.ts";
import { ItemHeap } from "../../policies/index.ts";
import type { Eviction, EvictionPolicy, EvictionView, Item } from "../../policies/index.ts";
import { NodeMap } from "../node-map.ts";
import type { PrefixForest } from "../prefix-forest.ts";

/** What all stores know of the trace. */
export type TierWorld = {
  readonly forest: PrefixForest;
  /** Node before each node on every path that has it, −1: none. */
  readonly parents: Int32Array;
  /** Number of the newest request that has come, and of the next one behind it that takes a node. */
  readonly now: number;
  nextUse(node: number): number;
  /** Time to compute `blocks` blocks behind `depth` others, µs. */
  recomputeUs(depth: number, blocks: number): number;
};

export interface TierSink {
  /** Of a node's run, which had `before` blocks, `left` are left (0: none). */
  evicted(store: TierStore, node: number, left: number, before: number): void;
  /** The first `blocks` blocks of a node can be read now, more or fewer than before. */
  changed?(store: TierStore, node: number, blocks: number, nowUs: number): void;
}

const STRIDE = 6;
const NODE = 0;
/** Blocks that can be read, and those with room of their own: the rest is being written. */
const LENGTH = 1;
const ROOM = 2;
const PINS = 3;
const WRITES = 4;
/** Stored runs whose node follows this one. */
const CHILDREN = 5;

const FIRST_ITEMS = 16;

export type TierStoreOptions = {
  readonly id: number;
  readonly world: TierWorld;
  readonly capacityBlocks: number;
  readonly eviction: EvictionPolicy;
  readonly knobs?: Readonly<Record<string, number>>;
  /** Runs that nobody used for so long are dropped, µs; Infinity: never. */
  readonly retentionUs?: number;
  readonly sink?: TierSink;
};

export class TierStore implements EvictionView {
  readonly id: number;
  readonly capacityBlocks: number;
  /** Blocks that have room, of them those still being written, and the most ever used. */
  usedBlocks = 0;
  writingBlocks = 0;
  peakBlocks = 0;
  /** Blocks written, and what became of them. */
  storedBlocks = 0;
  evictedBlocks = 0;
  expiredBlocks = 0;
  lostBlocks = 0;
  /** Blocks that found no room. */
  refusedBlocks = 0;
  private readonly world: TierWorld;
  private readonly policy: Eviction;
  private readonly sink: TierSink | undefined;
  private readonly itemOf = new NodeMap();
  /** Stored runs below nodes that are not stored themselves. */
  private readonly orphans = new NodeMap();
  private data = new Int32Array(FIRST_ITEMS * STRIDE);
  private stamps = new Float64Array(FIRST_ITEMS);
  private items = 0;
  private readonly freeItems: Item[] = [];
  private stampNext = 0;
  private nowUs = 0;
  private usedBlockUs = 0;
  private readonly retentionUs: number;
  private readonly byLastUse: ItemHeap | undefined;

  constructor(options: TierStoreOptions) {
    this.id = options.id;
    this.world = options.world;
    this.capacityBlocks = options.capacityBlocks;
    this.sink = options.sink;
    this.retentionUs = options.retentionUs ?? Infinity;
    this.byLastUse = this.retentionUs < Infinity ? new ItemHeap() : undefined;
    this.policy = options.eviction.create(this, options.capacityBlocks, options.knobs ?? {});
  }

  // What the policy may know.

  node(item: Item): number {
    return this.data[item * STRIDE + NODE]!;
  }
  blocks(item: Item): number {
    return this.data[item * STRIDE + LENGTH]!;
  }
  depth(item: Item): number {
    return this.world.forest.nodeBegin[this.node(item)]!;
  }
  stamp(item: Item): number {
    return this.stamps[item]!;
  }
  recomputeUs(item: Item): number {
    return this.world.recomputeUs(this.depth(item), this.blocks(item));
  }
  nextUse(node: number): number {
    return this.world.nextUse(node);
  }
  get now(): number {
    return this.world.now;
  }

  // The tier's side.

  /** Moves the store's clock: what follows happens at `nowUs`. Drops runs past their retention. */
  at(nowUs: number): void {
    this.usedBlockUs += this.usedBlocks * (nowUs - this.nowUs);
    this.nowUs = nowUs;
    const { byLastUse } = this;
    if (byLastUse === undefined) return;
    while (byLastUse.size > 0 && byLastUse.keyOf(byLastUse.top) + this.retentionUs <= nowUs) {
      const item = byLastUse.top;
      const blocks = this.blocks(item);
      this.expiredBlocks += blocks;
      this.shrink(item, blocks);
    }
  }

  /** Mean of the blocks used since time 0. */
  meanBlocks(nowUs: number): number {
    const blockUs = this.usedBlockUs + this.usedBlocks * (nowUs - this.nowUs);
    return nowUs > 0 ? blockUs / nowUs : 0;
  }

  /** Leading blocks of the node that can be read. */
  readable(node: number): number {
    const item = this.itemOf.get(node);
    return item < 0 ? 0 : this.blocks(item);
  }

  /** Leading blocks of the node that can be read or are being written. */
  present(node: number): number {
    const item = this.itemOf.get(node);
    return item < 0 ? 0 : this.data[item * STRIDE + ROOM]!;
  }

  /** A request asks for so many blocks of the node, stored or not. */
  asked(node: number, blocks: number): void {
    this.policy.asked?.(node, blocks);
  }

  /** Starts to read a stored run: it stays until `unpin`. */
  pin(node: number): void {
    const item = this.itemOf.get(node);
    invariant(item >= 0, `tier law: node ${node} is read where it is not stored`);
    this.addPin(item);
  }

  /** Ends a read: the run has been used now. */
  unpin(node: number): void {
    const item = this.itemOf.get(node);
    invariant(item >= 0, `tier law: node ${node} was read and is gone`);
    this.restamp(item);
    this.dropPin(item);
  }

  /**
   * Starts to write: makes room for the node's blocks from those present up to `upTo`. Returns how many blocks found room;
   * fewer than asked for when nothing else may go, or when the policy thinks more of what is there.
   */
  reserve(node: number, upTo: number): number {
    let item = this.itemOf.get(node);
    const wanted = upTo - (item < 0 ? 0 : this.data[item * STRIDE + ROOM]!);
    if (wanted <= 0) return 0;
    if (item < 0) item = this.add(node);
    this.addPin(item);
    const room = this.makeRoom(node, wanted);
    this.refusedBlocks += wanted - room;
    const at = item * STRIDE;
    this.data[at + ROOM]! += room;
    this.usedBlocks += room;
    this.writingBlocks += room;
    if (this.usedBlocks > this.peakBlocks) this.peakBlocks = this.usedBlocks;
    if (room > 0) this.data[at + WRITES]!++;
    else {
      this.dropPin(item);
      if (this.data[at + ROOM] === 0 && this.data[at + PINS] === 0) this.remove(item);
    }
    return room;
  }

  /** Ends a write that had room for something: the run can be read once no write to it is left. */
  commit(node: number): void {
    const item = this.writtenItem(node);
    const at = item * STRIDE;
    if (--this.data[at + WRITES]! === 0) {
      const blocks = this.data[at + ROOM]! - this.data[at + LENGTH]!;
      this.data[at + LENGTH]! += blocks;
      this.writingBlocks -= blocks;
      this.storedBlocks += blocks;
      if (blocks > 0) this.sink?.changed?.(this, node, this.data[at + LENGTH]!, this.nowUs);
    }
    this.restamp(item);
    this.dropPin(item);
  }

  /** A write failed: with it goes all that is being written of the run. */
  abort(node: number): void {
    const item = this.writtenItem(node);
    const at = item * STRIDE;
    const blocks = this.data[at + ROOM]! - this.data[at + LENGTH]!;
    this.data[at + ROOM]! -= blocks;
    this.writingBlocks -= blocks;
    this.usedBlocks -= blocks;
    this.data[at + WRITES]!--;
    if (this.data[at + LENGTH] === 0 && this.data[at + PINS] === 1) {
      this.data[at + PINS] = 0;
      this.remove(item);
    } else this.dropPin(item);
  }

  /** Everything that nobody reads or writes is gone, as after a crash; `told` hears of every node. Returns the blocks lost. */
  lose(told?: (node: number) => void): number {
    let lost = 0;
    for (let item = 0; item < this.items; item++) {
      const at = item * STRIDE;
      if (this.data[at + ROOM] === 0 || this.data[at + PINS]! > 0) continue;
      const blocks = this.blocks(item);
      lost += blocks;
      this.lostBlocks += blocks;
      told?.(this.node(item));
      this.shrink(item, blocks);
    }
    return lost;
  }

  /** Recounts everything; throws `InvariantError` when the counters disagree. */
  audit(at: string): void {
    let readable = 0;
    let used = 0;
    for (let item = 0; item < this.items; item++) {
      const place = item * STRIDE;
      readable += this.data[place + LENGTH]!;
      used += this.data[place + ROOM]!;
    }
    const gone = this.evictedBlocks + this.expiredBlocks + this.lostBlocks;
    invariant(used === this.usedBlocks, `tier law: used blocks miscounted ${at}`);
    invariant(used - readable === this.writingBlocks, `tier law: writes miscounted ${at}`);
    invariant(used <= this.capacityBlocks, `tier law: more blocks than the tier has ${at}`);
    invariant(
      this.storedBlocks === readable + gone,
      `tier law: ${this.storedBlocks} blocks stored, ${readable} there, ${gone} gone ${at}`,
    );
  }

  private writtenItem(node: number): Item {
    const item = this.itemOf.get(node);
    invariant(
      item >= 0 && this.data[item * STRIDE + WRITES]! > 0,
      `tier law: a write to node ${node} ends that never began`,
    );
    return item;
  }

  /** Evicts until `wanted` more blocks fit; returns how many do. */
  private makeRoom(node: number, wanted: number): number {
    let room = this.capacityBlocks - this.usedBlocks;
    if (room >= wanted) return wanted;
    this.guardPrefix(node, 1);
    while (room < wanted) {
      const victim = this.policy.victim();
      if (victim < 0 || this.policy.admits?.(node, victim) === false) break;
      const take = Math.min(wanted - room, this.blocks(victim));
      this.evictedBlocks += take;
      room += take;
      const before = this.blocks(victim);
      const lost = this.node(victim);
      this.shrink(victim, take);
      this.sink?.evicted(this, lost, before - take, before);
    }
    this.guardPrefix(node, -1);
    return Math.min(room, wanted);
  }

  /** Pins the stored prefix of a node, or lets go of it; its age stays. */
  private guardPrefix(node: number, sign: 1 | -1): void {
    const { parents } = this.world;
    for (let above = parents[node]!; above >= 0; above = parents[above]!) {
      const item = this.itemOf.get(above);
      if (item < 0) continue;
      if (sign > 0) this.addPin(item);
      else this.dropPin(item);
    }
  }

  private add(node: number): Item {
    const item = this.freeItems.pop() ?? this.items++;
    if (item >= this.stamps.length) this.grow();
    const at = item * STRIDE;
    this.data.fill(0, at, at + STRIDE);
    this.data[at + NODE] = node;
    this.data[at + CHILDREN] = Math.max(0, this.orphans.get(node));
    this.orphans.delete(node);
    this.itemOf.set(node, item);
    const parent = this.world.parents[node]!;
    if (parent < 0) return item;
    const above = this.itemOf.get(parent);
    if (above < 0) this.addOrphans(parent, 1);
    else if (this.data[above * STRIDE + CHILDREN]!++ === 0) this.offer(above);
    return item;
  }

  private remove(item: Item): void {
    const node = this.node(item);
    this.policy.withdraw(item);
    this.byLastUse?.remove(item);
    this.itemOf.delete(node);
    const children = this.data[item * STRIDE + CHILDREN]!;
    if (children > 0) this.addOrphans(node, children);
    this.freeItems.push(item);
    const parent = this.world.parents[node]!;
    if (parent < 0) return;
    const above = this.itemOf.get(parent);
    if (above < 0) this.addOrphans(parent, -1);
    else if (--this.data[above * STRIDE + CHILDREN]! === 0) this.offer(above);
  }

  private addOrphans(parent: number, count: number): void {
    const before = Math.max(0, this.orphans.get(parent));
    this.orphans.delete(parent);
    if (before + count > 0) this.orphans.set(parent, before + count);
  }

  /** Takes `blocks` blocks from the end of an item that nobody uses. */
  private shrink(item: Item, blocks: number): void {
    const at = item * STRIDE;
    const left = this.data[at + LENGTH]! - blocks;
    this.data[at + LENGTH] = left;
    this.data[at + ROOM] = left;
    this.usedBlocks -= blocks;
    this.policy.evicted?.(item);
    this.sink?.changed?.(this, this.node(item), left, this.nowUs);
    if (left === 0) this.remove(item);
  }

  private addPin(item: Item): void {
    if (this.data[item * STRIDE + PINS]!++ > 0) return;
    this.policy.withdraw(item);
    this.byLastUse?.remove(item);
  }

  private dropPin(item: Item): void {
    if (--this.data[item * STRIDE + PINS]! === 0) this.offer(item);
  }

  /** Offers the item to the policy, or takes it back, as its pins and children demand. */
  private offer(item: Item): void {
    const at = item * STRIDE;
    if (this.data[at + PINS]! > 0 || this.data[at + ROOM] === 0) return;
    if (this.policy.leavesOnly && this.data[at + CHILDREN]! > 0) this.policy.withdraw(item);
    else this.policy.offer(item);
    if (this.byLastUse?.has(item) === false) this.byLastUse.set(item, this.lastUseUs[item]!, 0);
  }

  private restamp(item: Item): void {
    this.stamps[item] = this.stampNext++;
    if (this.byLastUse !== undefined) this.lastUseUs[item] = this.nowUs;
  }

  /** By item; used only where retention is bounded. */
  private readonly lastUseUs: number[] = [];

  private grow(): void {
    const data = new Int32Array(this.data.length * 2);
    data.set(this.data);
    this.data = data;
    const stamps = new Float64Array(this.stamps.length * 2);
    stamps.set(this.stamps);
    this.stamps = stamps;
  }
}
