/**
 * Blocks that are kept for who comes back: a finished request whose hint says "more within `keepUs`" leaves its blocks in a
 * list that eviction turns to only when no other cached block is left. When the time is over, a block goes to the end of the
 * common queue, as if it had been used just then, and takes its turn there.
 *
 * Source: the hint is Dynamo's `keep_ms`; blocks of a higher class for a limited time are TensorRT-LLM's KV cache retention
 * (KvCacheRetentionConfig: priority and duration). Where a block whose time is over takes its place in the queue is an assumption.
 *
 * Of several finished requests that shared a block the longest wish counts, so a block's time is never over before that of a
 * block behind it, and leaves go before their stems. Times are looked at when a pass begins; runs of decode steps end at
 * the first boundary at which a time is over, so that both modes of the engine see the same.
 *
 * A hint is for the blocks that its request leaves. Of a run of blocks whose end was evicted all the same, and which another
 * request computes again, only the beginning is still wanted: what is put behind kept blocks is a *part* of its own, an entry
 * that hangs on the one before it. A node's first entry counts the holders for all its parts.
 */

import { invariant } from "../core/index.ts";
import type { DecodeStretch } from "./decode-stretch.ts";
import { EntryList } from "./entry-list.ts";
import { ENTRY_LENGTH, ENTRY_OWNER, ENTRY_STRIDE } from "./entry-store.ts";
import type { EntryStore } from "./entry-store.ts";

/** Numbers of a node of the heap: when the time is over, the turn in which it was put there, the entry. */
const STRIDE = 3;
const TURN = 1;
const ENTRY = 2;
const FIRST_NODES = 16;

/** What the pools of an engine have in common: each row's hint, and the times of their entries. */
export class KeepTimes {
  /** Of each row, µs; 0: no hint. */
  readonly keepUs: Float64Array;
  /** Turns given so far, by all pools: entries go from pool to pool, and a node of one must not be taken for another's. */
  turnsGiven = 0;
  private untilUs = new Float64Array(0);
  private turns = new Float64Array(0);
  /** The part behind an entry, plus one; 0: none. */
  private parts = new Int32Array(0);

  constructor(keepUs: Float64Array) {
    this.keepUs = keepUs;
  }

  /** Until when an entry is to be kept, µs; 0: nobody has asked for it, or the time is over. */
  until(entry: number): number {
    return this.untilUs[entry / ENTRY_STRIDE] ?? 0;
  }

  setUntil(entry: number, untilUs: number): void {
    const place = entry / ENTRY_STRIDE;
    if (place >= this.untilUs.length) {
      if (untilUs === 0) return;
      const size = Math.max(FIRST_NODES, 2 * place);
      this.untilUs = grown(this.untilUs, size);
      this.turns = grown(this.turns, size);
    }
    this.untilUs[place] = untilUs;
  }

  /** The turn in which an entry came into the list of a pool, 0: it is in none. */
  turn(entry: number): number {
    return this.turns[entry / ENTRY_STRIDE] ?? 0;
  }

  setTurn(entry: number, turn: number): void {
    this.turns[entry / ENTRY_STRIDE] = turn;
  }

  /** The part of its node behind an entry, −1: none. */
  partBehind(entry: number): number {
    return (this.parts[entry / ENTRY_STRIDE] ?? 0) - 1;
  }

  setPartBehind(entry: number, part: number): void {
    const place = entry / ENTRY_STRIDE;
    if (place >= this.parts.length) {
      if (part < 0) return;
      const wider = new Int32Array(Math.max(FIRST_NODES, 2 * place));
      wider.set(this.parts);
      this.parts = wider;
    }
    this.parts[place] = part + 1;
  }
}

function grown(from: Float64Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(size);
  wider.set(from);
  return wider;
}

/** The kept blocks of a pool. */
export class KvRetention {
  private readonly list: EntryList;
  private count = 0;
  /** When the last pass began, µs. */
  clockUs = -Infinity;
  private readonly times: KeepTimes;
  private readonly store: EntryStore;
  /** When times are over: a binary heap, with nodes of entries that have left the list meanwhile. */
  private heap = new Float64Array(FIRST_NODES * STRIDE);
  private nodes = 0;

  constructor(times: KeepTimes, store: EntryStore) {
    this.times = times;
    this.store = store;
    this.list = new EntryList(store);
  }

  /** The entry released first, −1: none is kept. */
  get oldest(): number {
    return this.list.oldest;
  }

  /** Until when the blocks of a row that finished at `doneUs` (NaN: it did not) are to be kept, µs; 0: no hint. */
  wishOf(row: number, doneUs: number): number {
    const keepUs = this.times.keepUs[row] ?? 0;
    return keepUs > 0 && !Number.isNaN(doneUs) ? doneUs + keepUs : 0;
  }

  /** A finished request wants an entry, which it holds, with all its parts until then; the longest wish counts. */
  wish(entry: number, untilUs: number): void {
    const { times } = this;
    for (let part = entry; part >= 0; part = times.partBehind(part)) {
      if (untilUs > times.until(part)) times.setUntil(part, untilUs);
    }
    this.joinParts(entry);
  }

  /** Blocks of an entry and its parts. */
  blocksOf(entry: number): number {
    let blocks = 0;
    for (let part = entry; part >= 0; part = this.times.partBehind(part))
      blocks += this.store.data[part + ENTRY_LENGTH]!;
    return blocks;
  }

  /** The part behind an entry, −1: none. */
  partBehind(entry: number): number {
    return this.times.partBehind(entry);
  }

  /** Puts `blocks` blocks behind those of an entry; nobody has asked to keep them so far. */
  extend(entry: number, blocks: number): void {
    const { times, store } = this;
    let last = entry;
    for (let part = last; part >= 0; part = times.partBehind(part)) last = part;
    if (times.until(last) === 0) store.data[last + ENTRY_LENGTH]! += blocks;
    else times.setPartBehind(last, store.take(store.data[entry + ENTRY_OWNER]!, blocks));
  }

  /** Takes the last part off its node, whose first entry is `entry`; false: that is the part itself. */
  cutOff(entry: number, part: number): boolean {
    if (entry === part) return false;
    let before = entry;
    while (this.times.partBehind(before) !== part) before = this.times.partBehind(before);
    this.times.setPartBehind(before, -1);
    return true;
  }

  /** An entry is gone. */
  clear(entry: number): void {
    this.times.setUntil(entry, 0);
  }

  /** Takes an entry that nobody holds any more, if somebody wants it kept. */
  takes(entry: number): boolean {
    const untilUs = this.times.until(entry);
    if (untilUs === 0) return false;
    this.list.append(entry);
    this.count++;
    const turn = ++this.times.turnsGiven;
    this.times.setTurn(entry, turn);
    this.push(untilUs, turn, entry);
    return true;
  }

  /** Lets an entry go, if it is here. */
  drops(entry: number): boolean {
    if (this.times.turn(entry) === 0) return false;
    this.list.remove(entry);
    this.count--;
    this.times.setTurn(entry, 0);
    return true;
  }

  /** Takes out an entry whose time is over, the first to be so first, of those the one released first; −1: there is none. */
  popOver(): number {
    this.prune();
    if (this.nodes === 0 || this.heap[0]! > this.clockUs) return -1;
    const entry = this.heap[ENTRY]!;
    this.drops(entry);
    this.times.setUntil(entry, 0);
    return entry;
  }

  /** Steps of the run that starts now to the boundary at which the next time is over, at most `limit`. */
  stepsToOver(decodeSteps: number, stretch: DecodeStretch, limit: number): number {
    this.prune();
    const first = decodeSteps - stretch.anchorStep;
    if (limit === 1 || this.nodes === 0) return limit;
    const overUs = this.heap[0]!;
    const done = stretch.stepsBy(overUs, first, first + limit);
    const isAt = done > first && stretch.timeAt(done) === overUs;
    return Math.min(limit, done - first + (isAt ? 0 : 1));
  }

  /** Blocks in the list; throws `InvariantError` when it is broken. */
  audit(at: string): number {
    let entries = 0;
    const blocks = this.list.audit(at, (entry) => {
      const isKept = this.times.turn(entry) > 0 && this.times.until(entry) > 0;
      invariant(isKept, `KV law: an entry is kept for nobody ${at}`);
      entries++;
    });
    invariant(entries === this.count, `KV law: kept entries miscounted ${at}`);
    return blocks;
  }

  /** Parts that are wanted equally long become one. */
  private joinParts(entry: number): void {
    const { times, store } = this;
    let last = entry;
    for (let part = times.partBehind(last); part >= 0; part = times.partBehind(last)) {
      if (times.until(part) < times.until(last)) {
        last = part;
        continue;
      }
      store.data[last + ENTRY_LENGTH]! += store.data[part + ENTRY_LENGTH]!;
      times.setPartBehind(last, times.partBehind(part));
      times.setPartBehind(part, -1);
      times.setUntil(part, 0);
      store.give(part);
    }
  }

  /** Takes nodes of entries that have left the list off the top. */
  private prune(): void {
    while (this.nodes > 0 && !this.isLive(0)) this.pop();
  }

  private isLive(at: number): boolean {
    return this.times.turn(this.heap[at + ENTRY]!) === this.heap[at + TURN]!;
  }

  private push(untilUs: number, turn: number, entry: number): void {
    if (this.nodes * STRIDE === this.heap.length) this.makeRoom();
    let index = this.nodes++;
    const { heap } = this;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const from = parent * STRIDE;
      // Turns only grow: of equal times the one that is there goes first.
      if (heap[from]! <= untilUs) break;
      heap.copyWithin(index * STRIDE, from, from + STRIDE);
      index = parent;
    }
    const at = index * STRIDE;
    heap[at] = untilUs;
    heap[at + TURN] = turn;
    heap[at + ENTRY] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = --this.nodes * STRIDE;
    const untilUs = heap[last]!;
    const turn = heap[last + TURN]!;
    const entry = heap[last + ENTRY]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + STRIDE;
      if (child >= last) break;
      const right = child + STRIDE;
      if (right < last && isBefore(heap, right, heap[child]!, heap[child + TURN]!)) child = right;
      if (!isBefore(heap, child, untilUs, turn)) break;
      heap.copyWithin(at, child, child + STRIDE);
      at = child;
    }
    heap[at] = untilUs;
    heap[at + TURN] = turn;
    heap[at + ENTRY] = entry;
  }

  /** Forgets nodes of entries that have left the list; only when those do not make half of all is more memory taken. */
  private makeRoom(): void {
    if (2 * this.count > this.nodes) {
      this.heap = grown(this.heap, 2 * this.heap.length);
      return;
    }
    const live: number[] = [];
    for (let i = 0; i < this.nodes; i++) if (this.isLive(i * STRIDE)) live.push(i * STRIDE);
    const { heap } = this;
    live.sort((a, b) => heap[a]! - heap[b]! || heap[a + TURN]! - heap[b + TURN]!);
    // A sorted list is a heap.
    const next = new Float64Array(heap.length);
    live.forEach((from, i) => next.set(heap.subarray(from, from + STRIDE), i * STRIDE));
    this.heap = next;
    this.nodes = live.length;
  }
}

function isBefore(heap: Float64Array, at: number, untilUs: number, turn: number): boolean {
  const other = heap[at]!;
  return other < untilUs || (other === untilUs && heap[at + TURN]! < turn);
}
