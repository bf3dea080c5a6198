/**
 * A worker's requests between two forward passes: its waiting queue, its running list, the group that decodes, and the
 * step being put together. Knows blocks and tokens, not time.
 *
 * The decode group is kept as sums: a counter of decode steps, the group's total context, its block demand by
 * phase and its finishes in a heap. A request that only decodes is not touched until it ends, is preempted or blocks
 * run short. In the step-by-step mode block needs are found by walking the running list instead: the oracle of the sums.
 */

import { invariant } from "../core/index.ts";
import type { StepShape } from "../hardware/index.ts";
import type { SchedulerPort } from "../policies/index.ts";
import { BlockDemand } from "./block-demand.ts";
import { FinishHeap } from "./finish-heap.ts";
import type { KvPool } from "./kv-pool.ts";
import { SLOT_DECODE, SLOT_DONE, SLOT_PREFILL, SLOT_WAITING } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import { SlotList } from "./slot-list.ts";
import {
  ADMITTED_TOKENS,
  CACHED_TOKENS,
  PREEMPTIONS,
  RECOMPUTED_TOKENS,
} from "./worker-counters.ts";

export type BatchOptions = {
  readonly table: RequestTable;
  readonly pool: KvPool;
  readonly blockSize: number;
  /** Blocks that admission leaves free. */
  readonly watermarkBlocks: number;
  /** Preempt the newest running request (lifo) or the oldest (fifo). */
  readonly preemptNewest: boolean;
  readonly stepByStep: boolean;
  readonly counters: Float64Array;
};

export class Batch implements SchedulerPort {
  nowUs = 0;
  preemptedInPass = 0;
  partialPrefill = -1;
  /** Grows whenever a request joins or leaves the decode group. */
  changes = 0;
  /** Decode steps done, and the group's total context in the next one. */
  decodeSteps = 0;
  decodeContext = 0;
  /** Static batching: requests that are done and keep their place. */
  doneCount = 0;
  /** Requests whose prompt ends with the step being built, in order of scheduling. */
  endingCount = 0;
  readonly ending: number[] = [];
  readonly pool: KvPool;
  readonly blockSize: number;
  readonly demand: BlockDemand;
  readonly finishes = new FinishHeap();
  readonly running: SlotList;
  readonly shape: StepShape = {
    prefillRequests: 0,
    prefillTokens: 0,
    prefillPastTokens: 0,
    prefillPairs: 0,
    decodeRequests: 0,
    decodeContextTokens: 0,
  };
  private readonly table: RequestTable;
  private readonly waiting: SlotList;
  private readonly watermarkBlocks: number;
  private readonly preemptNewest: boolean;
  private readonly stepByStep: boolean;
  private readonly counters: Float64Array;
  private admissions = 0;
  private matchedTokens = 0;

  constructor(options: BatchOptions) {
    this.table = options.table;
    this.pool = options.pool;
    this.blockSize = options.blockSize;
    this.watermarkBlocks = options.watermarkBlocks;
    this.preemptNewest = options.preemptNewest;
    this.stepByStep = options.stepByStep;
    this.counters = options.counters;
    this.waiting = new SlotList(options.table);
    this.running = new SlotList(options.table);
    this.demand = new BlockDemand(options.blockSize);
  }

  // The scheduler's side.

  get runningCount(): number {
    return this.running.length;
  }
  get waitingCount(): number {
    return this.waiting.length;
  }
  get waitingHead(): number {
    return this.waiting.head;
  }
  get blocksTotal(): number {
    return this.pool.blocks;
  }
  get blocksAvailable(): number {
    return this.pool.available;
  }

  waitingAfter(slot: number): number {
    return this.table.next[slot]!;
  }

  queuedSinceUs(slot: number): number {
    return this.table.arrivalUs[slot]!;
  }

  knownTokens(slot: number): number {
    return this.table.input[slot]! + this.table.generated[slot]!;
  }

  outputLimit(slot: number): number {
    return this.table.output[slot]!;
  }

  scheduleDecodes(): number {
    if (this.stepByStep) return this.walkDecodes();
    const need = this.demand.at(this.decodeSteps);
    if (need > this.pool.available) return this.walkDecodes();
    this.pool.allocate(need);
    return this.demand.requests;
  }

  continuePrefill(slot: number, tokens: number): number {
    const computed = this.table.computed[slot]!;
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
    this.matchedTokens = this.pool.match(slot, this.knownTokens(slot));
    return this.matchedTokens;
  }

  reserves(_slot: number, tokens: number): boolean {
    const need = Math.ceil(tokens / this.blockSize) - this.pool.matchedActive;
    return need <= this.pool.available - this.watermarkBlocks;
  }

  admit(slot: number, tokens: number): void {
    const { table, counters } = this;
    const cached = this.matchedTokens;
    this.waiting.remove(slot);
    this.running.pushBack(slot);
    table.order[slot] = this.admissions++;
    table.state[slot] = SLOT_PREFILL;
    if (Number.isNaN(table.admittedUs[slot]!)) {
      table.admittedUs[slot] = this.nowUs;
      table.cached[slot] = cached;
      counters[ADMITTED_TOKENS]! += table.input[slot]!;
      counters[CACHED_TOKENS]! += cached;
    } else {
      counters[RECOMPUTED_TOKENS]! += Math.max(0, table.lost[slot]! - cached);
    }
    this.pool.acquire(slot);
    const need = Math.ceil((cached + tokens) / this.blockSize) - this.pool.matchedBlocks;
    if (need > 0) this.pool.allocate(need);
    this.computePrompt(slot, cached, tokens);
  }

  admitPadded(slot: number, paddedTokens: number): void {
    this.table.input[slot] = paddedTokens;
    this.matchPrefix(slot);
    this.admit(slot, paddedTokens);
  }

  // The worker's side.

  /** A request arrives; false when it queues behind one that could not be admitted, so that nothing changes. */
  enqueue(slot: number): boolean {
    this.table.state[slot] = SLOT_WAITING;
    const first = this.waiting.length === 0;
    this.waiting.pushBack(slot);
    return first;
  }

  /** Empties the step being built. */
  beginPass(nowUs: number): void {
    const { shape } = this;
    shape.prefillRequests = 0;
    shape.prefillTokens = 0;
    shape.prefillPastTokens = 0;
    shape.prefillPairs = 0;
    this.nowUs = nowUs;
    this.preemptedInPass = 0;
    this.endingCount = 0;
  }

  get isStepEmpty(): boolean {
    return this.shape.prefillRequests === 0 && this.demand.requests === 0;
  }

  /** Total context of a decoding request in the next decode step. */
  contextOf(slot: number): number {
    return this.table.joinContext[slot]! + (this.decodeSteps - this.table.joinStep[slot]!);
  }

  /** Tokens a decoding request has generated. */
  generatedBy(slot: number): number {
    return this.table.generated[slot]! + (this.decodeSteps - this.table.joinStep[slot]!);
  }

  /** A request whose known tokens all have KV starts to decode; `finishes`: it has tokens left to generate. */
  join(slot: number, finishes: boolean): void {
    const { table } = this;
    // The newest token's KV is computed by the next step.
    const context = table.computed[slot]! + 1;
    this.changes++;
    table.state[slot] = SLOT_DECODE;
    table.joinStep[slot] = this.decodeSteps;
    table.joinContext[slot] = context;
    this.demand.join(this.decodeSteps, context);
    this.decodeContext += context;
    const left = table.output[slot]! - table.generated[slot]!;
    if (finishes) this.finishes.push(slot, this.decodeSteps + left, table.order[slot]!);
  }

  /** A request leaves the decode group; returns its tokens with KV. */
  leave(slot: number): number {
    const { table } = this;
    const context = this.contextOf(slot);
    this.changes++;
    this.decodeContext -= context;
    this.demand.leave(table.joinStep[slot]!, table.joinContext[slot]!);
    return context - 1;
  }

  /** A request that is done leaves the worker: its blocks go back or into the cache, its slot is free. */
  dismiss(slot: number, tokens: number): void {
    this.running.remove(slot);
    this.pool.release(slot, Math.ceil(tokens / this.blockSize), tokens, false);
    this.table.give(slot);
  }

  /** Recounts what the sums claim; throws `InvariantError` when they disagree. */
  audit(): void {
    let requests = 0;
    let context = 0;
    for (let slot = this.running.head; slot >= 0; slot = this.table.next[slot]!) {
      const state = this.table.state[slot]!;
      if (state !== SLOT_DECODE && state !== SLOT_DONE) continue;
      requests++;
      context += this.contextOf(slot);
    }
    invariant(requests === this.demand.requests, "decode group law: requests miscounted");
    invariant(context === this.decodeContext, "decode group law: context miscounted");
    this.pool.audit();
    const idle = this.running.length === 0;
    invariant(!idle || this.pool.used === 0, `KV law: ${this.pool.used} blocks held by nobody`);
  }

  /** Visits every request that is running or waiting. */
  forEachSlot(visit: (slot: number) => void): void {
    for (const list of [this.running, this.waiting]) {
      for (let slot = list.head; slot >= 0; slot = this.table.next[slot]!) visit(slot);
    }
  }

  /** Puts `tokens` prompt tokens of a request, behind `past` computed ones, into the step being built. */
  private computePrompt(slot: number, past: number, tokens: number): void {
    const { shape } = this;
    shape.prefillRequests++;
    shape.prefillTokens += tokens;
    shape.prefillPastTokens += past;
    shape.prefillPairs += tokens * (past + tokens / 2);
    const computed = past + tokens;
    this.table.computed[slot] = computed;
    this.pool.publish(slot, computed);
    if (computed === this.knownTokens(slot)) {
      this.ending[this.endingCount++] = slot;
      if (this.partialPrefill === slot) this.partialPrefill = -1;
    } else this.partialPrefill = slot;
  }

  /** Blocks a request in prefill holds with `tokens` tokens computed. */
  private blocksFor(slot: number, tokens: number): number {
    return Math.max(this.table.sharedBlocks[slot]!, Math.ceil(tokens / this.blockSize));
  }

  /** Gives each decoding request its block by walking the running list, preempting when blocks run short. */
  private walkDecodes(): number {
    const { table } = this;
    for (let slot = this.running.head; slot >= 0;) {
      const after = table.next[slot]!;
      const state = table.state[slot]!;
      const decodes = state === SLOT_DECODE || state === SLOT_DONE;
      if (decodes && (this.contextOf(slot) - 1) % this.blockSize === 0) {
        if (!this.makeRoom(slot)) {
          slot = after;
          continue;
        }
        this.pool.allocate(1);
      }
      slot = table.next[slot]!;
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
    const victim = this.preemptNewest ? this.running.tail : this.running.head;
    // Requests before `slot` in running order have taken their block for this step already.
    const served = this.table.order[victim]! < this.table.order[slot]!;
    this.preempt(victim, served);
    return victim;
  }

  /** Takes all blocks from a running request and puts it at the head of the queue; it keeps what it generated. */
  private preempt(slot: number, served: boolean): void {
    const { table } = this;
    let tokens = table.computed[slot]!;
    let held = tokens;
    if (table.state[slot] === SLOT_DECODE) {
      table.generated[slot] = this.generatedBy(slot);
      table.lastTokenUs[slot] = this.nowUs;
      tokens = this.leave(slot);
      held = served ? tokens + 1 : tokens;
      this.finishes.remove(slot);
    } else if (this.partialPrefill === slot) this.partialPrefill = -1;
    this.running.remove(slot);
    this.pool.release(slot, this.blocksFor(slot, held), tokens, true);
    table.lost[slot] = tokens;
    table.computed[slot] = 0;
    table.preemptions[slot]!++;
    table.state[slot] = SLOT_WAITING;
    this.waiting.pushFront(slot);
    this.counters[PREEMPTIONS]!++;
    this.preemptedInPass++;
  }
}
