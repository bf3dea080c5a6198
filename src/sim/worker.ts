/**
 * A worker engine: one instance of a serving engine, its batch and the pass in progress. It turns what the scheduler decided into time. Step by step and fast differ in nothing but how many steps one event covers, except that the
 * step-by-step mode finds finishes and block needs by walking the batch.
 */

import { InvariantError } from "../core/index.ts";
import type { StepShape } from "../hardware/index.ts";
import { DecodeStretch, STRETCH_NUMBERS } from "./decode-stretch.ts";
import type { Engine } from "./engine.ts";
import { HandoffBatch } from "./handoff-batch.ts";
import { addDecodes, type PlannedStep } from "./planned-step.ts";
import type { StepGroup } from "./step-group.ts";
import { endRedo } from "./time-asides.ts";
import { addMixedGaps, addPromptToken, addRunGaps } from "./token-gaps.ts";
import {
  AT_COMPUTED,
  AT_GENERATED,
  AT_LAST_TOKEN_US,
  AT_NEXT,
  AT_OUTPUT,
  AT_STATE,
  SLOT_DECODE,
  SLOT_DONE,
} from "./request-table.ts";
import {
  BATCH_STEPS,
  BUSY_US,
  COMPLETED,
  WORKER_NUMBERS,
  MIXED_STEPS,
  OUTPUT_TOKENS,
  PREFILL_TOKENS,
  STEP_START_US,
  STEPS,
  USED_PEAK,
  USED_STEPS,
} from "./worker-counters.ts";

/** What the worker is doing. */
export const WORKER_IDLE = 0;
/** A forward pass with prompt tokens in it. */
export const WORKER_MIXED = 1;
/** A run of pure decode steps. */
export const WORKER_DECODE = 2;

export class Worker {
  readonly id: number;
  state = WORKER_IDLE;
  /** Set while the worker waits in the list of workers that may start a pass. */
  isDue = false;
  /** Workers whose steps are this one's too; undefined: it goes by itself. */
  lockStep: StepGroup | undefined;
  readonly batch: HandoffBatch;
  readonly stretch: DecodeStretch;
  /** Step times: the engine's, or a slower machine's. */
  model: Engine["model"];
  /** Of the mixed step in progress or just ended: requests and tokens in prefill, requests decoding. */
  prefillRequests = 0;
  prefillTokens = 0;
  decodeRequests = 0;
  protected readonly engine: Engine;
  private readonly counterBase: number;
  /** Steps covered by the pending event of a decode run. */
  protected runSteps = 0;
  /** The batch's change counter when the stretch began. */
  private stretchChanges = -1;
  /** With drafts a stretch is one step: whether its batch is that of the stretch before. */
  private goesOn = false;

  /** `row`: the worker among those of its pool. */
  constructor(engine: Engine, row: number, stretch?: DecodeStretch) {
    this.id = engine.firstId + row;
    this.engine = engine;
    this.model = engine.model;
    this.counterBase = row * WORKER_NUMBERS;
    this.batch = new HandoffBatch(engine, row);
    this.stretch = stretch ?? new DecodeStretch(engine.stretches, row * STRETCH_NUMBERS);
  }

  /** A counter, by its number. */
  counter(index: number): number {
    return this.engine.counters[this.counterBase + index]!;
  }

  /** Starts the next pass or run; returns the time of its event (Infinity: nothing to do). */
  start(nowUs: number): number {
    const wakeUs = this.plan(nowUs);
    if (this.batch.isStepEmpty) return wakeUs;
    const { pass } = this.engine;
    return pass.shape.prefillRequests + pass.landed > 0
      ? this.startMixed(nowUs)
      : this.startRun(nowUs);
  }

  /** Puts the next step together. Returns when to try again where there is nothing to do (Infinity: never by itself). */
  protected plan(nowUs: number): number {
    const { batch, counterBase } = this;
    const { counters } = this.engine;
    let wakeUs: number;
    batch.lookForArrivals(nowUs);
    do {
      batch.beginPass(nowUs);
      wakeUs = this.engine.scheduler.pass(batch);
      // A pass that only preempted leaves room: the next one, at the same instant, may admit.
      // An engine without work looks for arrivals at once.
    } while (batch.isStepEmpty && (this.engine.pass.preempted > 0 || batch.takeArrivals(nowUs)));
    if (this.engine.watcher !== undefined) batch.settle(this.engine.watcher);
    const at = counterBase + USED_PEAK;
    counters[at] = Math.max(counters[at]!, batch.pool.used);
    if (!batch.isStepEmpty) {
      counters[counterBase + STEP_START_US] = nowUs;
      return Infinity;
    }
    this.state = WORKER_IDLE;
    batch.inbox?.idled();
    wakeUs = Math.min(wakeUs, batch.inbox?.nextUs ?? Infinity);
    if (batch.isWaiting && wakeUs === Infinity && !batch.awaitsOthers) {
      throw new InvariantError(
        `progress law: worker ${this.id} idles with requests waiting at ${nowUs} µs`,
      );
    }
    return wakeUs;
  }

  /** The pending event of the worker is due: the mixed step or the run ends. */
  end(nowUs: number): void {
    if (this.state === WORKER_MIXED) this.endMixed(nowUs);
    else if (this.state === WORKER_DECODE) this.endRun(nowUs, this.runSteps, true);
  }

  /**
   * Something happened to a worker in a decode run that its next pass must see: the run ends with the step in progress,
   * or, for an arrival that is seen late, with the step before it is. Returns the new time of the worker's event, −1 when it stays where it is, `nowUs` when the run has just ended.
   */
  cut(nowUs: number, isArrival = false): number {
    return this.cutTo(this.stepsToCut(nowUs, isArrival), nowUs);
  }

  /** Steps of the run after which `cut` ends it. */
  protected stepsToCut(nowUs: number, isArrival: boolean): number {
    const { stretch, batch, runSteps } = this;
    const first = batch.decodeSteps - stretch.anchorStep;
    const seen = isArrival ? batch.inbox?.stepsToSee(batch.decodeSteps, stretch, runSteps) : null;
    return seen ?? stretch.stepsUntil(nowUs, first, runSteps);
  }

  protected cutTo(steps: number, nowUs: number): number {
    const { stretch } = this;
    if (steps === this.runSteps) return -1;
    const endUs = stretch.timeAt(this.batch.decodeSteps - stretch.anchorStep + steps);
    if (endUs === nowUs) this.endRun(nowUs, steps, true);
    else this.runSteps = steps;
    return endUs;
  }

  /**
   * A request that is not done leaves; from a step in progress with its end. Returns what `cut` does: `nowUs` when the worker
   * may start a pass at once.
   */
  cancel(slot: number, nowUs: number): number {
    const { batch } = this;
    let eventUs = this.state === WORKER_MIXED ? -1 : nowUs;
    if (this.state === WORKER_DECODE) eventUs = this.cut(nowUs);
    batch.cancel(slot, this.state !== WORKER_IDLE, nowUs);
    if (this.state === WORKER_IDLE && batch.doneCount > 0) this.releaseBatch();
    return eventUs;
  }

  /** Ends the run of the simulation at `nowUs`: counts the steps that are done. */
  stop(nowUs: number): void {
    const { batch, counterBase, stretch } = this;
    const { counters } = this.engine;
    const done = this.stepsDone(nowUs);
    if (done > 0) {
      // Another step is in progress: who leaves with it stays.
      this.endRun(stretch.timeAt(batch.decodeSteps - stretch.anchorStep + done), done, false);
      // The step in progress has taken its blocks.
      batch.pool.allocate(batch.decodeBlocks);
      batch.decodesInStep = true;
      const peak = counters[counterBase + USED_PEAK]!;
      counters[counterBase + USED_PEAK] = Math.max(peak, batch.pool.used);
    }
    this.endStretch();
    this.state = WORKER_IDLE;
  }

  /** Steps of the current run done at `nowUs` but not counted yet. */
  stepsDone(nowUs: number): number {
    if (this.state !== WORKER_DECODE) return 0;
    const first = this.batch.decodeSteps - this.stretch.anchorStep;
    return this.stretch.stepsBy(nowUs, first, first + this.runSteps) - first;
  }

  private startMixed(nowUs: number): number {
    const { shape } = this.engine.pass;
    this.describeMixed(this.engine.pass, nowUs);
    const stepUs = this.model.stepUs(shape) + this.batch.takeAdapterLoadUs();
    return this.beginMixed(shape, nowUs, Math.max(1, Math.round(stepUs)));
  }

  /** Completes the shape of the step that has been put together. */
  protected describeMixed(pass: PlannedStep, nowUs: number): void {
    this.endStretch();
    this.prefillRequests = pass.shape.prefillRequests + pass.landed;
    this.prefillTokens = pass.shape.prefillTokens;
    this.decodeRequests = addDecodes(this.batch, pass, nowUs);
  }

  protected beginMixed(shape: StepShape, nowUs: number, stepUs: number): number {
    this.state = WORKER_MIXED;
    this.engine.meter?.startMixed(this.id, shape, stepUs);
    if (this.engine.parks) this.batch.tellEndings(nowUs, nowUs + stepUs);
    return nowUs + stepUs;
  }

  private startRun(nowUs: number): number {
    const { batch, stretch } = this;
    if (this.needsStretch) {
      const { decodeContext, decodeSteps, demand } = batch;
      this.turnStretch();
      stretch.begin(this.model, nowUs, decodeSteps, demand.requests, decodeContext);
    }
    return this.beginRun(batch.stepsAlone(stretch));
  }

  /** Whether the decode steps that begin now are no continuation of the stretch. */
  protected get needsStretch(): boolean {
    const { batch, stretch } = this;
    if (batch.changes !== this.stretchChanges || !stretch.valid) return true;
    // What a step gives each request by luck makes the next step a stretch of its own.
    if (this.engine.luck !== undefined) return true;
    return batch.decodeSteps - stretch.anchorStep >= stretch.stepsValid;
  }

  /** Ends the stretch in favour of one that begins now. */
  protected turnStretch(): void {
    const { changes } = this.batch;
    this.endStretch();
    const isSame = changes === this.stretchChanges;
    this.goesOn = isSame && (this.engine.luck !== undefined || this.lockStep !== undefined);
    this.stretchChanges = changes;
  }

  protected beginRun(steps: number): number {
    const { batch, stretch } = this;
    this.state = WORKER_DECODE;
    this.runSteps = steps;
    return stretch.timeAt(batch.decodeSteps - stretch.anchorStep + steps);
  }

  private endMixed(nowUs: number): void {
    const { batch, counterBase, decodeRequests: requests } = this;
    const { counters } = this.engine;
    const startUs = counters[counterBase + STEP_START_US]!;
    const elapsed = nowUs - startUs;
    counters[counterBase + BUSY_US]! += elapsed;
    counters[counterBase + STEPS]!++;
    if (this.prefillRequests > 0) counters[counterBase + MIXED_STEPS]!++;
    counters[counterBase + BATCH_STEPS]! += requests + this.prefillRequests;
    counters[counterBase + USED_STEPS]! += batch.pool.used;
    counters[counterBase + PREFILL_TOKENS]! += this.prefillTokens;
    this.state = WORKER_IDLE;
    batch.inbox?.ended(this.prefillRequests > 0, startUs);
    this.engine.sink.mixedStep(this, startUs, nowUs);
    this.engine.meter?.endMixed(this.id, elapsed);
    this.engine.tiers?.passEnded(this.id, nowUs);
    if (requests > 0) {
      counters[counterBase + OUTPUT_TOKENS]! += batch.advance(1, requests);
      addMixedGaps(this.engine, batch.stalls, requests, nowUs, elapsed);
    }
    batch.decodesInStep = false; // Also where nobody decoded: who begins to has no block for its next token yet.
    batch.expelLeaving();
    if (requests > 0) this.finishDecodes(nowUs);
    for (let slot = batch.endings.take(); slot >= 0;) {
      const after = batch.endings.after(slot);
      this.endPrefill(slot, nowUs);
      slot = after;
    }
    if (batch.doneCount > 0) this.releaseBatch();
  }

  /** `lets`: requests that were cancelled during the run leave with its end. */
  private endRun(nowUs: number, steps: number, lets: boolean): void {
    const { batch, counterBase, stretch } = this;
    const { counters } = this.engine;
    const { pool } = batch;
    const { requests } = batch.demand;
    const first = batch.decodeSteps - stretch.anchorStep;
    let usedSteps = pool.used * steps;
    if (steps > 1) {
      const { blocks, blockSteps } = batch.blocksAfter(steps - 1);
      usedSteps += blockSteps;
      pool.allocate(blocks);
      if (pool.used > counters[counterBase + USED_PEAK]!)
        counters[counterBase + USED_PEAK] = pool.used;
    }
    const startUs = counters[counterBase + STEP_START_US]!;
    const { doneCount, stalls } = batch;
    addRunGaps(this.engine, { stretch, first, steps, startUs, endUs: nowUs, doneCount, stalls });
    counters[counterBase + USED_STEPS]! += usedSteps;
    counters[counterBase + BUSY_US]! += nowUs - startUs;
    counters[counterBase + STEPS]! += steps;
    counters[counterBase + BATCH_STEPS]! += requests * steps;
    counters[counterBase + OUTPUT_TOKENS]! += batch.advance(steps, requests - doneCount);
    batch.decodesInStep = false;
    this.state = WORKER_IDLE;
    batch.inbox?.ended(false, stretch.timeAt(first + steps - 1));
    if (lets) batch.expelLeaving();
    this.finishDecodes(nowUs);
    if (batch.doneCount > 0) this.releaseBatch();
  }

  protected endStretch(): void {
    const { stretch } = this;
    if (!stretch.valid) return;
    stretch.valid = false;
    const steps = this.batch.decodeSteps - stretch.anchorStep;
    if (steps === 0) return;
    const { batch, anchorUs } = stretch;
    const endUs = stretch.timeAt(steps);
    this.engine.sink.decodeRun(this.id, batch, anchorUs, endUs, steps, this.goesOn);
    this.engine.meter?.endStretch(this.id, stretch, steps);
  }

  /** Completes the decoding requests whose last token came with the step that has just ended. */
  private finishDecodes(nowUs: number): void {
    const { finishes } = this.batch;
    const { stepByStep, luck } = this.engine;
    if (stepByStep || (luck?.ended ?? 0) > 0) return this.walkFinishes(nowUs);
    while (finishes.firstStep <= this.batch.decodeTokens) this.finish(finishes.pop(), nowUs);
  }

  private walkFinishes(nowUs: number): void {
    const { batch } = this;
    const { table } = this.engine;
    for (let slot = batch.running.head; slot >= 0;) {
      const after = table.data[slot + AT_NEXT]!;
      const isLast = batch.generatedBy(slot) >= table.data[slot + AT_OUTPUT]!;
      if (table.data[slot + AT_STATE] === SLOT_DECODE && isLast) {
        batch.finishes.remove(slot);
        this.finish(slot, nowUs);
      }
      slot = after;
    }
  }

  private finish(slot: number, nowUs: number): void {
    if (this.engine.scheduler.batchRelease) this.keepPlace(slot, nowUs);
    else this.complete(slot, this.batch.leave(slot), nowUs);
  }

  /** A request is done; `tokens`: its tokens with KV. */
  private complete(slot: number, tokens: number, nowUs: number): void {
    if (this.engine.parks) return this.batch.park(slot, nowUs);
    this.engine.counters[this.counterBase + COMPLETED]!++;
    this.engine.sink.completed(this.id, slot, nowUs);
    this.batch.dismiss(slot, tokens, nowUs);
  }

  /** The prompt of a request has been computed to its end: its next token is out. */
  private endPrefill(slot: number, nowUs: number): void {
    const { table } = this.engine;
    const output = table.data[slot + AT_OUTPUT]!;
    endRedo(table.data, slot, nowUs);
    if (output > 0) {
      this.engine.counters[this.counterBase + OUTPUT_TOKENS]!++;
      if (addPromptToken(this.engine, slot, nowUs))
        this.engine.sink.firstToken(this.id, slot, nowUs);
    }
    table.data[slot + AT_LAST_TOKEN_US] = nowUs;
    table.data[slot + AT_GENERATED] = Math.min(table.data[slot + AT_GENERATED]! + 1, output);
    const isDone = table.data[slot + AT_GENERATED] === output;
    if (isDone && !this.engine.scheduler.batchRelease) {
      this.complete(slot, table.data[slot + AT_COMPUTED]!, nowUs);
      return;
    }
    this.batch.join(slot, !isDone);
    if (isDone) this.keepPlace(slot, nowUs);
  }

  /** Static batching: a request that is done keeps its place until the whole batch is. */
  private keepPlace(slot: number, nowUs: number): void {
    const { batch } = this;
    this.engine.table.data[slot + AT_STATE] = SLOT_DONE;
    batch.doneCount++;
    batch.changes++;
    this.engine.counters[this.counterBase + COMPLETED]!++;
    this.engine.sink.completed(this.id, slot, nowUs);
  }

  private releaseBatch(): void {
    const { batch } = this;
    if (batch.doneCount < batch.runningCount) return;
    while (batch.running.head >= 0) {
      const slot = batch.running.head;
      batch.dismiss(slot, batch.leave(slot));
    }
    batch.doneCount = 0;
  }
}
