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
import { BlockDemand } from "./block-demand.ts";
import type { Engine } from "./engine.ts";
import { FinishHeap } from "./finish-heap.ts";
import { KvPool } from "./kv-pool.ts";
import {
  AT_ADMITTED_US,
  AT_ARRIVAL_US,
  AT_CACHED,
  AT_COMPUTED,
  AT_GENERATED,
  AT_INPUT,
  AT_JOIN_CONTEXT,
  AT_JOIN_STEP,
  AT_LAST_TOKEN_US,
  AT_LOST,
  AT_NEXT,
  AT_NEXT_ENDING,
  AT_ORDER,
  AT_OUTPUT,
  AT_PREEMPTIONS,
  AT_SHARED_BLOCKS,
  AT_STATE,
  SLOT_DECODE,
  SLOT_DONE,
  SLOT_PREFILL,
  SLOT_WAITING,
} from "./request-table.ts";
import { SlotList } from "./slot-list.ts";
import {
  ADMITTED_TOKENS,
  CACHED_TOKENS,
  WORKER_NUMBERS,
  PREEMPTIONS,
  RECOMPUTED_TOKENS,
} from "./worker-counters.ts";

export class Batch implements SchedulerPort {
  partialPrefill = -1;
  /** Grows whenever a request joins or leaves the decode group. */
  changes = 0;
  /** Decode steps done, and the group's total context in the next one. */
  decodeSteps = 0;
  decodeContext = 0;
  /** Static batching: requests that are done and keep their place. */
  doneCount = 0;
  /** First request whose prompt ends with the step being built, in order of scheduling; −1: none. */
  endingHead = -1;
  readonly pool: KvPool;
  readonly demand: BlockDemand;
  readonly finishes: FinishHeap;
  readonly running: SlotList;
  private readonly waiting: SlotList;
  private readonly engine: Engine;
  private readonly counterBase: number;
  private admissions = 0;

  constructor(engine: Engine, id: number) {
    const { table, blockSize } = engine;
    this.engine = engine;
    this.counterBase = id * WORKER_NUMBERS;
    this.pool = new KvPool(engine);
    this.finishes = new FinishHeap(engine.heaps);
    this.demand = new BlockDemand(blockSize, engine.byPhase, id * blockSize);
    this.waiting = new SlotList(table);
    this.running = new SlotList(table);
  }

  // The scheduler's side.

  get nowUs(): number {
    return this.engine.pass.nowUs;
  }
  get preemptedInPass(): number {
    return this.engine.pass.preempted;
  }
  get runningCount(): number {
    return this.running.length;
  }
  get waitingCount(): number {
    return this.waiting.length;
  }
  get waitingHead(): number {
    return this.waiting.head;
  }
  get blockSize(): number {
    return this.engine.blockSize;
  }
  get blocksTotal(): number {
    return this.pool.blocks;
  }
  get blocksAvailable(): number {
    return this.pool.available;
  }

  waitingAfter(slot: number): number {
    return this.engine.table.data[slot + AT_NEXT]!;
  }

  queuedSinceUs(slot: number): number {
    return this.engine.table.data[slot + AT_ARRIVAL_US]!;
  }

  knownTokens(slot: number): number {
    return this.engine.table.data[slot + AT_INPUT]! + this.engine.table.data[slot + AT_GENERATED]!;
  }

  outputLimit(slot: number): number {
    return this.engine.table.data[slot + AT_OUTPUT]!;
  }

  scheduleDecodes(): number {
    if (this.engine.stepByStep) return this.walkDecodes();
    const need = this.demand.at(this.decodeSteps);
    if (need > this.pool.available) return this.walkDecodes();
    this.pool.allocate(need);
    return this.demand.requests;
  }

  continuePrefill(slot: number, tokens: number): number {
    const computed = this.engine.table.data[slot + AT_COMPUTED]!;
    const chunk = Math.min(this.knownTokens(slot) - computed, tokens);
    const need = this.blocksFor(slot, computed + chunk) - this.blocksFor(slot, computed);
    while (this.pool.available < need) {
      if (this.preemptOne(slot) === slot) return 0;
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

  admit(slot: number, tokens: number): void {
    const { counterBase } = this;
    const { table, counters } = this.engine;
    const cached = this.engine.pass.matchedTokens;
    this.waiting.remove(slot);
    this.running.pushBack(slot);
    table.data[slot + AT_ORDER] = this.admissions++;
    table.data[slot + AT_STATE] = SLOT_PREFILL;
    if (Number.isNaN(table.data[slot + AT_ADMITTED_US]!)) {
      table.data[slot + AT_ADMITTED_US] = this.nowUs;
      table.data[slot + AT_CACHED] = cached;
      counters[counterBase + ADMITTED_TOKENS]! += table.data[slot + AT_INPUT]!;
      counters[counterBase + CACHED_TOKENS]! += cached;
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
  }

  admitPadded(slot: number, paddedTokens: number): void {
    this.engine.table.data[slot + AT_INPUT] = paddedTokens;
    this.matchPrefix(slot);
    this.admit(slot, paddedTokens);
  }

  // The worker's side.

  /** A request arrives; false when it queues behind one that could not be admitted, so that nothing changes. */
  enqueue(slot: number): boolean {
    this.engine.table.data[slot + AT_STATE] = SLOT_WAITING;
    const first = this.waiting.length === 0;
    this.waiting.pushBack(slot);
    return first;
  }

  /** Empties the step being built. */
  beginPass(nowUs: number): void {
    const { shape } = this.engine.pass;
    shape.prefillRequests = 0;
    shape.prefillTokens = 0;
    shape.prefillPastTokens = 0;
    shape.prefillPairs = 0;
    this.engine.pass.nowUs = nowUs;
    this.engine.pass.preempted = 0;
    this.endingHead = -1;
    this.engine.pass.endingTail = -1;
  }

  get isStepEmpty(): boolean {
    return this.engine.pass.shape.prefillRequests === 0 && this.demand.requests === 0;
  }

  /** Total context of a decoding request in the next decode step. */
  contextOf(slot: number): number {
    return (
      this.engine.table.data[slot + AT_JOIN_CONTEXT]! +
      (this.decodeSteps - this.engine.table.data[slot + AT_JOIN_STEP]!)
    );
  }

  /** Tokens a decoding request has generated. */
  generatedBy(slot: number): number {
    return (
      this.engine.table.data[slot + AT_GENERATED]! +
      (this.decodeSteps - this.engine.table.data[slot + AT_JOIN_STEP]!)
    );
  }

  /** A request whose known tokens all have KV starts to decode; `finishes`: it has tokens left to generate. */
  join(slot: number, finishes: boolean): void {
    const { table } = this.engine;
    // The newest token's KV is computed by the next step.
    const context = table.data[slot + AT_COMPUTED]! + 1;
    this.changes++;
    table.data[slot + AT_STATE] = SLOT_DECODE;
    table.data[slot + AT_JOIN_STEP] = this.decodeSteps;
    table.data[slot + AT_JOIN_CONTEXT] = context;
    this.demand.join(this.decodeSteps, context);
    this.decodeContext += context;
    const left = table.data[slot + AT_OUTPUT]! - table.data[slot + AT_GENERATED]!;
    if (finishes) this.finishes.push(slot, this.decodeSteps + left, table.data[slot + AT_ORDER]!);
  }

  /** A request leaves the decode group; returns its tokens with KV. */
  leave(slot: number): number {
    const { table } = this.engine;
    const context = this.contextOf(slot);
    this.changes++;
    this.decodeContext -= context;
    this.demand.leave(table.data[slot + AT_JOIN_STEP]!, table.data[slot + AT_JOIN_CONTEXT]!);
    return context - 1;
  }

  /** A request that is done leaves the worker: its blocks go back or into the cache, its slot is free. */
  dismiss(slot: number, tokens: number): void {
    this.running.remove(slot);
    this.pool.release(slot, Math.ceil(tokens / this.engine.blockSize), tokens, false);
    this.engine.table.give(slot);
  }

  /** Recounts what the sums claim; throws `InvariantError` when they disagree. */
  audit(at: string): void {
    let requests = 0;
    let context = 0;
    for (let slot = this.running.head; slot >= 0; slot = this.engine.table.data[slot + AT_NEXT]!) {
      const state = this.engine.table.data[slot + AT_STATE]!;
      if (state !== SLOT_DECODE && state !== SLOT_DONE) continue;
      requests++;
      context += this.contextOf(slot);
    }
    invariant(requests === this.demand.requests, `decode group law: requests miscounted ${at}`);
    invariant(context === this.decodeContext, `decode group law: context miscounted ${at}`);
    this.pool.audit(at);
    const idle = this.running.length === 0;
    invariant(
      !idle || this.pool.used === 0,
      `KV law: ${this.pool.used} blocks held by nobody ${at}`,
    );
  }

  /** Visits every request that is running or waiting. */
  forEachSlot(visit: (slot: number) => void): void {
    for (const list of [this.running, this.waiting]) {
      for (let slot = list.head; slot >= 0; slot = this.engine.table.data[slot + AT_NEXT]!)
        visit(slot);
    }
  }

  /** Puts `tokens` prompt tokens of a request, behind `past` computed ones, into the step being built. */
  private computePrompt(slot: number, past: number, tokens: number): void {
    const { shape } = this.engine.pass;
    shape.prefillRequests++;
    shape.prefillTokens += tokens;
    shape.prefillPastTokens += past;
    shape.prefillPairs += tokens * (past + tokens / 2);
    const computed = past + tokens;
    this.engine.table.data[slot + AT_COMPUTED] = computed;
    this.pool.publish(slot, computed);
    if (computed === this.knownTokens(slot)) {
      this.pushEnding(slot);
      if (this.partialPrefill === slot) this.partialPrefill = -1;
    } else this.partialPrefill = slot;
  }

  private pushEnding(slot: number): void {
    const { data } = this.engine.table;
    data[slot + AT_NEXT_ENDING] = -1;
    if (this.engine.pass.endingTail >= 0) data[this.engine.pass.endingTail + AT_NEXT_ENDING] = slot;
    else this.endingHead = slot;
    this.engine.pass.endingTail = slot;
  }

  /** Blocks a request in prefill holds with `tokens` tokens computed. */
  private blocksFor(slot: number, tokens: number): number {
    return Math.max(
      this.engine.table.data[slot + AT_SHARED_BLOCKS]!,
      Math.ceil(tokens / this.engine.blockSize),
    );
  }

  /** Gives each decoding request its block by walking the running list, preempting when blocks run short. */
  private walkDecodes(): number {
    const { table } = this.engine;
    for (let slot = this.running.head; slot >= 0;) {
      const after = table.data[slot + AT_NEXT]!;
      const state = table.data[slot + AT_STATE]!;
      const decodes = state === SLOT_DECODE || state === SLOT_DONE;
      if (decodes && (this.contextOf(slot) - 1) % this.engine.blockSize === 0) {
        if (!this.makeRoom(slot)) {
          slot = after;
          continue;
        }
        this.pool.allocate(1);
      }
      slot = table.data[slot + AT_NEXT]!;
    }
    return this.demand.requests;
  }

  /** Preempts until a block is available; false when `slot` itself had to give way. */
  private makeRoom(slot: number): boolean {
    while (this.pool.available < 1) {
      if (this.preemptOne(slot) === slot) return false;
    }
    return true;
  }

  /** Preempts the newest (or oldest) running request on behalf of `slot`; returns the victim. */
  private preemptOne(slot: number): number {
    const victim = this.engine.preemptNewest ? this.running.tail : this.running.head;
    // Requests before `slot` in running order have taken their block for this step already.
    const served =
      this.engine.table.data[victim + AT_ORDER]! < this.engine.table.data[slot + AT_ORDER]!;
    this.preempt(victim, served);
    return victim;
  }

  /** Takes all blocks from a running request and puts it at the head of the queue; it keeps what it generated. */
  private preempt(slot: number, served: boolean): void {
    const { table } = this.engine;
    let tokens = table.data[slot + AT_COMPUTED]!;
    let held = tokens;
    if (table.data[slot + AT_STATE] === SLOT_DECODE) {
      table.data[slot + AT_GENERATED] = this.generatedBy(slot);
      table.data[slot + AT_LAST_TOKEN_US] = this.nowUs;
      tokens = this.leave(slot);
      held = served ? tokens + 1 : tokens;
      this.finishes.remove(slot);
    } else if (this.partialPrefill === slot) this.partialPrefill = -1;
    this.running.remove(slot);
    this.pool.release(slot, this.blocksFor(slot, held), tokens, true);
    table.data[slot + AT_LOST] = tokens;
    table.data[slot + AT_COMPUTED] = 0;
    table.data[slot + AT_PREEMPTIONS]!++;
    table.data[slot + AT_STATE] = SLOT_WAITING;
    this.waiting.pushFront(slot);
    this.engine.counters[this.counterBase + PREEMPTIONS]!++;
    this.engine.pass.preempted++;
  }
}
