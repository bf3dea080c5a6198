/**
 * A worker's KV pool: blocks in use, blocks kept for reuse, free blocks.
 *
 * Blocks are counted, not named. What is cached is kept as *entries*: the leading blocks of a node of the prefix forest,
 * the private blocks of a preempted request, or blocks of finished requests that nobody can ever match again but that
 * take their turn in the queue (as generated blocks do in a real engine). Unreferenced entries form one LRU list; eviction
 * takes blocks from the end of the oldest entry. Requests reference whole leading parts of their path and release leaf
 * first, so a cached set is always closed under prefix, and a lookup is a walk along the path.
 *
 * Law: free + used + cached = blocks, where `used` is what running requests hold.
 */

import { invariant } from "../core/index.ts";
import type { Engine } from "./engine.ts";
import { EntryList } from "./entry-list.ts";
import { ENTRY_LENGTH, ENTRY_OWNER, ENTRY_REFERENCES } from "./entry-store.ts";
import type { EntryStore } from "./entry-store.ts";
import { KvRetention } from "./kv-retention.ts";
import { NodeMap } from "./node-map.ts";
import {
  AT_HELD_NODES,
  AT_PATH_LENGTH,
  AT_PATH_START,
  AT_PRIVATE_ENTRY,
  AT_ROW,
  AT_SHARED_BLOCKS,
} from "./request-table.ts";

/** Owner of blocks that nothing can match. */
const OWNER_NOBODY = -1;
/** Owner code of the private entry of request slot s is OWNER_SLOT − s. */
const OWNER_SLOT = -2;

export class KvPool {
  /** Blocks that were never used or were given back empty. */
  free: number;
  /** Unreferenced blocks kept for reuse; evicted when free blocks run out. */
  cached = 0;
  evicted = 0;
  /** Blocks that running requests hold, shared ones counted for each holder. */
  held = 0;
  /** Blocks that hints ask to keep; undefined: hints are not heeded, or there are none. */
  readonly kept: KvRetention | undefined;
  private readonly worker: number;
  private readonly engine: Engine;
  private readonly store: EntryStore;
  private readonly entryOf = new NodeMap();
  /** Unreferenced entries that nobody asks to keep, in LRU order. */
  private readonly list: EntryList;

  constructor(engine: Engine, worker: number) {
    this.engine = engine;
    this.worker = worker;
    this.store = engine.entries;
    this.list = new EntryList(engine.entries);
    this.free = engine.blocks;
    if (engine.keeps !== undefined) this.kept = new KvRetention(engine.keeps, engine.entries);
  }

  get blocks(): number {
    return this.engine.blocks;
  }

  /** Whether a request could find blocks here that another has left. */
  get caches(): boolean {
    return this.engine.caching && this.engine.forest.nodes > 0;
  }

  /** Blocks held by running requests, and by those whose prefix is being loaded. */
  get used(): number {
    return this.engine.blocks - this.free - this.cached;
  }

  /** Blocks that an allocation could take now, evicting if need be. */
  get available(): number {
    return this.free + this.cached;
  }

  /** A scheduling pass begins. */
  beginPass(nowUs: number): void {
    if (this.kept !== undefined) this.endKeeping(this.kept, nowUs);
  }

  /** Takes `count` blocks for running requests, which the caller has checked are available; below 0: takes them back. */
  allocate(count: number): void {
    if (count > this.free) this.evict(count - this.free);
    this.free -= count;
    this.held += count;
  }

  /**
   * Looks up a waiting request's known tokens: fills the store's `matched…` fields and returns the cached tokens, at least one
   * token short of `known` because the last one must be computed to produce the next.
   */
  match(slot: number, known: number): number {
    this.store.matchedBlocks = 0;
    this.store.matchedActive = 0;
    this.store.matchedNodes = 0;
    this.store.matchedPrivate = false;
    if (!this.engine.caching) return 0;
    const { path, nodeBegin, nodeEnd } = this.engine.forest;
    const start = this.engine.table.data[slot + AT_PATH_START]!;
    const nodes = this.engine.table.data[slot + AT_PATH_LENGTH]!;
    let complete = true;
    for (let i = 0; i < nodes; i++) {
      const node = path[start + i]!;
      const entry = this.entryOf.get(node);
      if (entry < 0) {
        complete = false;
        break;
      }
      const blocks = this.blocksOf(entry);
      this.store.matchedNodes = i + 1;
      this.store.matchedBlocks += blocks;
      if (this.store.data[entry + ENTRY_REFERENCES]! > 0) this.store.matchedActive += blocks;
      if (blocks < nodeEnd[node]! - nodeBegin[node]!) {
        complete = false;
        break;
      }
    }
    const own = this.engine.table.data[slot + AT_PRIVATE_ENTRY]!;
    if (complete && own >= 0) {
      this.store.matchedPrivate = true;
      this.store.matchedBlocks += this.store.data[own + ENTRY_LENGTH]!;
    }
    const tokens = this.store.matchedBlocks * this.engine.blockSize;
    // A full hit computes its last block again (vLLM: at most known − 1 tokens count as cached).
    if (tokens < known) return tokens;
    return Math.floor((known - 1) / this.engine.blockSize) * this.engine.blockSize;
  }

  /** Takes references on what the last `match` of this slot found. */
  acquire(slot: number): void {
    const { path } = this.engine.forest;
    const start = this.engine.table.data[slot + AT_PATH_START]!;
    let shared = 0;
    for (let i = 0; i < this.store.matchedNodes; i++) {
      const entry = this.entryOf.get(path[start + i]!);
      this.reference(entry);
      shared += this.blocksOf(entry);
    }
    this.held += this.store.matchedBlocks;
    this.engine.table.data[slot + AT_HELD_NODES] = this.store.matchedNodes;
    this.engine.table.data[slot + AT_SHARED_BLOCKS] = shared;
    if (this.store.matchedPrivate) {
      const own = this.engine.table.data[slot + AT_PRIVATE_ENTRY]!;
      this.unlink(own);
      this.cached -= this.store.data[own + ENTRY_LENGTH]!;
      this.store.give(own);
      this.engine.table.data[slot + AT_PRIVATE_ENTRY] = -1;
    }
  }

  /**
   * Publishes the full blocks of a prompt computed up to `tokens`: from now on other requests can match them. A block that
   * somebody else published meanwhile is given back. `isRunning`: `held` counts what the request holds; a load that has landed
   * meanwhile may have published more than has been computed, which it holds too from now on.
   */
  publish(slot: number, tokens: number, isRunning = true): void {
    if (!this.engine.caching) return;
    const { path, nodeBegin, nodeEnd } = this.engine.forest;
    const table = this.engine.table;
    const start = table.data[slot + AT_PATH_START]!;
    const nodes = table.data[slot + AT_PATH_LENGTH]!;
    const target = Math.floor(tokens / this.engine.blockSize);
    let held = table.data[slot + AT_HELD_NODES]!;
    let shared = table.data[slot + AT_SHARED_BLOCKS]!;
    const before = shared;
    const counted = Math.max(shared, Math.ceil(tokens / this.engine.blockSize));
    while (shared < target) {
      if (held === 0 || shared === nodeEnd[path[start + held - 1]!]!) {
        if (held === nodes) break;
        this.open(path[start + held]!);
        held++;
      }
      const node = path[start + held - 1]!;
      const entry = this.entryOf.get(node);
      const upTo = Math.min(target, nodeEnd[node]!);
      const have = nodeBegin[node]! + this.blocksOf(entry);
      if (have > shared) this.free += Math.min(have, upTo) - shared;
      if (upTo > have) {
        if (this.kept !== undefined) this.kept.extend(entry, upTo - have);
        else this.store.data[entry + ENTRY_LENGTH] = upTo - nodeBegin[node]!;
        this.engine.watcher?.stored(this.worker, node, upTo - nodeBegin[node]!);
      }
      // The reference covers all of the entry, also what lies beyond the tokens computed so far.
      shared = Math.max(upTo, have);
    }
    if (isRunning && shared > counted) this.held += shared - counted;
    // Its own block behind the last full one is one of those now: the entry has it.
    if (shared > target && target > before)
      this.free += Math.ceil(tokens / this.engine.blockSize) - target;
    table.data[slot + AT_HELD_NODES] = held;
    table.data[slot + AT_SHARED_BLOCKS] = shared;
  }

  /**
   * Gives back what a request holds for `tokens` tokens with KV: private blocks first, then shared ones leaf first, each into the LRU
   * list when nobody else holds it. `keep`: it was preempted and may return; `doneUs`: when it finished, its hint counts from then.
   */
  release(slot: number, heldBlocks: number, tokens: number, keep: boolean, doneUs = NaN): void {
    const untilUs = this.kept === undefined ? 0 : this.heedHint(slot, doneUs);
    const table = this.engine.table;
    const shared = table.data[slot + AT_SHARED_BLOCKS]!;
    const full = this.engine.caching
      ? Math.max(0, Math.floor(tokens / this.engine.blockSize) - shared)
      : 0;
    const held = Math.max(0, heldBlocks - shared);
    this.free += held - full;
    this.held -= held + shared;
    if (full > 0) this.keepPrivate(slot, full, keep, untilUs);
    this.letGo(slot);
  }

  /**
   * Takes what the last `match` of this slot found, and `blocks` blocks for what is loaded behind it; the caller has checked
   * that they are available. Loads are not running: `held` does not count them.
   */
  beginLoad(slot: number, blocks: number): void {
    this.acquire(slot);
    this.held -= this.store.matchedBlocks;
    if (blocks > this.free) this.evict(blocks - this.free);
    this.free -= blocks;
  }

  /**
   * A load has ended with `blocks` blocks behind those found before: all are in the cache now, held by nobody. Blocks that
   * somebody else published meanwhile are given back.
   */
  endLoad(slot: number, blocks: number): void {
    const { data } = this.engine.table;
    const upTo = data[slot + AT_SHARED_BLOCKS]! + blocks;
    this.publish(slot, upTo * this.engine.blockSize, false);
    this.letGo(slot);
  }

  /** A load has been given up: its `blocks` blocks are free again. */
  dropLoad(slot: number, blocks: number): void {
    this.free += blocks;
    this.letGo(slot);
  }

  /** A preempted request will not return: nobody can match its private blocks any more; they keep their turn in the queue. */
  disown(slot: number): void {
    const own = this.engine.table.data[slot + AT_PRIVATE_ENTRY]!;
    if (own < 0) return;
    this.store.data[own + ENTRY_OWNER] = OWNER_NOBODY;
    this.engine.table.data[slot + AT_PRIVATE_ENTRY] = -1;
  }

  /** Everything cached is gone with the worker; nothing was evicted. */
  wipe(): void {
    const { evicted } = this;
    this.evict(this.cached);
    this.evicted = evicted;
  }

  /** Recounts every entry: throws `InvariantError` when the counters and the lists disagree. */
  audit(at: string): void {
    let inList = this.list.audit(at);
    inList += this.kept?.audit(at) ?? 0;
    invariant(
      inList === this.cached,
      `KV law: ${inList} blocks listed, ${this.cached} counted ${at}`,
    );
    invariant(this.free >= 0 && this.used >= 0, `KV law: negative block count ${at}`);
    invariant(
      this.free + this.cached <= this.blocks,
      `KV law: more blocks than the pool has ${at}`,
    );
  }

  /** Gives the shared blocks of a request back, leaf first. */
  private letGo(slot: number): void {
    const { data } = this.engine.table;
    const start = data[slot + AT_PATH_START]!;
    for (let i = data[slot + AT_HELD_NODES]! - 1; i >= 0; i--) {
      this.dereference(this.entryOf.get(this.engine.forest.path[start + i]!));
    }
    data[slot + AT_HELD_NODES] = 0;
    data[slot + AT_SHARED_BLOCKS] = 0;
  }

  private keepPrivate(slot: number, blocks: number, keep: boolean, untilUs: number): void {
    this.cached += blocks;
    const last = keep || untilUs > 0 ? -1 : this.list.newest;
    if (last >= 0 && this.store.data[last + ENTRY_OWNER] === OWNER_NOBODY) {
      this.store.data[last + ENTRY_LENGTH]! += blocks;
      return;
    }
    const entry = this.store.take(keep ? OWNER_SLOT - slot : OWNER_NOBODY, blocks);
    this.kept?.wish(entry, untilUs);
    this.append(entry);
    if (keep) this.engine.table.data[slot + AT_PRIVATE_ENTRY] = entry;
  }

  /** A request has finished: puts its hint to the blocks that it shares; returns until when its own are to be kept, 0: no hint. */
  private heedHint(slot: number, doneUs: number): number {
    const { data } = this.engine.table;
    const untilUs = this.kept!.wishOf(data[slot + AT_ROW]!, doneUs);
    const start = data[slot + AT_PATH_START]!;
    const end = untilUs === 0 ? start : start + data[slot + AT_HELD_NODES]!;
    for (const node of this.engine.forest.path.subarray(start, end))
      this.kept!.wish(this.entryOf.get(node), untilUs);
    return untilUs;
  }

  /** Entries whose time is over take their turn like all others. */
  private endKeeping(kept: KvRetention, nowUs = kept.clockUs): void {
    kept.clockUs = nowUs;
    for (let entry = kept.popOver(); entry >= 0; entry = kept.popOver()) this.append(entry);
  }

  private open(node: number): void {
    const entry = this.entryOf.get(node);
    if (entry >= 0) {
      this.reference(entry);
      return;
    }
    const created = this.store.take(node, 0);
    this.store.data[created + ENTRY_REFERENCES] = 1;
    this.entryOf.set(node, created);
  }

  private reference(entry: number): void {
    if (this.store.data[entry + ENTRY_REFERENCES]!++ > 0) return;
    for (let part = entry; part >= 0; part = this.partBehind(part)) {
      this.unlink(part);
      this.cached -= this.store.data[part + ENTRY_LENGTH]!;
    }
  }

  private dereference(entry: number): void {
    if (--this.store.data[entry + ENTRY_REFERENCES]! === 0) this.putBack(entry);
  }

  /** Nobody holds an entry any more: it joins the list, its last part first. */
  private putBack(entry: number): void {
    const part = this.partBehind(entry);
    if (part >= 0) this.putBack(part);
    this.cached += this.store.data[entry + ENTRY_LENGTH]!;
    this.append(entry);
  }

  /** Cached blocks of a node, by its first entry; only where blocks are kept on demand does a node have more than one. */
  private blocksOf(entry: number): number {
    return this.kept?.blocksOf(entry) ?? this.store.data[entry + ENTRY_LENGTH]!;
  }

  private partBehind(entry: number): number {
    return this.kept?.partBehind(entry) ?? -1;
  }

  private evict(count: number): void {
    invariant(count <= this.cached, "KV law: eviction of more blocks than are cached");
    if (this.kept !== undefined) this.endKeeping(this.kept);
    let left = count;
    while (left > 0) {
      const entry = this.list.oldest >= 0 ? this.list.oldest : this.kept!.oldest;
      const length = this.store.data[entry + ENTRY_LENGTH]!;
      const take = Math.min(left, length);
      this.store.data[entry + ENTRY_LENGTH] = length - take;
      left -= take;
      const owner = this.store.data[entry + ENTRY_OWNER]!;
      if (owner >= 0) this.engine.watcher?.removed(this.worker, owner, this.leftOf(owner, entry));
      if (length === take) this.forget(entry);
    }
    this.cached -= count;
    this.free += count;
    this.evicted += count;
  }

  /** Blocks of a node, of which `entry` has just lost some. */
  private leftOf(node: number, entry: number): number {
    return this.blocksOf(this.kept === undefined ? entry : this.entryOf.get(node));
  }

  private forget(entry: number): void {
    this.unlink(entry);
    const owner = this.store.data[entry + ENTRY_OWNER]!;
    if (owner >= 0) {
      if (this.kept?.cutOff(this.entryOf.get(owner), entry) !== true) this.entryOf.delete(owner);
    } else if (owner !== OWNER_NOBODY)
      this.engine.table.data[OWNER_SLOT - owner + AT_PRIVATE_ENTRY] = -1;
    this.kept?.clear(entry);
    this.store.give(entry);
  }

  private append(entry: number): void {
    if (this.kept?.takes(entry) !== true) this.list.append(entry);
  }

  private unlink(entry: number): void {
    if (this.kept?.drops(entry) !== true) this.list.remove(entry);
  }
}
