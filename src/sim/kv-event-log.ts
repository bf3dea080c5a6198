/**
 * KV events on their way to a router: told by the pools now, seen by the router later, some of them lost.
 *
 * The log is applied when a decision needs it and is never an event itself, so watching disturbs nothing. Events of a
 * worker travel in messages, one for each instant that both modes of the engine share; what a run of decode steps evicts
 * travels with the next message (assumption: a real engine tells it up to a batch change earlier). What changes in a store of a lower
 * tier is a message of its own, at once.
 */

import type { Stream } from "../core/index.ts";
import type { EventIndex } from "../policies/index.ts";
import type { KvWatcher } from "./kv-watcher.ts";
import type { TierTellers } from "./tiers/tier-tellers.ts";

/** Numbers of a change in a worker's outbox: node, blocks. */
const CHANGE = 2;
/** Numbers of a change that waits for a replay: teller, node, blocks. */
const HELD = 3;
/** Numbers of a log entry: teller, node, blocks, 1 for the last of its message. */
const ENTRY = 4;

/** A worker's changes since its last message. */
class Outbox {
  changes = new Int32Array(CHANGE * 8);
  length = 0;

  push(node: number, blocks: number): void {
    const { changes, length } = this;
    if (length > 0 && changes[length - CHANGE] === node) {
      // Step by step, a node's blocks go one by one.
      changes[length - 1] = blocks;
      return;
    }
    if (length === changes.length) {
      const grown = new Int32Array(length * 2);
      grown.set(changes);
      this.changes = grown;
    }
    this.changes[length] = node;
    this.changes[length + 1] = blocks;
    this.length += CHANGE;
  }
}

export class KvEventLog implements KvWatcher {
  /** Local number of each worker in the router's group by its number in the cluster, −1: not in the group. */
  private readonly localOf: Int32Array;
  /** Workers and stores that tell. */
  readonly tellers: TierTellers;
  private readonly outboxes: readonly Outbox[];
  private timeUs = new Float64Array(256);
  private entries = new Int32Array(ENTRY * 256);
  private length = 0;
  /** Entries that have been dropped from the front: cursors count from the beginning of the run. */
  private dropped = 0;
  private readonly readers: KvEventReader[] = [];
  /** Spans of time in which a worker's messages reach nobody, by its local number. */
  private readonly mutes: {
    readonly worker: number;
    readonly fromUs: number;
    readonly untilUs: number;
  }[] = [];

  constructor(localOf: Int32Array, workers: number, tellers: TierTellers) {
    this.localOf = localOf;
    this.tellers = tellers;
    this.outboxes = Array.from({ length: workers }, () => new Outbox());
  }

  stored(worker: number, node: number, blocks: number): void {
    const local = this.localOf[worker] ?? -1;
    if (local >= 0) this.outboxes[local]!.push(node, blocks);
  }

  removed(worker: number, node: number, blocks: number): void {
    this.stored(worker, node, blocks);
  }

  settled(worker: number, nowUs: number): void {
    const local = this.localOf[worker] ?? -1;
    if (local < 0) return;
    const outbox = this.outboxes[local]!;
    const { changes, length } = outbox;
    for (let i = 0; i < length; i += CHANGE) {
      this.append(local, changes[i]!, changes[i + 1]!, i + CHANGE === length, nowUs);
    }
    outbox.length = 0;
  }

  /** The first `blocks` blocks of a node are what a store has of it now. */
  tierChanged(teller: number, node: number, blocks: number, nowUs: number): void {
    this.append(teller, node, blocks, true, nowUs);
  }

  /** What a worker tells from now on until `untilUs` gets lost. */
  mute(worker: number, nowUs: number, untilUs: number): void {
    const local = this.localOf[worker] ?? -1;
    if (local >= 0) this.mutes.push({ worker: local, fromUs: nowUs, untilUs });
  }

  /** Whether messages have ever been lost on purpose. */
  get hasMutes(): boolean {
    return this.mutes.length > 0;
  }

  /** Whether what was told at an instant in a sequence of events, a worker's by its local number, got lost. */
  isMuted(sequence: number, timeUs: number): boolean {
    return this.mutes.some(
      (span) => span.worker === sequence && span.fromUs <= timeUs && timeUs < span.untilUs,
    );
  }

  /** A reader of its own for each router replica. */
  reader(index: EventIndex, options: ReaderOptions): KvEventReader {
    const reader = new KvEventReader(this, index, options);
    this.readers.push(reader);
    return reader;
  }

  /** Visits entries from `cursor` on, told at or before `untilUs`; returns the new cursor. */
  read(cursor: number, untilUs: number, visit: EntryVisitor): number {
    let at = cursor - this.dropped;
    while (at < this.length && this.timeUs[at]! <= untilUs) {
      const place = at * ENTRY;
      visit.event(
        this.entries[place]!,
        this.entries[place + 1]!,
        this.entries[place + 2]!,
        this.entries[place + 3] === 1,
        this.timeUs[at]!,
      );
      at++;
    }
    return at + this.dropped;
  }

  /** Time of the newest entry, −Infinity: none. */
  get newestUs(): number {
    return this.length === 0 ? -Infinity : this.timeUs[this.length - 1]!;
  }

  private append(
    teller: number,
    node: number,
    blocks: number,
    isLast: boolean,
    nowUs: number,
  ): void {
    if (this.length === this.timeUs.length) this.makeRoom();
    this.timeUs[this.length] = nowUs;
    const at = this.length * ENTRY;
    this.entries[at] = teller;
    this.entries[at + 1] = node;
    this.entries[at + 2] = blocks;
    this.entries[at + 3] = isLast ? 1 : 0;
    this.length++;
  }

  /** Drops what all readers have seen; grows when that is little. */
  private makeRoom(): void {
    // A reader may see by now what is old enough: no later decision is earlier than the newest entry.
    for (const reader of this.readers) reader.applyUntil(this.newestUs);
    const least = this.readers.reduce((low, { cursor }) => Math.min(low, cursor), Infinity);
    const seen = Math.min(this.length, least - this.dropped);
    this.timeUs.copyWithin(0, seen, this.length);
    this.entries.copyWithin(0, seen * ENTRY, this.length * ENTRY);
    this.length -= seen;
    this.dropped += seen;
    if (this.length * 2 <= this.timeUs.length) return;
    const timeUs = new Float64Array(this.timeUs.length * 2);
    timeUs.set(this.timeUs);
    this.timeUs = timeUs;
    const entries = new Int32Array(this.entries.length * 2);
    entries.set(this.entries);
    this.entries = entries;
  }
}

interface EntryVisitor {
  event(teller: number, node: number, blocks: number, isLast: boolean, timeUs: number): void;
}

export type ReaderOptions = {
  /** Age of an event when the router sees it, µs. */
  readonly delayUs: number;
  /** Share of messages that get lost. */
  readonly loss: number;
  /** From the discovery of a gap to the end of the replay, µs; Infinity: engines replay nothing. */
  readonly recoveryUs: number;
  readonly random: Stream;
};

/** One router's place in the log, and the messages that it missed. */
export class KvEventReader implements EntryVisitor {
  cursor = 0;
  /** Messages lost. */
  lost = 0;
  private readonly log: KvEventLog;
  private readonly index: EventIndex;
  private readonly options: ReaderOptions;
  private isLosing: boolean | undefined;
  /** Of sequences with a gap: what waits for the replay, and when that is done (Infinity: the gap is not seen yet). */
  private readonly held = new Map<number, { changes: number[]; recoverUs: number }>();

  constructor(log: KvEventLog, index: EventIndex, options: ReaderOptions) {
    this.log = log;
    this.index = index;
    this.options = options;
  }

  /** Brings the index to what a router may know at `nowUs`. */
  applyUntil(nowUs: number): void {
    this.cursor = this.log.read(this.cursor, nowUs - this.options.delayUs, this);
    if (this.held.size === 0) return;
    for (const [sequence, gap] of this.held) {
      if (gap.recoverUs <= nowUs) this.recover(sequence, gap);
    }
  }

  event(teller: number, node: number, blocks: number, isLast: boolean, timeUs: number): void {
    const { loss, delayUs, recoveryUs, random } = this.options;
    if (loss > 0 || this.log.hasMutes) {
      const sequence = this.log.tellers.sequence[teller]!;
      if (loss > 0) this.isLosing ??= random.next() < loss;
      const isLost = this.isLosing === true || this.log.isMuted(sequence, timeUs);
      if (isLast) {
        this.isLosing = undefined;
        if (isLost) this.lost++;
      }
      const gap = this.held.get(sequence);
      if (isLost && recoveryUs === Infinity) return;
      if (isLost && gap === undefined) {
        this.held.set(sequence, { changes: [teller, node, blocks], recoverUs: Infinity });
        return;
      }
      if (gap !== undefined) {
        if (gap.recoverUs <= timeUs + delayUs) this.recover(sequence, gap);
        else {
          // The first message that arrives behind the gap shows it.
          if (!isLost && gap.recoverUs === Infinity) gap.recoverUs = timeUs + delayUs + recoveryUs;
          gap.changes.push(teller, node, blocks);
          return;
        }
        if (isLost) {
          this.held.set(sequence, { changes: [teller, node, blocks], recoverUs: Infinity });
          return;
        }
      }
    }
    this.set(teller, node, blocks);
  }

  private recover(sequence: number, gap: { readonly changes: readonly number[] }): void {
    for (let i = 0; i < gap.changes.length; i += HELD) {
      this.set(gap.changes[i]!, gap.changes[i + 1]!, gap.changes[i + 2]!);
    }
    this.held.delete(sequence);
  }

  private set(teller: number, node: number, blocks: number): void {
    const { tier, holder } = this.log.tellers;
    this.index.set(tier[teller]!, holder[teller]!, node, blocks);
  }
}
