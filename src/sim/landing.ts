/**
 * The decode side of a hand-off: requests whose prompt is computed on another worker. They queue for memory, hold it while
 * their keys and values are on the way, and join the batch at the step boundary after these have arrived.
 *
 * Memory is given in order of asking, at step boundaries, by the rule of the engine's own scheduler; whoever waits first and
 * was preempted, here or where its prompt was computed, comes first. Nothing that only decodes can make room within a run of steps, so a head that was refused stays refused until
 * the run ends: the fast-forward needs no look at it. vLLM does all this behind its running requests, if these leave a token of
 * the budget and nobody was preempted; SGLang and TensorRT-LLM do it before a step is put together. A seat is taken from the
 * moment on in which memory is: an assumption for vLLM, which counts running requests only and may set more memory aside.
 */

import type { Engine, LandingRules } from "./engine.ts";
import type { KvPool } from "./kv-pool.ts";
import {
  AT_COMPUTED,
  AT_GENERATED,
  AT_INPUT,
  AT_OUTPUT,
  AT_PREEMPTIONS,
  AT_STATE,
  SLOT_ARRIVED,
  SLOT_LANDING,
  SLOT_RETURNING,
  SLOT_TAKEN,
} from "./request-table.ts";
import { SlotList } from "./slot-list.ts";

/** What a landing needs of its worker's batch. */
export interface LandingPort {
  readonly worker: number;
  readonly nowUs: number;
  readonly runningCount: number;
  readonly waitingHead: number;
  readonly blocksPromised: number;
  readonly pool: KvPool;
  takeBlocks(slot: number): number;
  giveBlocks(slot: number): void;
  enqueue(slot: number, nowUs: number): boolean;
  land(slot: number, firstTokenComes: boolean): void;
}

/** Tokens that SGLang keeps free for each request of a decode worker (its num_reserved_decode_tokens). */
const RESERVED_TOKENS = 512;

export class Landing {
  /** Waiting for memory, in order of asking. */
  readonly queue: SlotList;
  /** With memory, keys and values on the way. */
  readonly taken: SlotList;
  /** Complete; in the batch from the next step on, when it has a seat. */
  readonly arrived: SlotList;
  /** Given up; their memory is free from the next step on. */
  readonly leaving: SlotList;
  /** Of no use any more is what is on the way: from the next step on they wait to be computed here. */
  readonly returning: SlotList;
  /** Blocks of the prompts that are on their way, those that were cached here included, and the most there were. */
  staged = 0;
  stagedPeak = 0;
  private readonly batch: LandingPort;
  private readonly engine: Engine;
  private readonly rules: LandingRules;

  constructor(batch: LandingPort, engine: Engine, rules: LandingRules) {
    this.batch = batch;
    this.engine = engine;
    this.rules = rules;
    this.queue = new SlotList(engine.table);
    this.taken = new SlotList(engine.table);
    this.arrived = new SlotList(engine.table);
    this.leaving = new SlotList(engine.table);
    this.returning = new SlotList(engine.table);
  }

  /** Requests here that are not over. */
  get count(): number {
    const { queue, taken, arrived, returning } = this;
    return queue.length + taken.length + arrived.length + returning.length;
  }

  /** Whether something will happen here without the worker doing a step. */
  get isBusy(): boolean {
    const { taken, arrived, leaving, returning } = this;
    return taken.length + arrived.length + leaving.length + returning.length > 0;
  }

  /** Whether the next pass may let somebody in although the batch only decodes: a preemption has just made room. */
  get mayChange(): boolean {
    return this.queue.length > 0 && this.engine.pass.preempted > 0;
  }

  /** A request asks for memory; false when others ask before it, so that nothing changes. */
  ask(slot: number): boolean {
    this.engine.table.data[slot + AT_STATE] = SLOT_LANDING;
    this.queue.pushBack(slot);
    return this.queue.length === 1;
  }

  /** The keys and values of a request with memory are there. */
  complete(slot: number): void {
    this.taken.remove(slot);
    this.staged -= this.blocksOf(slot);
    this.arrived.pushBack(slot);
    this.engine.table.data[slot + AT_STATE] = SLOT_ARRIVED;
  }

  /**
   * A request waits for its prompt no longer: it is over, or (`stays`) to be computed here. The slot of one that is over and
   * had no memory is the caller's; of one that stays without memory too: it has to be queued.
   */
  withdraw(slot: number, stays: boolean): void {
    const state = this.engine.table.data[slot + AT_STATE];
    if (state === SLOT_LANDING) {
      this.queue.remove(slot);
      return;
    }
    const list = state === SLOT_RETURNING ? this.returning : this.arrived;
    (state === SLOT_TAKEN ? this.taken : list).remove(slot);
    if (state === SLOT_TAKEN) this.staged -= this.blocksOf(slot);
    (stays ? this.returning : this.leaving).pushBack(slot);
    if (stays) this.engine.table.data[slot + AT_STATE] = SLOT_RETURNING;
  }

  /** At the start of a scheduling pass: who gave up leaves and, unless they wait for their turn, the others are let in. */
  pass(): void {
    const { batch, rules } = this;
    for (let slot = this.leaving.head; slot >= 0; slot = this.leaving.head) {
      this.leaving.remove(slot);
      batch.giveBlocks(slot);
      this.engine.table.give(slot);
    }
    for (let slot = this.returning.head; slot >= 0; slot = this.returning.head) {
      this.returning.remove(slot);
      batch.giveBlocks(slot);
      batch.enqueue(slot, batch.nowUs);
    }
    if (!rules.inTurn || rules.firstTokenComes) this.join(Infinity);
    if (!rules.inTurn) this.reserve();
  }

  /** Their turn has come: who is complete joins for a token each, who asks gets memory. Returns the tokens of `budget` taken. */
  takeTurn(budget: number): number {
    if (!this.rules.inTurn) return 0;
    const tokens = this.rules.firstTokenComes ? 0 : this.join(budget);
    if (tokens < budget) this.reserve();
    return tokens;
  }

  /** At most `most` of those who are complete join the batch; returns how many. */
  private join(most: number): number {
    const { batch } = this;
    let count = 0;
    while (this.arrived.head >= 0 && batch.runningCount < this.rules.seats && count < most) {
      const slot = this.arrived.head;
      this.arrived.remove(slot);
      batch.land(slot, this.rules.firstTokenComes);
      count++;
    }
    return count;
  }

  /** Those who ask get memory, as far as it goes. */
  private reserve(): void {
    const { batch } = this;
    while (this.queue.head >= 0 && this.mayTake(this.queue.head)) {
      const slot = this.queue.head;
      this.queue.remove(slot);
      this.taken.pushBack(slot);
      this.engine.table.data[slot + AT_STATE] = SLOT_TAKEN;
      const missing = batch.takeBlocks(slot);
      this.staged += this.blocksOf(slot);
      this.stagedPeak = Math.max(this.stagedPeak, this.staged);
      this.engine.sink.reserved(this.engine.firstId + batch.worker, slot, missing, batch.nowUs);
    }
  }

  /** The worker has died: everyone leaves; `lost` gets those that are not over. */
  wipe(lost: (slot: number) => void): void {
    for (const list of [this.taken, this.arrived, this.returning, this.leaving]) {
      for (let slot = list.head; slot >= 0; slot = list.head) {
        list.remove(slot);
        this.batch.giveBlocks(slot);
        if (list === this.leaving) this.engine.table.give(slot);
        else lost(slot);
      }
    }
    this.staged = 0;
    for (let slot = this.queue.head; slot >= 0; slot = this.queue.head) {
      this.queue.remove(slot);
      lost(slot);
    }
  }

  forEachSlot(visit: (slot: number) => void): void {
    for (const list of [this.queue, this.taken, this.arrived, this.returning]) list.forEach(visit);
  }

  /** Blocks of a prompt that has memory here. */
  private blocksOf(slot: number): number {
    return Math.ceil(this.engine.table.data[slot + AT_COMPUTED]! / this.engine.blockSize);
  }

  private mayTake(slot: number): boolean {
    const { batch, engine } = this;
    const { data } = engine.table;
    const members = batch.runningCount + this.taken.length + this.arrived.length;
    if (members >= this.rules.seats) return false;
    const first = batch.waitingHead;
    if (first >= 0 && data[first + AT_PREEMPTIONS]! > 0) return false;
    // With what it has generated, where another worker lost it.
    const known = data[slot + AT_INPUT]! + data[slot + AT_GENERATED]!;
    const { blockSize } = engine;
    const staged = this.staged + Math.ceil(known / blockSize);
    if (this.taken.length > 0 && staged > this.rules.stagingBlocks) return false;
    batch.pool.match(slot, known);
    const shared = engine.entries.matchedActive;
    const prompt = Math.ceil(known / blockSize) - shared;
    const room = batch.pool.available - engine.watermarkBlocks;
    if (prompt > room) return false;
    if (this.rules.room === "prompt") return true;
    if (this.rules.room === "reserved") {
      return prompt + Math.ceil((members * RESERVED_TOKENS) / blockSize) <= room;
    }
    const longest = data[slot + AT_INPUT]! + data[slot + AT_OUTPUT]!;
    const whole = Math.ceil(longest / blockSize) - shared;
    return whole <= room - batch.blocksPromised;
  }
}
