/**
 * A worker engine: one instance of a serving engine with its queues, its KV pool and the forward pass in progress.
 *
 * The decode group is kept as sums: a counter of decode steps, the group's total context, its block demand by
 * phase and its finishes in a heap. A request that only decodes is not touched until it ends, is preempted or the group's
 * blocks run short. Step by step and fast differ in nothing but how many steps one event covers, except that the
 * step-by-step mode finds finishes and block needs by walking the batch: it is the oracle of the sums.
 */

import { invariant } from "../core/index.ts";
import type { GapHistogram } from "../core/index.ts";
import type { StepShape, StepTimeModel } from "../hardware/index.ts";
import type { Scheduler, SchedulerPort } from "../policies/index.ts";
import { BlockDemand } from "./block-demand.ts";
import { DecodeStretch } from "./decode-stretch.ts";
import { FinishHeap } from "./finish-heap.ts";
import type { KvPool } from "./kv-pool.ts";
import { SLOT_DECODE, SLOT_DONE, SLOT_PREFILL, SLOT_WAITING } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import { SlotList } from "./slot-list.ts";

/** What the worker is doing. */
export const WORKER_IDLE = 0;
/** A forward pass with prompt tokens in it. */
export const WORKER_MIXED = 1;
/** A run of pure decode steps. */
export const WORKER_DECODE = 2;

/** What a worker tells the simulation. */
export interface WorkerSink {
  /** The request's last token is out (or its prefill done, when it wanted no token). */
  completed(worker: Worker, slot: number, nowUs: number): void;
  /** One mixed step, or one unbroken decode stretch. */
  slice(
    worker: Worker,
    kind: "mixed" | "decode",
    startUs: number,
    endUs: number,
    steps: number,
  ): void;
}

export type WorkerOptions = {
  readonly id: number;
  readonly table: RequestTable;
  readonly pool: KvPool;
  readonly blockSize: number;
  readonly watermarkBlocks: number;
  readonly preemptNewest: boolean;
  readonly scheduler: Scheduler;
  readonly model: StepTimeModel;
  readonly gaps: GapHistogram;
  /** Token gaps that end at or before this time are not recorded, µs. */
  readonly gapsFromUs: number;
  readonly stepByStep: boolean;
  readonly sink: WorkerSink;
};

export class Worker implements SchedulerPort {
  readonly id: number;
  readonly pool: KvPool;
  readonly blockSize: number;
  state = WORKER_IDLE;
  nowUs = 0;
  preemptedInPass = 0;
  partialPrefill = -1;
  /** Set while the worker waits in the list of workers that may start a pass. */
  isDue = false;
  // Totals since the start of the run.
  completed = 0;
  steps = 0;
  mixedSteps = 0;
  /** Time with a forward pass in progress, finished passes only, µs. */
  busyUs = 0;
  outputTokens = 0;
  prefillTokens = 0;
  preemptions = 0;
  admittedTokens = 0;
  cachedTokens = 0;
  recomputedTokens = 0;
  /** Σ over steps of requests in the step, and of blocks in use at its start. */
  batchSteps = 0;
  usedSteps = 0;
  usedPeak = 0;
  /** The step in progress, or the first of a run. */
  readonly shape: StepShape = {
    prefillRequests: 0,
    prefillTokens: 0,
    prefillPastTokens: 0,
    prefillPairs: 0,
    decodeRequests: 0,
    decodeContextTokens: 0,
  };
  readonly stretch = new DecodeStretch();
  private readonly table: RequestTable;
  private readonly waiting: SlotList;
  private readonly running: SlotList;
  private readonly watermarkBlocks: number;
  private readonly preemptNewest: boolean;
  private readonly scheduler: Scheduler;
  private readonly model: StepTimeModel;
  private readonly gaps: GapHistogram;
  private readonly gapsFromUs: number;
  private readonly stepByStep: boolean;
  private readonly sink: WorkerSink;
  private readonly finishes = new FinishHeap();
  private readonly demand: BlockDemand;
  /** Decode steps done by this worker, and the group's total context in the next one. */
  private decodeSteps = 0;
  private decodeContext = 0;
  private admissions = 0;
  /** Requests whose prompt ends with the step in progress, in order of scheduling. */
  private readonly ending: number[] = [];
  /** Static batching: requests that are done and keep their place. */
  private doneCount = 0;
  private stepStartUs = 0;
  /** Steps covered by the pending event of a decode run. */
  private runSteps = 0;
  private matchedTokens = 0;

  constructor(options: WorkerOptions) {
    this.id = options.id;
    this.table = options.table;
    this.pool = options.pool;
    this.blockSize = options.blockSize;
    this.watermarkBlocks = options.watermarkBlocks;
    this.preemptNewest = options.preemptNewest;
    this.scheduler = options.scheduler;
    this.model = options.model;
    this.gaps = options.gaps;
    this.gapsFromUs = options.gapsFromUs;
    this.stepByStep = options.stepByStep;
    this.sink = options.sink;
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
  /** Requests in flight here that are not done. */
  get unfinishedCount(): number {
    return this.waiting.length + this.running.length - this.doneCount;
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
    const table = this.table;
    const computed = table.computed[slot]!;
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
    const table = this.table;
    const cached = this.matchedTokens;
    this.startRunning(slot);
    if (Number.isNaN(table.admittedUs[slot]!)) {
      table.admittedUs[slot] = this.nowUs;
      table.cached[slot] = cached;
      this.admittedTokens += table.input[slot]!;
      this.cachedTokens += cached;
    } else {
      this.recomputedTokens += Math.max(0, table.lost[slot]! - cached);
    }
    this.pool.acquire(slot);
    const held = this.pool.matchedBlocks;
    const need = Math.ceil((cached + tokens) / this.blockSize) - held;
    if (need > 0) this.pool.allocate(need);
    this.computePrompt(slot, cached, tokens);
  }

  admitPadded(slot: number, paddedTokens: number): void {
    this.table.input[slot] = paddedTokens;
    this.matchPrefix(slot);
    this.admit(slot, paddedTokens);
  }

  // The simulation's side.

  /** A request arrives; true when it could start at the next boundary, so that a run must be cut there. */
  enqueue(slot: number): boolean {
    this.table.state[slot] = SLOT_WAITING;
    this.table.worker[slot] = this.id;
    // A head that could not be admitted before blocks the queue: nothing changes for those behind it.
    const first = this.waiting.length === 0;
    this.waiting.pushBack(slot);
    return first;
  }

  /** Starts the next pass or run; returns the time of its event (Infinity: nothing to do). */
  start(nowUs: number): number {
    this.nowUs = nowUs;
    let wakeUs = Infinity;
    do {
      this.clearStep();
      wakeUs = this.scheduler.pass(this);
      // A pass that only preempted leaves room: the next one, at the same instant, may admit.
    } while (this.isStepEmpty() && this.preemptedInPass > 0);
    const used = this.pool.used;
    if (used > this.usedPeak) this.usedPeak = used;
    if (this.isStepEmpty()) {
      this.state = WORKER_IDLE;
      invariant(
        this.waiting.length === 0 || wakeUs < Infinity,
        `progress law: worker ${this.id} is idle with ${this.waiting.length} requests waiting at ${nowUs} µs`,
      );
      return wakeUs;
    }
    this.stepStartUs = nowUs;
    if (this.shape.prefillRequests > 0) return this.startMixed(nowUs);
    return this.startRun(nowUs);
  }

  /** The pending event of the worker is due: the mixed step or the run ends. */
  end(nowUs: number): void {
    if (this.state === WORKER_MIXED) this.endMixed(nowUs);
    else if (this.state === WORKER_DECODE) this.endRun(nowUs, this.runSteps);
  }

  /**
   * Something happened to a worker in a decode run that its next pass must see: the run ends with the step in progress.
   * Returns the new time of the worker's event, −1 when it stays where it is, `nowUs` when the run has just ended.
   */
  cut(nowUs: number): number {
    const stretch = this.stretch;
    const first = this.decodeSteps - stretch.anchorStep;
    const done = stretch.stepsBy(nowUs, first, first + this.runSteps);
    if (done > first && stretch.timeAt(done) === nowUs) {
      this.endRun(nowUs, done - first);
      return nowUs;
    }
    const steps = done - first + 1;
    if (steps === this.runSteps) return -1;
    this.runSteps = steps;
    return stretch.timeAt(done + 1);
  }

  /** Ends the run of the simulation at `nowUs`: counts the steps that are done. */
  stop(nowUs: number): void {
    if (this.state === WORKER_DECODE) {
      const done = this.stepsDone(nowUs);
      if (done > 0) {
        const first = this.decodeSteps - this.stretch.anchorStep;
        this.endRun(this.stretch.timeAt(first + done), done);
        // The step in progress has taken its blocks.
        this.pool.allocate(this.demand.at(this.decodeSteps));
        this.usedPeak = Math.max(this.usedPeak, this.pool.used);
      }
    }
    this.endStretch();
    this.state = WORKER_IDLE;
  }

  /** Steps of the current run done at `nowUs` but not counted yet; reading them disturbs nothing. */
  stepsDone(nowUs: number): number {
    if (this.state !== WORKER_DECODE) return 0;
    const first = this.decodeSteps - this.stretch.anchorStep;
    return this.stretch.stepsBy(nowUs, first, first + this.runSteps) - first;
  }

  /** Output tokens and blocks in use at `nowUs`, the steps done within a run included. */
  outputTokensAt(nowUs: number): number {
    return this.outputTokens + (this.demand.requests - this.doneCount) * this.stepsDone(nowUs);
  }

  blocksUsedAt(nowUs: number): number {
    const done = this.stepsDone(nowUs);
    if (done === 0) return this.pool.used;
    // The first step's blocks are taken already; those of the step in progress too.
    this.demand.sum(this.decodeSteps + 1, done);
    return this.pool.used + this.demand.blocks;
  }

  blocksCachedAt(nowUs: number): number {
    const used = this.blocksUsedAt(nowUs);
    const taken = used - this.pool.used;
    return this.pool.cached - Math.max(0, taken - this.pool.free);
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
    if (this.running.length === 0) {
      invariant(this.pool.used === 0, `KV law: ${this.pool.used} blocks held by nobody`);
    }
  }

  /** Visits every request that is waiting or running here. */
  forEachSlot(visit: (slot: number) => void): void {
    for (const list of [this.running, this.waiting]) {
      for (let slot = list.head; slot >= 0; slot = this.table.next[slot]!) visit(slot);
    }
  }

  private isStepEmpty(): boolean {
    return this.shape.prefillRequests === 0 && this.demand.requests === 0;
  }

  private clearStep(): void {
    const shape = this.shape;
    shape.prefillRequests = 0;
    shape.prefillTokens = 0;
    shape.prefillPastTokens = 0;
    shape.prefillPairs = 0;
    this.preemptedInPass = 0;
    this.ending.length = 0;
  }

  private startMixed(nowUs: number): number {
    this.endStretch();
    const shape = this.shape;
    shape.decodeRequests = this.demand.requests;
    shape.decodeContextTokens = this.decodeContext;
    this.state = WORKER_MIXED;
    return nowUs + Math.max(1, Math.round(this.model.stepUs(shape)));
  }

  private startRun(nowUs: number): number {
    const stretch = this.stretch;
    let first = this.decodeSteps - stretch.anchorStep;
    if (!stretch.valid || first >= stretch.stepsValid) {
      this.endStretch();
      const { requests } = this.demand;
      stretch.begin(this.model, nowUs, this.decodeSteps, requests, this.decodeContext);
      first = 0;
    }
    this.state = WORKER_DECODE;
    // A pass that preempted admits nothing; the next one may.
    const single = this.stepByStep || this.preemptedInPass > 0;
    this.runSteps = single ? 1 : this.stepsAhead(first);
    return stretch.timeAt(first + this.runSteps);
  }

  /** Steps until the batch can change by itself: a finish, the end of the polynomial, a block shortage. */
  private stepsAhead(first: number): number {
    const toFinish = this.finishes.firstStep - this.decodeSteps;
    const steps = Math.min(toFinish, this.stretch.stepsValid - first);
    if (steps <= 1) return 1;
    // The blocks of the first step are taken already.
    return 1 + this.demand.stepsWithin(this.decodeSteps + 1, steps - 1, this.pool.available);
  }

  private endMixed(nowUs: number): void {
    const { shape } = this;
    const requests = shape.decodeRequests;
    const elapsed = nowUs - this.stepStartUs;
    this.busyUs += elapsed;
    this.steps++;
    this.mixedSteps++;
    this.batchSteps += requests + shape.prefillRequests;
    this.usedSteps += this.pool.used;
    this.prefillTokens += shape.prefillTokens;
    this.state = WORKER_IDLE;
    this.sink.slice(this, "mixed", this.stepStartUs, nowUs, 1);
    if (requests > 0) {
      this.decodeSteps++;
      this.decodeContext += requests;
      this.outputTokens += requests;
      if (nowUs > this.gapsFromUs) this.gaps.add(elapsed, requests);
      this.finishDecodes(nowUs);
    }
    for (const slot of this.ending) this.endPrefill(slot, nowUs);
    this.ending.length = 0;
    if (this.doneCount > 0) this.releaseBatch();
  }

  private endRun(nowUs: number, steps: number): void {
    const { demand, pool, stretch } = this;
    const requests = demand.requests;
    const first = this.decodeSteps - stretch.anchorStep;
    this.usedSteps += pool.used * steps;
    if (steps > 1) {
      demand.sum(this.decodeSteps + 1, steps - 1);
      this.usedSteps += demand.blockSteps;
      pool.allocate(demand.blocks);
      if (pool.used > this.usedPeak) this.usedPeak = pool.used;
    }
    const live = requests - this.doneCount;
    this.addGaps(first, steps, nowUs);
    this.busyUs += nowUs - this.stepStartUs;
    this.steps += steps;
    this.batchSteps += requests * steps;
    this.outputTokens += live * steps;
    this.decodeSteps += steps;
    this.decodeContext += requests * steps;
    this.state = WORKER_IDLE;
    this.finishDecodes(nowUs);
    if (this.doneCount > 0) this.releaseBatch();
  }

  private addGaps(first: number, steps: number, nowUs: number): void {
    const { stretch, gapsFromUs } = this;
    if (nowUs <= gapsFromUs) return;
    let from = first;
    if (this.stepStartUs < gapsFromUs) from = stretch.stepsBy(gapsFromUs, first, first + steps);
    const count = first + steps - from;
    if (this.doneCount > 0) this.addStaticGaps(from, count);
    else if (this.stepByStep) this.gaps.add(stretch.stepUs(first), stretch.batch);
    else stretch.addGaps(this.gaps, from, count);
  }

  /** Places kept by requests that are done produce no tokens. */
  private addStaticGaps(from: number, count: number): void {
    const live = this.demand.requests - this.doneCount;
    for (let j = from; j < from + count; j++) this.gaps.add(this.stretch.stepUs(j), live);
  }

  private endStretch(): void {
    const { stretch } = this;
    if (!stretch.valid) return;
    stretch.valid = false;
    const steps = this.decodeSteps - stretch.anchorStep;
    if (steps > 0) this.sink.slice(this, "decode", stretch.anchorUs, stretch.timeAt(steps), steps);
  }

  /** Completes the decoding requests whose last token came with the step that has just ended. */
  private finishDecodes(nowUs: number): void {
    if (this.stepByStep) this.walkFinishes(nowUs);
    else {
      while (this.finishes.firstStep === this.decodeSteps) this.finish(this.finishes.pop(), nowUs);
    }
  }

  private walkFinishes(nowUs: number): void {
    const table = this.table;
    for (let slot = this.running.head; slot >= 0;) {
      const after = table.next[slot]!;
      if (table.state[slot] === SLOT_DECODE && this.generatedBy(slot) === table.output[slot]!) {
        this.finishes.remove(slot);
        this.finish(slot, nowUs);
      }
      slot = after;
    }
  }

  private finish(slot: number, nowUs: number): void {
    if (this.scheduler.batchRelease) {
      this.keepPlace(slot, nowUs);
      return;
    }
    const tokens = this.contextOf(slot) - 1;
    this.leaveGroup(slot);
    this.complete(slot, tokens, nowUs);
  }

  private complete(slot: number, tokens: number, nowUs: number): void {
    this.running.remove(slot);
    this.pool.release(slot, Math.ceil(tokens / this.blockSize), tokens, false);
    this.completed++;
    this.sink.completed(this, slot, nowUs);
    this.table.give(slot);
  }

  /** The prompt of a request has been computed to its end: its next token is out. */
  private endPrefill(slot: number, nowUs: number): void {
    const table = this.table;
    const output = table.output[slot]!;
    if (output > 0) {
      this.outputTokens++;
      if (Number.isNaN(table.firstTokenUs[slot]!)) table.firstTokenUs[slot] = nowUs;
      else if (nowUs > this.gapsFromUs) this.gaps.add(nowUs - table.lastTokenUs[slot]!, 1);
    }
    table.lastTokenUs[slot] = nowUs;
    table.generated[slot] = Math.min(table.generated[slot]! + 1, output);
    const done = table.generated[slot] === output;
    if (done && !this.scheduler.batchRelease) this.complete(slot, table.computed[slot]!, nowUs);
    else {
      this.joinGroup(slot, done);
      if (done) this.keepPlace(slot, nowUs);
    }
  }

  private joinGroup(slot: number, done: boolean): void {
    const table = this.table;
    // All known tokens have KV; the newest one's is computed by the next step.
    const context = table.computed[slot]! + 1;
    table.state[slot] = SLOT_DECODE;
    table.joinStep[slot] = this.decodeSteps;
    table.joinContext[slot] = context;
    this.demand.join(this.decodeSteps, context);
    this.decodeContext += context;
    const left = table.output[slot]! - table.generated[slot]!;
    if (!done) this.finishes.push(slot, this.decodeSteps + left, table.order[slot]!);
  }

  private leaveGroup(slot: number): void {
    const table = this.table;
    this.endStretch();
    this.decodeContext -= this.contextOf(slot);
    this.demand.leave(table.joinStep[slot]!, table.joinContext[slot]!);
  }

  private keepPlace(slot: number, nowUs: number): void {
    this.endStretch();
    this.table.state[slot] = SLOT_DONE;
    this.doneCount++;
    this.completed++;
    this.sink.completed(this, slot, nowUs);
  }

  /** Static batching: gives every place back once the whole batch is done. */
  private releaseBatch(): void {
    if (this.doneCount < this.running.length) return;
    while (this.running.head >= 0) {
      const slot = this.running.head;
      const tokens = this.contextOf(slot) - 1;
      this.leaveGroup(slot);
      this.running.remove(slot);
      this.pool.release(slot, Math.ceil(tokens / this.blockSize), tokens, false);
      this.table.give(slot);
    }
    this.doneCount = 0;
  }

  private startRunning(slot: number): void {
    this.waiting.remove(slot);
    this.running.pushBack(slot);
    this.table.order[slot] = this.admissions++;
    this.table.state[slot] = SLOT_PREFILL;
  }

  /** Puts `tokens` prompt tokens of a request, behind `past` computed ones, into the step being built. */
  private computePrompt(slot: number, past: number, tokens: number): void {
    const shape = this.shape;
    shape.prefillRequests++;
    shape.prefillTokens += tokens;
    shape.prefillPastTokens += past;
    shape.prefillPairs += tokens * (past + tokens / 2);
    const computed = past + tokens;
    this.table.computed[slot] = computed;
    this.pool.publish(slot, computed);
    if (computed === this.knownTokens(slot)) {
      this.ending.push(slot);
      if (this.partialPrefill === slot) this.partialPrefill = -1;
    } else this.partialPrefill = slot;
  }

  /** Blocks a request in prefill holds with `tokens` tokens computed. */
  private blocksFor(slot: number, tokens: number): number {
    return Math.max(this.table.sharedBlocks[slot]!, Math.ceil(tokens / this.blockSize));
  }

  private contextOf(slot: number): number {
    return this.table.joinContext[slot]! + (this.decodeSteps - this.table.joinStep[slot]!);
  }

  private generatedBy(slot: number): number {
    return this.table.generated[slot]! + (this.decodeSteps - this.table.joinStep[slot]!);
  }

  /** Gives each decoding request its block by walking the running list, preempting when blocks run short. */
  private walkDecodes(): number {
    const table = this.table;
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

  private preempt(slot: number, served: boolean): void {
    const table = this.table;
    let tokens = table.computed[slot]!;
    let held = tokens;
    if (table.state[slot] === SLOT_DECODE) {
      tokens = this.contextOf(slot) - 1;
      held = served ? tokens + 1 : tokens;
      table.generated[slot] = this.generatedBy(slot);
      table.lastTokenUs[slot] = this.nowUs;
      this.leaveGroup(slot);
      this.finishes.remove(slot);
    } else if (this.partialPrefill === slot) this.partialPrefill = -1;
    this.running.remove(slot);
    this.pool.release(slot, this.blocksFor(slot, held), tokens, true);
    table.lost[slot] = tokens;
    table.computed[slot] = 0;
    table.preemptions[slot]!++;
    table.state[slot] = SLOT_WAITING;
    this.waiting.pushFront(slot);
    this.preemptions++;
    this.preemptedInPass++;
  }
}
