/** When workers act: the end of each one's pass or run, and who may start a pass at the current instant. */

import { EventQueue } from "../core/index.ts";
import { DueList } from "./due-list.ts";
import { lockStepsOf } from "./lock-steps.ts";
import type { StepGroup } from "./step-group.ts";
import { tierGroup } from "./tiers/tier-group.ts";
import type { TierGroup } from "./tiers/tier-group.ts";
import { STEP_START_US } from "./worker-counters.ts";
import { WORKER_DECODE, WORKER_IDLE } from "./worker.ts";
import type { Worker } from "./worker.ts";

/** The one event a worker has pending: its pass or run ends, or its wait for a batch is over. */
const EV_WORKER = 0;

/** Embeddings that follow a request: see `Encoders`. */
type Courier = {
  follow(worker: Worker, slot: number, nowUs: number): boolean;
  withdraw(slot: number, nowUs: number): boolean;
};

export class WorkerEvents {
  private readonly workers: readonly Worker[];
  private readonly queue: EventQueue;
  private readonly due = new DueList();
  /** Workers in lock step; those of them that may start a step now. */
  private readonly groups: readonly StepGroup[];
  private readonly dueGroups = new Set<StepGroup>();
  /** Takes a request that is sent to a worker that is dead; false: it is not. Undefined: workers do not die. */
  private refusal: ((worker: Worker, slot: number, nowUs: number) => boolean) | undefined;

  /** Keeps a request from its worker until what it needs has come there. Undefined: nothing has to. */
  private courier: Courier | undefined;

  private readonly tiers: TierGroup | undefined;
  private nowUs = NaN;

  /** `workers` by number. */
  constructor(
    workers: readonly Worker[],
    pools: Parameters<typeof tierGroup>[0] & Parameters<typeof lockStepsOf>[0],
  ) {
    this.workers = workers;
    this.groups = lockStepsOf(pools, this.due);
    this.tiers = tierGroup(pools);
    this.queue = new EventQueue(workers.length);
  }

  /** Time of the next event of a worker, µs. */
  get timeUs(): number {
    return this.queue.timeUs;
  }

  /** Time of the next event when that of all other sources is `otherUs`: that of a transfer between tiers may come first. */
  nextUs(otherUs: number): number {
    return this.tiers === undefined ? otherUs : this.tiers.nextUs(otherUs);
  }

  /** Ends the passes and runs that are due, then transfers between tiers; returns how many workers that concerned. */
  end(nowUs: number): number {
    const { queue } = this;
    let count = 0;
    while (queue.timeUs === nowUs) {
      const worker = this.workers[queue.pop()]!;
      if (worker.lockStep !== undefined) worker.lockStep.end(nowUs);
      else {
        worker.end(nowUs);
        this.due.add(worker);
      }
      count++;
    }
    if (this.tiers === undefined) return count;
    this.nowUs = nowUs;
    return count + this.tiers.advance(nowUs, this.landed);
  }

  /** Workers that may start a pass do, in the order of their numbers. */
  start(nowUs: number): void {
    const { due, queue } = this;
    if (due.length > 1) due.sort();
    for (let i = 0; i < due.length; i++) {
      const worker = due.take(i);
      if (worker.lockStep !== undefined) {
        this.dueGroups.add(worker.lockStep);
        continue;
      }
      const eventUs = worker.start(nowUs);
      if (eventUs < Infinity) queue.schedule(worker.id, eventUs, EV_WORKER);
    }
    due.length = 0;
    if (this.dueGroups.size > 0) this.startGroups(nowUs);
  }

  /** At the end of the run of the simulation: counts what is done. */
  stop(nowUs: number): void {
    for (const worker of this.workers) worker.stop(nowUs);
    for (const group of this.groups) group.halt();
  }

  /** From now on workers may be dead. */
  guard(refusal: (worker: Worker, slot: number, nowUs: number) => boolean): void {
    this.refusal = refusal;
  }

  /** Whether a request that is sent to a worker does not reach it, and is taken care of. */
  refuses(worker: Worker, slot: number, nowUs: number): boolean {
    return this.refusal !== undefined && this.refusal(worker, slot, nowUs);
  }

  /** From now on requests may be on their way to workers. */
  follow(courier: Courier): void {
    this.courier = courier;
  }

  /** A request arrives at a worker. */
  enqueue(worker: Worker, slot: number, nowUs: number): void {
    if (this.refuses(worker, slot, nowUs)) return;
    if (this.courier?.follow(worker, slot, nowUs) === true) return;
    const mayStart = worker.batch.enqueue(slot, nowUs);
    const group = worker.lockStep;
    if (group !== undefined) {
      this.reschedule(worker, group.arrived(worker.id, mayStart, nowUs), nowUs);
    } else if (worker.state === WORKER_IDLE) this.due.add(worker);
    else if (mayStart && worker.state === WORKER_DECODE) {
      this.reschedule(worker, worker.cut(nowUs, true), nowUs);
    }
  }

  /** Something happened that the worker's next pass must see: it starts now, or when the step in progress ends. */
  wake(worker: Worker, nowUs: number): void {
    const group = worker.lockStep;
    if (group !== undefined) {
      this.reschedule(worker, group.wake(worker.id, nowUs), nowUs);
    } else if (worker.state === WORKER_IDLE) this.due.add(worker);
    else if (worker.state === WORKER_DECODE) this.cut(worker, nowUs);
  }

  /** A request that is not done leaves the worker. */
  cancel(worker: Worker, slot: number, nowUs: number): void {
    if (this.courier?.withdraw(slot, nowUs) === true) return;
    const { lockStep: group } = worker;
    const eventUs =
      group === undefined ? worker.cancel(slot, nowUs) : group.cancel(worker.id, slot, nowUs);
    this.reschedule(worker, eventUs, nowUs);
  }

  private readonly landed = (worker: number): void => {
    this.wake(this.workers[worker]!, this.nowUs);
  };

  /**
   * The worker dies in the middle of what it does; steps that are done count. Returns when the step began that is lost, NaN:
   * none was in progress.
   */
  halt(worker: Worker, nowUs: number): number {
    if (worker.state === WORKER_DECODE) this.cut(worker, nowUs);
    const startUs = worker.state === WORKER_IDLE ? NaN : stepStartUs(worker, nowUs);
    this.queue.cancel(worker.lockStep?.id ?? worker.id);
    worker.stop(nowUs);
    // Ranks in lock step die together, one behind the other within the instant.
    worker.lockStep?.halt();
    return startUs;
  }

  private cut(worker: Worker, nowUs: number): void {
    const { lockStep: group } = worker;
    const eventUs = group === undefined ? worker.cut(nowUs) : group.cut(nowUs);
    this.reschedule(worker, eventUs, nowUs);
  }

  private startGroups(nowUs: number): void {
    for (const group of this.dueGroups) {
      const eventUs = group.start(nowUs);
      if (eventUs < Infinity) this.queue.schedule(group.id, eventUs, EV_WORKER);
    }
    this.dueGroups.clear();
  }

  /** Moves a worker's event to `eventUs`: −1: it stays, now: the worker may start a pass. */
  private reschedule(worker: Worker, eventUs: number, nowUs: number): void {
    if (eventUs < 0) return;
    const { lockStep: group } = worker;
    const id = group === undefined ? worker.id : group.id;
    if (eventUs > nowUs) this.queue.schedule(id, eventUs, EV_WORKER);
    else {
      this.queue.cancel(id);
      // Who of a group is due its run's end has said.
      if (group === undefined) this.due.add(worker);
    }
  }
}

/** When the step in progress began, µs. */
function stepStartUs(worker: Worker, nowUs: number): number {
  const { batch, stretch } = worker;
  const done = worker.stepsDone(nowUs);
  if (done === 0) return worker.counter(STEP_START_US);
  return stretch.timeAt(batch.decodeSteps - stretch.anchorStep + done);
}
