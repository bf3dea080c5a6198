/**
 * A worker's requests between two forward passes: its waiting queue, its running list, the group that decodes, and the
 * step being put together. Knows blocks and tokens, not time.
 *
 * The decode group is kept as sums: a counter of decode steps, the group's total context, its block demand by
 * phase and its finishes in a heap. A request that only decodes is not touched until it ends, is preempted or blocks
 * run short. In the step-by-step mode block needs are found by walking the running list instead: the oracle of the sums.
 */

import { invariant } from "../core/index.ts";
import type { SchedulerPort } from "../policies/index.ts";
import { BatchLoads } from "./batch-loads.ts";
import { BatchState } from "./batch-state.ts";
import { beginPass } from "./engine.ts";
import type { KvWatcher } from "./kv-watcher.ts";
import {
  AT_ADMITTED_US,
  AT_CACHED,
  AT_COMPUTED,
  AT_GENERATED,
  AT_INPUT,
  AT_JOIN_CONTEXT,
  AT_JOIN_STEP,
  AT_LAST_TOKEN_US,
  AT_LOST,
  AT_NEXT,
  AT_ORDER,
  AT_PREEMPTIONS,
  AT_SOUGHT,
  AT_STATE,
  SLOT_UNSEEN,
  SLOT_DECODE,
  SLOT_DONE,
  SLOT_LOADING,
  SLOT_PREFILL,
  SLOT_WAITING,
} from "./request-table.ts";
import { blocksHeld, blocksToTake, decodeGroup } from "./running-walk.ts";
import { beginRedo } from "./time-asides.ts";
import {
  ADMITTED_TOKENS,
  CACHED_TOKENS,
  PREEMPTIONS,
  RECOMPUTED_TOKENS,
} from "./worker-counters.ts";

const NOTHING_HELD = { held: 0, full: 0 };

export class Batch extends BatchState implements SchedulerPort {
  /** Requests that fetch their prefix; undefined: nothing lies below the worker's cache. */
  readonly loads: BatchLoads | undefined =
    this.engine.tiers && new BatchLoads(this.engine.tiers, this.engine, this, this.waiting);
  private admissions = 0;
  /** The change counter when the watcher of the pools was last told. */
  private settledChanges = 0;

  // The scheduler's side.

  orderWaiting(slots: readonly number[]): void {
    for (const slot of slots) {
      this.waiting.remove(slot);
      this.waiting.pushBack(slot);
    }
  }

  scheduleDecodes(): number {
    this.decodesInStep = true;
    if (this.engine.stepByStep || this.engine.luck !== undefined) return this.walkDecodes();
    const need = this.demand.at(this.decodeTokens);
    if (need > this.pool.available) return this.walkDecodes();
    this.pool.allocate(need);
    return this.demand.requests * this.engine.queries;
  }

  continuePrefill(slot: number, tokens: number): number {
    const computed = this.engine.table.data[slot + AT_COMPUTED]!;
    const chunk = Math.min(this.knownTokens(slot) - computed, tokens);
    const need = this.blocksFor(slot, computed + chunk) - this.blocksFor(slot, computed);
    // Decoding requests, those that came after this prompt too, have their blocks as soon as decodes are in the step.
    const servedBefore = this.decodesInStep ? Infinity : 0;
    while (this.pool.available < need) {
      if (this.preemptOne(servedBefore) === slot) return 0;
    }
    this.pool.allocate(need);
    this.computePrompt(slot, computed, chunk);
    return chunk;
  }

  matchPrefix(slot: number): number {
    this.engine.pass.matchedTokens = this.pool.match(slot, this.knownTokens(slot));
    return this.engine.pass.matchedTokens;
  }

  reserves(_slot: number, tokens: number): boolean {
    const need = Math.ceil(tokens / this.engine.blockSize) - this.engine.entries.matchedActive;
    return need <= this.pool.available - this.engine.watermarkBlocks;
  }

  admit(slot: number, tokens: number): number {
    if (this.loads?.begins(slot) === true) return 0;
    const { counterBase } = this;
    const { table, counters } = this.engine;
    const cached = this.engine.pass.matchedTokens;
    this.waiting.remove(slot);
    this.running.pushBack(slot);
    this.fullBlocks += this.fullBlocksOf(slot);
    table.data[slot + AT_ORDER] = this.nextOrder();
    table.data[slot + AT_STATE] = SLOT_PREFILL;
    if (Number.isNaN(table.data[slot + AT_ADMITTED_US]!)) {
      table.data[slot + AT_ADMITTED_US] = this.nowUs;
      table.data[slot + AT_CACHED] = cached;
      counters[counterBase + ADMITTED_TOKENS]! += table.data[slot + AT_INPUT]!;
      counters[counterBase + CACHED_TOKENS]! += cached;
      this.loads?.admitted(slot, cached);
    } else {
      counters[counterBase + RECOMPUTED_TOKENS]! += Math.max(
        0,
        table.data[slot + AT_LOST]! - cached,
      );
    }
    this.pool.acquire(slot);
    const need =
      Math.ceil((cached + tokens) / this.engine.blockSize) - this.engine.entries.matchedBlocks;
    if (need > 0) this.pool.allocate(need);
    this.computePrompt(slot, cached, tokens);
    if (this.engine.images !== undefined) this.countImages(slot, cached);
    return tokens;
  }

  admitPadded(slot: number, paddedTokens: number): void {
    // What a request has generated before it lost its worker is computed with its prompt.
    const { data } = this.engine.table;
    data[slot + AT_INPUT] = paddedTokens - data[slot + AT_GENERATED]!;
    this.matchPrefix(slot);
    this.admit(slot, paddedTokens);
  }

  retract(slot: number): void {
    const isPartial = slot === this.partialPrefill;
    this.takeOff(slot, false, this.engine.table.data[slot + AT_COMPUTED]!);
    // A prompt that was being computed came before all that wait; others go to the end.
    if (isPartial) this.waiting.pushFront(slot);
    else this.waiting.pushBack(slot);
  }

  // The worker's side.

  /** A request arrives; false when it queues behind one that could not be admitted, so that nothing changes. */
  enqueue(slot: number, nowUs: number): boolean {
    if (this.inbox !== undefined) {
      this.inbox.push(slot, nowUs);
      return this.inbox.length === 1;
    }
    this.engine.table.data[slot + AT_STATE] = SLOT_WAITING;
    const first = this.waiting.length === 0;
    this.waiting.pushBack(slot);
    // Who waits for an adapter's place holds up nobody.
    return first || this.engine.adapters !== undefined;
  }

  /** Empties the step being built. */
  beginPass(nowUs: number): void {
    beginPass(this.engine.pass, nowUs);
    this.pool.beginPass(nowUs);
    this.decodesInStep = false;
    this.endings.clear();
    this.loads?.land();
  }

  /** After a pass: tells the watcher of the pools whether this instant is one that both modes share. */
  settle(watcher: KvWatcher): void {
    if (this.engine.pass.shape.prefillRequests === 0 && this.changes === this.settledChanges)
      return;
    this.settledChanges = this.changes;
    watcher.settled(this.engine.firstId + this.worker, this.nowUs);
  }

  get isStepEmpty(): boolean {
    return this.engine.pass.shape.prefillRequests === 0 && this.demand.requests === 0;
  }

  /** A request whose known tokens all have KV starts to decode; `finishes`: it has tokens left to generate. */
  join(slot: number, finishes: boolean): void {
    const { table } = this.engine;
    // The newest token's KV is computed by the next step.
    const context = table.data[slot + AT_COMPUTED]! + 1;
    this.changes++;
    table.data[slot + AT_STATE] = SLOT_DECODE;
    table.data[slot + AT_JOIN_STEP] = this.decodeTokens;
    table.data[slot + AT_JOIN_CONTEXT] = context;
    this.decodeContext += context;
    if (this.engine.luck !== undefined) {
      this.demand.requests++;
      return;
    }
    this.demand.join(this.decodeTokens, context);
    const finish = this.decodeTokens + this.outputLeft(slot);
    this.finishSteps += finish;
    if (finish > this.lastFinish) this.lastFinish = finish;
    if (finishes) this.finishes.push(slot, finish, table.data[slot + AT_ORDER]!);
  }

  /** A request leaves the decode group; returns its tokens with KV. */
  leave(slot: number): number {
    const { table } = this.engine;
    const context = this.contextOf(slot);
    this.changes++;
    this.decodeContext -= context;
    if (this.engine.luck !== undefined) {
      this.demand.requests--;
      return context - 1;
    }
    this.finishSteps -= table.data[slot + AT_JOIN_STEP]! + this.outputLeft(slot);
    this.demand.leave(table.data[slot + AT_JOIN_STEP]!, table.data[slot + AT_JOIN_CONTEXT]!);
    return context - 1;
  }

  /** A request that is over leaves the worker: its blocks go back or into the cache, its slot is free. `doneUs`: it has finished. */
  dismiss(slot: number, tokens: number, doneUs = NaN): void {
    this.running.remove(slot);
    this.fullBlocks -= this.fullBlocksOf(slot);
    const held = Math.ceil(tokens / this.engine.blockSize);
    this.pool.release(slot, held, tokens, false, doneUs);
    this.loads?.dismissed(slot, doneUs);
    this.engine.table.give(slot);
  }

  /**
   * A request leaves before it is done, wherever it is: a waiting one now, a running one when the step in progress ends
   * (`inStep`) or now. Its blocks go back or into the cache.
   */
  cancel(slot: number, inStep: boolean, nowUs: number): void {
    const state = this.engine.table.data[slot + AT_STATE]!;
    if (state === SLOT_WAITING || state === SLOT_UNSEEN) {
      if (state === SLOT_WAITING) this.waiting.remove(slot);
      else this.inbox!.remove(slot);
      this.pool.disown(slot);
      this.engine.table.give(slot);
    } else if (state === SLOT_LOADING) this.loads?.abandon(slot, nowUs);
    else if (inStep) (this.leaving ??= []).push(slot);
    else this.expel(slot);
  }

  /** Lets go of the requests that were cancelled during the step that has just ended. */
  expelLeaving(): void {
    const { leaving } = this;
    if (leaving === undefined) return;
    for (const slot of leaving) this.expel(slot);
    leaving.length = 0;
  }

  /** Recounts what the sums claim; throws `InvariantError` when they disagree. */
  audit(at: string): void {
    const { walk } = this;
    const { requests, context } = decodeGroup(walk);
    const elsewhere = this.heldElsewhere();
    const running = blocksHeld(walk, this.decodesInStep);
    const held = running.held + elsewhere.held;
    const full = running.full + elsewhere.full;
    invariant(requests === this.demand.requests, `decode group law: requests miscounted ${at}`);
    invariant(context === this.decodeContext, `decode group law: context miscounted ${at}`);
    invariant(held === this.pool.held, `KV law: held blocks miscounted ${at}`);
    invariant(full === this.fullBlocks, `KV law: promised blocks miscounted ${at}`);
    this.pool.audit(at);
    const isLoading = (this.loads?.list.length ?? 0) > 0;
    const idle = this.running.length === 0 && elsewhere.held === 0 && !isLoading;
    invariant(
      !idle || this.pool.used === 0,
      `KV law: ${this.pool.used} blocks held by nobody ${at}`,
    );
  }

  /** Visits every request that is running or waiting. */
  forEachSlot(visit: (slot: number) => void): void {
    this.running.forEach(visit);
    this.waiting.forEach(visit);
    this.inbox?.forEach(visit);
    this.loads?.list.forEach(visit);
  }

  /** Blocks held for requests that are not in the batch, and what they would be with all output. */
  protected heldElsewhere(): { held: number; full: number } {
    return NOTHING_HELD;
  }

  /** The order of the next request to be admitted. */
  protected nextOrder(): number {
    return this.admissions++;
  }

  /** Takes a running request out between two steps. In a static batch it keeps its place until the batch is done. */
  private expel(slot: number): void {
    const { table, scheduler } = this.engine;
    const decodes = table.data[slot + AT_STATE] === SLOT_DECODE;
    if (decodes) {
      this.stalls?.leave(table.data[slot + AT_LAST_TOKEN_US]!);
      this.finishes.remove(slot);
      this.tellCancelled(slot);
    } else {
      if (this.partialPrefill === slot) this.partialPrefill = -1;
      this.endings.remove(slot);
    }
    if (scheduler.batchRelease) {
      if (!decodes) this.join(slot, false);
      table.data[slot + AT_STATE] = SLOT_DONE;
      this.doneCount++;
      this.changes++;
    } else this.dismiss(slot, decodes ? this.leave(slot) : table.data[slot + AT_COMPUTED]!);
  }

  /** Puts `tokens` prompt tokens of a request, behind `past` computed ones, into the step being built. */
  private computePrompt(slot: number, past: number, tokens: number): void {
    invariant(tokens > 0, "scheduler law: a prompt in the step without tokens");
    const { shape } = this.engine.pass;
    shape.prefillRequests++;
    shape.prefillTokens += tokens;
    shape.prefillPastTokens += past;
    shape.prefillPairs += tokens * (past + tokens / 2);
    const computed = past + tokens;
    this.engine.table.data[slot + AT_COMPUTED] = computed;
    this.pool.publish(slot, computed);
    if (computed === this.knownTokens(slot)) {
      this.endings.push(slot);
      if (this.partialPrefill === slot) this.partialPrefill = -1;
    } else this.partialPrefill = slot;
  }

  /** Gives each decoding request its block by walking the running list, preempting when blocks run short. */
  private walkDecodes(): number {
    const { table, blockSize, queries } = this.engine;
    for (let slot = this.running.head; slot >= 0;) {
      const after = table.data[slot + AT_NEXT]!;
      const state = table.data[slot + AT_STATE]!;
      const decodes = state === SLOT_DECODE || state === SLOT_DONE;
      const need = decodes ? blocksToTake(this.contextOf(slot), queries, blockSize) : 0;
      if (need > 0 && !this.makeRoom(slot, need)) {
        slot = after;
        continue;
      }
      this.pool.allocate(need);
      slot = table.data[slot + AT_NEXT]!;
    }
    return this.demand.requests * queries;
  }

  /** Preempts until `need` blocks are available; false when `slot` itself had to give way. */
  private makeRoom(slot: number, need: number): boolean {
    const order = this.engine.table.data[slot + AT_ORDER]!;
    while (this.pool.available < need) {
      if (this.preemptOne(order) === slot) return false;
    }
    return true;
  }

  /**
   * Preempts the newest (or oldest) running request; returns the victim. Decoding requests admitted before `servedBefore` have
   * taken their block for this step already.
   */
  private preemptOne(servedBefore: number): number {
    const victim = this.engine.preemptNewest ? this.running.tail : this.running.head;
    this.preempt(victim, this.engine.table.data[victim + AT_ORDER]! < servedBefore);
    return victim;
  }

  /** Takes all blocks from a running request and puts it at the head of the queue; it keeps what it generated. */
  private preempt(slot: number, served: boolean): void {
    this.takeOff(slot, served, Infinity);
    this.waiting.pushFront(slot);
  }

  /**
   * Takes a request off the running list. Its blocks go back, those of the first `kept` tokens into the cache. `served`: it
   * has its block for the step being built.
   */
  protected takeOff(slot: number, served: boolean, kept: number): void {
    const { table } = this.engine;
    beginRedo(table.data, slot, this.nowUs);
    let tokens = table.data[slot + AT_COMPUTED]!;
    let held = tokens;
    if (table.data[slot + AT_STATE] === SLOT_DECODE) {
      const since = this.stalls?.leave(table.data[slot + AT_LAST_TOKEN_US]!) ?? NaN;
      table.data[slot + AT_LAST_TOKEN_US] = Number.isNaN(since) ? this.nowUs : since;
      tokens = this.leave(slot);
      table.data[slot + AT_GENERATED] = this.generatedBy(slot);
      held = served ? tokens + this.engine.queries : tokens;
      this.finishes.remove(slot);
    } else if (this.partialPrefill === slot) this.partialPrefill = -1;
    this.running.remove(slot);
    this.fullBlocks -= this.fullBlocksOf(slot);
    this.pool.release(slot, this.blocksFor(slot, held), Math.min(tokens, kept), true);
    table.data[slot + AT_LOST] = tokens;
    table.data[slot + AT_COMPUTED] = 0;
    table.data[slot + AT_SOUGHT] = 0;
    table.data[slot + AT_PREEMPTIONS]!++;
    table.data[slot + AT_STATE] = SLOT_WAITING;
    this.engine.counters[this.counterBase + PREEMPTIONS]!++;
    this.engine.pass.preempted++;
  }
}
