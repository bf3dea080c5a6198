/**
 * A worker engine that is one attention data parallel rank of several: its own scheduler, queue, KV pool and prefix cache. When
 * its steps begin and end is for all ranks of the group together: see `lock-step.ts`.
 */

import type { JointLoad, StepShape } from "../hardware/index.ts";
import type { Engine } from "./engine.ts";
import { STRETCH_NUMBERS } from "./decode-stretch.ts";
import type { PlannedStep } from "./planned-step.ts";
import { RankStretch } from "./rank-stretch.ts";
import type { RankCourse } from "./rank-stretch.ts";
import { Worker } from "./worker.ts";

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

export class RankWorker extends Worker {
  override readonly stretch: RankStretch;
  /** Whether the step that was put together last has anything in it, and prompts. */
  hasStep = false;
  hasPrompts = false;
  /** Whether its last pass took blocks from somebody: the next one may admit again. */
  private hasEvicted = false;
  /** Whether its next pass has something to see. */
  mayPlan = false;
  /** When to look again while there is nothing to do, µs. */
  wakeUs = Infinity;
  /** The batch at the start of a run of decode steps, and the time of its steps by themselves. */
  readonly course: RankCourse = {
    batch: 0,
    context: 0,
    run: { c0: 0, c1: 0, c2: 0, contextEnd: 0 },
  };
  /** The step that was put together last: passes of other ranks follow before it begins. */
  private readonly planned: Mutable<PlannedStep> & { readonly shape: StepShape };
  /** Of the mixed step in progress: waiting for slower ranks, µs. */
  private waitUs = 0;

  /** `row`: the worker among those of its pool. */
  constructor(engine: Engine, row: number) {
    const stretch = new RankStretch(engine.stretches, row * STRETCH_NUMBERS);
    super(engine, row, stretch);
    this.stretch = stretch;
    this.planned = { shape: { ...engine.pass.shape }, landed: 0, landedContext: 0 };
  }

  /** Puts the next step together and remembers it. */
  prepare(nowUs: number): void {
    this.wakeUs = this.plan(nowUs);
    // Passes of other ranks follow before a run begins: what this one did would be forgotten.
    this.hasEvicted = this.engine.pass.preempted > 0;
    this.hasStep = !this.batch.isStepEmpty;
    if (!this.hasStep) {
      this.hasPrompts = false;
      return;
    }
    this.wakeUs = Infinity;
    const { pass } = this.engine;
    const { planned } = this;
    copyPrompts(pass.shape, planned.shape);
    planned.landed = pass.landed;
    planned.landedContext = pass.landedContext;
    this.hasPrompts = pass.shape.prefillRequests + pass.landed > 0;
  }

  /** Completes the shape of the step, which is part of one with prompts on some rank, and adds it to what all ranks have. */
  describe(all: JointLoad, nowUs: number): void {
    this.describeMixed(this.planned, nowUs);
    const { prefillTokens, decodeRequests } = this.planned.shape;
    all.prefillTokens += prefillTokens;
    all.decodeRequests += decodeRequests;
    all.decodeRequestsMost = Math.max(all.decodeRequestsMost, decodeRequests);
  }

  /** Time of this rank's part of the step, µs, not rounded; asked once a step. */
  partUs(all: JointLoad): number {
    const { model, batch } = this;
    const { shape } = this.planned;
    const us =
      model.stepAmongUs === undefined ? model.stepUs(shape) : model.stepAmongUs(shape, all);
    this.waitUs = us + batch.takeAdapterLoadUs();
    return this.waitUs;
  }

  /** Begins the step, which takes all ranks `stepUs`. */
  beginPart(nowUs: number, stepUs: number): void {
    this.waitUs = Math.max(0, stepUs - this.waitUs);
    this.beginMixed(this.planned.shape, nowUs, stepUs);
  }

  /** The mixed step in progress ends. */
  endPart(nowUs: number): void {
    this.stretch.waitedUs += this.waitUs;
    // The energy of a step with prompts is that of all its time.
    if (this.planned.shape.prefillTokens <= 0) this.engine.meter?.addWait(this.id, this.waitUs);
    this.end(nowUs);
  }

  /** Whether the stretch cannot go on, where the rank decodes or has nothing to do. */
  get turns(): boolean {
    return this.hasStep ? this.needsStretch : this.stretch.valid;
  }

  /** Fills `course` for the decode steps that begin now; `most`: requests of the fullest rank. */
  foresee(most: number): void {
    const { batch, course, model } = this;
    course.batch = batch.demand.requests;
    course.context = batch.decodeContext;
    model.decodeRun(course.batch, course.context, course.run, most);
  }

  /** Ends the stretch; what decodes begins one that goes with `leader` for `steps` steps. */
  follow(leader: RankCourse, steps: number, nowUs: number): void {
    if (!this.hasStep) return this.endStretch();
    this.turnStretch();
    this.stretch.follow(nowUs, this.batch.decodeSteps, this.course, leader, steps);
  }

  protected override endStretch(): void {
    const { stretch, batch } = this;
    const steps = stretch.valid ? batch.decodeSteps - stretch.anchorStep : 0;
    super.endStretch();
    if (steps === 0) return;
    const waitedUs = stretch.over(steps);
    this.engine.meter?.addWait(this.id, waitedUs);
  }

  /** Steps of a run that begins now after which this rank may have to act. */
  get stepsFree(): number {
    return this.hasEvicted ? 1 : this.batch.stepsAlone(this.stretch);
  }

  /** Begins a run; returns when it ends, the same for all ranks. */
  run(steps: number): number {
    return this.beginRun(steps);
  }

  /** Steps of the run until the first boundary at or after `timeUs`, the last one for later times. */
  stepsTo(timeUs: number, limit: number): number {
    const { stretch, batch } = this;
    return stretch.stepsUntil(timeUs, batch.decodeSteps - stretch.anchorStep, limit);
  }

  /** Steps of the run in progress. */
  get stepsLeft(): number {
    return this.runSteps;
  }

  /** Steps after which the run has to end that something happens at now, as in `cut`. */
  stepsSeeing(nowUs: number, isArrival: boolean): number {
    return this.stepsToCut(nowUs, isArrival);
  }

  /** Ends the run after `steps` steps, as `cut` does. */
  shorten(steps: number, nowUs: number): number {
    return this.cutTo(steps, nowUs);
  }
}

function copyPrompts(from: StepShape, to: StepShape): void {
  to.prefillRequests = from.prefillRequests;
  to.prefillTokens = from.prefillTokens;
  to.prefillPastTokens = from.prefillPastTokens;
  to.prefillPairs = from.prefillPairs;
  to.images = from.images ?? 0;
}
