/** A worker's batch with what hand-offs between workers add: prompts held for others, and prompts that come from others. */

import { invariant } from "../core/index.ts";
import { Batch } from "./batch.ts";
import type { DecodeStretch } from "./decode-stretch.ts";
import type { Engine } from "./engine.ts";
import { Landing } from "./landing.ts";
import {
  AT_COMPUTED,
  AT_GENERATED,
  AT_LAST_TOKEN_US,
  AT_LOST,
  AT_ORDER,
  AT_PATH_LENGTH,
  AT_PATH_START,
  AT_ROW,
  AT_SHARED_BLOCKS,
  AT_STATE,
  SLOT_DECODE,
  SLOT_DONE,
  SLOT_PARKED,
  SLOT_PREFILL,
} from "./request-table.ts";
import { blocksHeld } from "./running-walk.ts";
import { beginRedo, endRedo } from "./time-asides.ts";
import { addPromptToken } from "./token-gaps.ts";
import { SlotList } from "./slot-list.ts";
import { OUTPUT_TOKENS, PROMPTS } from "./worker-counters.ts";

export class HandoffBatch extends Batch {
  /** Prefill workers: computed prompts whose blocks are held until the decode worker has them. */
  readonly parked: SlotList;
  /** Decode workers. */
  readonly landing: Landing | undefined;

  constructor(engine: Engine, row: number) {
    super(engine, row);
    this.parked = new SlotList(engine.table);
    this.landing =
      engine.landing === undefined ? undefined : new Landing(this, engine, engine.landing);
  }

  /** Whether requests are answered here; a prefill worker only computes prompts. */
  get answers(): boolean {
    return !this.engine.parks;
  }

  /** Requests here that are not over. */
  get unfinishedCount(): number {
    const here = this.queuedCount + this.runningCount - this.doneCount - this.leavingCount;
    return here + (this.landing?.count ?? 0) + (this.loads?.liveCount ?? 0);
  }

  /** Whether no request is here in any way. */
  get isEmpty(): boolean {
    const { landing } = this;
    const elsewhere = this.parked.length + (landing?.count ?? 0) + (landing?.leaving.length ?? 0);
    const loading = this.loads?.list.length ?? 0;
    return this.queuedCount + this.runningCount + elsewhere + loading === 0;
  }

  /** Whether requests wait here for the worker itself. */
  get isWaiting(): boolean {
    return this.waitingCount > 0 || (this.landing?.queue.length ?? 0) > 0;
  }

  /** Whether somebody else will make room here, so that who waits need not despair. */
  get awaitsOthers(): boolean {
    const loading = this.loads?.list.length ?? 0;
    return this.parked.length > 0 || loading > 0 || this.landing?.isBusy === true;
  }

  override get isStepEmpty(): boolean {
    return super.isStepEmpty && this.engine.pass.landed === 0;
  }

  /** Starts a scheduling pass. */
  override beginPass(nowUs: number): void {
    super.beginPass(nowUs);
    this.engine.pass.landed = 0;
    this.engine.pass.landedContext = 0;
    this.landing?.pass();
  }

  /** Steps of a run that begins now after which this worker may have to act. */
  stepsAlone(stretch: DecodeStretch): number {
    const { luck, scheduler, stepByStep } = this.engine;
    if (stepByStep || luck !== undefined || this.landing?.mayChange === true) return 1;
    const ahead = this.stepsAhead(stretch.stepsValid - (this.decodeSteps - stretch.anchorStep));
    return this.stepsToLook(stretch, Math.min(scheduler.stepsUntilChange(this), ahead));
  }

  override landPrompts(budget: number): number {
    return this.landing?.takeTurn(budget) ?? 0;
  }

  /** The pass that has been put together begins: the prompts that end with it are told. */
  tellEndings(nowUs: number, endUs: number): void {
    const { sink, firstId } = this.engine;
    const { endings } = this;
    for (let slot = endings.head; slot >= 0; slot = endings.after(slot))
      sink.prefillEnds(firstId + this.worker, slot, nowUs, endUs);
  }

  /** A computed prompt leaves the batch and keeps its blocks. */
  park(slot: number, nowUs: number): void {
    const { table, sink, firstId, counters } = this.engine;
    counters[this.counterBase + PROMPTS]!++;
    this.running.remove(slot);
    this.parked.pushBack(slot);
    table.data[slot + AT_STATE] = SLOT_PARKED;
    sink.prefilled(firstId + this.worker, slot, nowUs);
  }

  /** A request ends with its prompt: the token made there is its answer. */
  countOutput(): void {
    this.engine.counters[this.counterBase + OUTPUT_TOKENS]!++;
  }

  override dismiss(slot: number, tokens: number, doneUs = NaN): void {
    if (!Number.isNaN(doneUs)) this.nameAnswer(slot, tokens);
    super.dismiss(slot, tokens, doneUs);
  }

  /** A request has ended with its whole answer: from now on the next turn can match its blocks, where it repeats them. */
  private nameAnswer(slot: number, tokens: number): void {
    const { table, forest } = this.engine;
    const row = table.data[slot + AT_ROW]!;
    const length = forest.answers?.length[row] ?? 0;
    if (length === 0) return;
    table.data[slot + AT_PATH_START] = forest.answers!.start[row]!;
    table.data[slot + AT_PATH_LENGTH] = length;
    this.pool.publish(slot, tokens);
  }

  /** A held prompt has been fetched, or nobody wants it any more: its blocks go into the cache, its slot is free. `doneUs`: it has been fetched. */
  unpark(slot: number, doneUs: number): void {
    const { table, blockSize } = this.engine;
    const tokens = table.data[slot + AT_COMPUTED]!;
    this.parked.remove(slot);
    this.fullBlocks -= this.fullBlocksOf(slot);
    this.pool.release(slot, Math.ceil(tokens / blockSize), tokens, false, doneUs);
    this.loads?.dismissed(slot, doneUs);
    table.give(slot);
  }

  /** Takes the blocks of a prompt that comes from elsewhere; returns how many of them are not cached here. */
  takeBlocks(slot: number): number {
    const { table, blockSize, entries } = this.engine;
    const known = this.knownTokens(slot);
    this.pool.match(slot, known);
    this.pool.acquire(slot);
    const missing = Math.max(0, Math.ceil(known / blockSize) - entries.matchedBlocks);
    if (missing > 0) this.pool.allocate(missing);
    table.data[slot + AT_COMPUTED] = known;
    this.fullBlocks += this.fullBlocksOf(slot);
    return missing;
  }

  /** Gives the blocks of a prompt that never came back. */
  giveBlocks(slot: number): void {
    const { table, blockSize } = this.engine;
    const { data } = table;
    this.fullBlocks -= this.fullBlocksOf(slot);
    const held = Math.ceil(data[slot + AT_COMPUTED]! / blockSize);
    this.pool.release(slot, Math.max(data[slot + AT_SHARED_BLOCKS]!, held), 0, false);
    data[slot + AT_COMPUTED] = 0;
  }

  /**
   * A prompt that came from elsewhere joins the batch. Either its first token came with it, or the step being built makes it,
   * out of the prompt's last token.
   */
  land(slot: number, firstTokenComes: boolean): void {
    const { table, pass, counters, sink } = this.engine;
    const { data } = table;
    const known = this.knownTokens(slot);
    this.running.pushBack(slot);
    data[slot + AT_ORDER] = this.nextOrder();
    data[slot + AT_STATE] = SLOT_PREFILL;
    this.pool.publish(slot, known);
    if (!firstTokenComes) {
      pass.landed++;
      pass.landedContext += known;
      this.endings.push(slot);
      return;
    }
    counters[this.counterBase + OUTPUT_TOKENS]!++;
    endRedo(data, slot, this.nowUs);
    if (addPromptToken(this.engine, slot, this.nowUs)) {
      sink.firstToken(this.engine.firstId + this.worker, slot, this.nowUs);
    }
    data[slot + AT_GENERATED]!++;
    data[slot + AT_LAST_TOKEN_US] = this.nowUs;
    this.join(slot, true);
  }

  protected override takeOff(slot: number, served: boolean, kept: number): void {
    const { pass, table } = this.engine;
    // Who landed in this very pass has to go before its step begins.
    if (pass.landed > 0 && this.endings.remove(slot)) {
      pass.landed--;
      pass.landedContext -= table.data[slot + AT_COMPUTED]!;
    }
    super.takeOff(slot, served, kept);
  }

  /**
   * The worker has died: all its blocks are empty, and every request leaves it with the tokens it has generated; `lost` gets
   * those that are not over, the running ones with the tokens whose keys and values are gone. `lastUs`: when decoding requests
   * got their newest token.
   */
  wipe(lastUs: number, nowUs: number, lost: (slot: number) => void): void {
    const { data } = this.engine.table;
    for (let slot = this.running.head; slot >= 0; slot = this.running.head) {
      const isOver = data[slot + AT_STATE] === SLOT_DONE || this.isLeaving(slot);
      this.takeOut(slot, lastUs);
      if (isOver) this.engine.table.give(slot);
      else lost(slot);
    }
    this.takeArrivals(Infinity);
    for (let slot = this.waiting.head; slot >= 0; slot = this.waiting.head) {
      this.waiting.remove(slot);
      this.pool.disown(slot);
      lost(slot);
    }
    for (let slot = this.parked.head; slot >= 0; slot = this.parked.head) {
      this.parked.remove(slot);
      this.takeBlocksBack(slot, data[slot + AT_COMPUTED]!);
      lost(slot);
    }
    this.loads?.wipe(nowUs, lost);
    this.landing?.wipe(lost);
    this.pool.wipe();
    this.partialPrefill = -1;
    this.endings.clear();
    this.decodesInStep = false;
    this.doneCount = 0;
    if (this.leaving !== undefined) this.leaving.length = 0;
    this.changes++;
    this.inbox?.idled();
    this.engine.scheduler.forget?.(this.worker);
  }

  /** Takes a running request off a dead worker. */
  private takeOut(slot: number, lastUs: number): void {
    const { data } = this.engine.table;
    const state = data[slot + AT_STATE];
    beginRedo(data, slot, lastUs);
    let tokens = data[slot + AT_COMPUTED]!;
    let held = tokens;
    if (state === SLOT_DECODE || state === SLOT_DONE) {
      const since = this.stalls?.leave(data[slot + AT_LAST_TOKEN_US]!) ?? NaN;
      data[slot + AT_LAST_TOKEN_US] = Number.isNaN(since) ? lastUs : since;
      const generated = this.generatedBy(slot);
      tokens = this.leave(slot);
      data[slot + AT_GENERATED] = generated;
      held = this.decodesInStep ? tokens + this.engine.queries : tokens;
      if (state === SLOT_DECODE) this.finishes.remove(slot);
    }
    this.running.remove(slot);
    this.takeBlocksBack(slot, held);
    data[slot + AT_LOST] = tokens;
  }

  /** Nothing of what a request has computed is kept. */
  private takeBlocksBack(slot: number, held: number): void {
    this.fullBlocks -= this.fullBlocksOf(slot);
    this.pool.release(slot, this.blocksFor(slot, held), 0, false);
    this.engine.table.data[slot + AT_COMPUTED] = 0;
  }

  override forEachSlot(visit: (slot: number) => void): void {
    super.forEachSlot(visit);
    this.landing?.forEachSlot(visit);
  }

  protected override heldElsewhere(): { held: number; full: number } {
    const { table, blockSize, overshoot } = this.engine;
    const idle = { table, step: 0, stepTokens: 0, blockSize, overshoot };
    const lists = [this.parked];
    const { landing } = this;
    if (landing !== undefined)
      lists.push(landing.taken, landing.arrived, landing.leaving, landing.returning);
    let held = 0;
    let full = 0;
    for (const { head } of lists) {
      const sums = blocksHeld({ ...idle, head }, false);
      held += sums.held;
      full += sums.full;
    }
    invariant(held === 0 || this.awaitsOthers, "hand-off law: blocks held for nobody");
    return { held, full };
  }
}
