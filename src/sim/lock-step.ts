/**
 * Attention data parallel ranks in lock step: every step of one is a step of all, and takes as long as the slowest's part, because
 * each layer's experts wait for the tokens of all ranks. A rank without work of its own goes along with an empty batch; what
 * arrives there is seen at the next boundary.
 *
 * Source: vLLM's DPEngineCoreProc (ranks without requests run execute_dummy_batch until all have finished), SGLang's
 * prepare_mlp_sync_batch (idle batches), NVIDIA's simulator (a worker's pass ends at the slowest rank). Not modelled: vLLM's ranks
 * agree only every 32 steps that all have finished, and stop at once here; an empty batch is one row long and never the slowest.
 *
 * Decode steps of all ranks are one run as long as nothing changes on any of them. Its times are those of the leader, the rank whose
 * steps take longest; it holds up to the step in which another rank overtakes it. Both engine modes elect at the same boundaries.
 */

import { decodeStepUs } from "../core/index.ts";
import type { JointLoad } from "../hardware/index.ts";
import type { DueList } from "./due-list.ts";
import type { RankCourse } from "./rank-stretch.ts";
import type { RankWorker } from "./rank-worker.ts";
import type { StepGroup } from "./step-group.ts";
import { BUSY_US } from "./worker-counters.ts";
import { WORKER_DECODE, WORKER_IDLE, WORKER_MIXED } from "./worker.ts";

export class LockStep implements StepGroup {
  readonly ranks: readonly RankWorker[];
  private state = WORKER_IDLE;
  /** A rank with work in the step or run that began last, and how long it was busy before, µs. */
  private worked: RankWorker;
  private workedUs = 0;
  private stepsUs = 0;
  private readonly all: JointLoad = { prefillTokens: 0, decodeRequests: 0, decodeRequestsMost: 0 };
  private readonly due: DueList;

  /** `due`: ranks whose next pass has something to see. */
  constructor(ranks: readonly RankWorker[], due: DueList) {
    this.ranks = ranks;
    this.due = due;
    this.worked = ranks[0]!;
    for (const rank of ranks) rank.lockStep = this;
  }

  get id(): number {
    return this.ranks[0]!.id;
  }

  get busyUs(): number {
    return this.stepsUs + this.worked.counter(BUSY_US) - this.workedUs;
  }

  start(nowUs: number): number {
    if (this.state !== WORKER_IDLE) return NaN;
    let wakeUs = Infinity;
    let hasStep = false;
    let hasPrompts = false;
    for (const rank of this.ranks) {
      if (rank.mayPlan || rank.wakeUs <= nowUs) rank.prepare(nowUs);
      rank.mayPlan = false;
      if (rank.wakeUs < wakeUs) wakeUs = rank.wakeUs;
      if (rank.hasStep) hasStep = true;
      if (rank.hasPrompts) hasPrompts = true;
    }
    if (!hasStep) return wakeUs;
    this.stepsUs = this.busyUs;
    this.worked = this.runner;
    this.workedUs = this.worked.counter(BUSY_US);
    return hasPrompts ? this.startMixed(nowUs) : this.startRun(nowUs, wakeUs);
  }

  end(nowUs: number): void {
    const { state } = this;
    if (state === WORKER_IDLE) {
      for (const rank of this.ranks) if (rank.wakeUs <= nowUs) this.due.add(rank);
      return;
    }
    this.state = WORKER_IDLE;
    for (const rank of this.ranks) {
      if (rank.state === WORKER_IDLE) continue;
      if (state === WORKER_MIXED) rank.endPart(nowUs);
      else rank.end(nowUs);
      this.rouse(rank);
    }
  }

  wake(worker: number, nowUs: number): number {
    const rank = this.rankOf(worker);
    if (this.state === WORKER_IDLE) {
      this.rouse(rank);
      return nowUs;
    }
    return rank.state === WORKER_IDLE ? this.lookAt(rank, nowUs, nowUs) : this.cut(nowUs);
  }

  arrived(worker: number, mayStart: boolean, nowUs: number): number {
    if (this.state === WORKER_IDLE) return this.wake(worker, nowUs);
    const rank = this.rankOf(worker);
    if (rank.state === WORKER_IDLE) {
      return this.lookAt(rank, rank.batch.inbox?.nextUs ?? nowUs, nowUs);
    }
    if (!mayStart || this.state !== WORKER_DECODE) return -1;
    return this.shorten(rank.stepsSeeing(nowUs, true), nowUs);
  }

  cancel(worker: number, slot: number, nowUs: number): number {
    const eventUs = this.cut(nowUs);
    const rank = this.rankOf(worker);
    rank.cancel(slot, nowUs);
    if (rank.state !== WORKER_IDLE) return eventUs;
    const wokenUs = this.wake(worker, nowUs);
    return wokenUs < 0 ? eventUs : wokenUs;
  }

  cut(nowUs: number): number {
    if (this.state !== WORKER_DECODE) return -1;
    return this.shorten(this.runner.stepsSeeing(nowUs, false), nowUs);
  }

  halt(): void {
    this.state = WORKER_IDLE;
    for (const rank of this.ranks) {
      rank.hasStep = false;
      rank.hasPrompts = false;
      rank.wakeUs = Infinity;
    }
  }

  private startMixed(nowUs: number): number {
    const { all, ranks } = this;
    all.prefillTokens = 0;
    all.decodeRequests = 0;
    all.decodeRequestsMost = 0;
    for (const rank of ranks) if (rank.hasStep) rank.describe(all, nowUs);
    let longestUs = 1;
    for (const rank of ranks) if (rank.hasStep) longestUs = Math.max(longestUs, rank.partUs(all));
    const stepUs = Math.round(longestUs);
    for (const rank of ranks) if (rank.hasStep) rank.beginPart(nowUs, stepUs);
    this.state = WORKER_MIXED;
    return nowUs + stepUs;
  }

  /** `wakeUs`: when a rank that has nothing to do looks again. */
  private startRun(nowUs: number, wakeUs: number): number {
    const { ranks } = this;
    if (ranks.some((rank) => rank.turns)) this.elect(nowUs);
    let steps = Infinity;
    for (const rank of ranks) if (rank.hasStep) steps = Math.min(steps, rank.stepsFree);
    const { runner } = this;
    if (wakeUs < Infinity && steps > 1) steps = runner.stepsTo(wakeUs, steps);
    this.state = WORKER_DECODE;
    let endUs = NaN;
    for (const rank of ranks) if (rank.hasStep) endUs = rank.run(steps);
    return endUs;
  }

  /** Finds whose decode steps take longest, and for how many steps; all ranks follow. */
  private elect(nowUs: number): void {
    const { ranks } = this;
    let most = 0;
    for (const rank of ranks) {
      if (rank.hasStep) most = Math.max(most, rank.batch.demand.requests);
    }
    let leader: RankCourse | undefined;
    let longestUs = -Infinity;
    for (const rank of ranks) {
      if (!rank.hasStep) continue;
      rank.foresee(most);
      const stepUs = stepUsOf(rank.course);
      if (stepUs > longestUs) {
        longestUs = stepUs;
        leader = rank.course;
      }
    }
    let steps = Infinity;
    for (const rank of ranks) {
      if (!rank.hasStep) continue;
      steps = Math.min(steps, stepsValid(rank.course), stepsBehind(rank.course, leader!));
    }
    for (const rank of ranks) rank.follow(leader!, steps, nowUs);
  }

  /** A rank that has nothing to do looks at the first boundary at or after `timeUs`. */
  private lookAt(rank: RankWorker, timeUs: number, nowUs: number): number {
    rank.wakeUs = Math.min(rank.wakeUs, timeUs);
    if (this.state !== WORKER_DECODE) return -1;
    const { runner } = this;
    return this.shorten(runner.stepsTo(rank.wakeUs, runner.stepsLeft), nowUs);
  }

  /** Ends the run after `steps` steps; returns as `Worker.cut` does. */
  private shorten(steps: number, nowUs: number): number {
    let eventUs = -1;
    const running = this.ranks.filter((rank) => rank.state === WORKER_DECODE);
    for (const rank of running) eventUs = rank.shorten(steps, nowUs);
    if (eventUs !== nowUs) return eventUs;
    this.state = WORKER_IDLE;
    for (const rank of running) this.rouse(rank);
    return eventUs;
  }

  /** A rank with work in the step, whose times are those of all. */
  private get runner(): RankWorker {
    return this.ranks.find((rank) => rank.hasStep)!;
  }

  private rankOf(worker: number): RankWorker {
    return this.ranks[worker - this.id]!;
  }

  private rouse(rank: RankWorker): void {
    rank.mayPlan = true;
    this.due.add(rank);
  }
}

/** Time of a batch's first step, µs. */
function stepUsOf({ context, run }: RankCourse): number {
  return decodeStepUs(run.c0, run.c1, run.c2, context);
}

/** Steps for which a batch's step times are known, ≥ 1. */
function stepsValid({ batch, context, run }: RankCourse): number {
  return Math.ceil((run.contextEnd - context) / batch);
}

/** Steps before the one in which a batch first takes longer than the leader's, which takes as long now at least; ≥ 1. */
function stepsBehind(own: RankCourse, leader: RankCourse): number {
  // The leader's lead in step j: a + b·j + c·j².
  const a = stepUsOf(leader) - stepUsOf(own);
  const b = slope(leader) - slope(own);
  const c = bend(leader) - bend(own);
  if (b >= 0 && c >= 0) return Infinity;
  if (c === 0) return Math.max(1, Math.ceil(a / -b));
  const root = b * b - 4 * a * c;
  if (root < 0) return Infinity;
  const first = (2 * a) / (-b + Math.sqrt(root));
  const steps = first > 0 ? first : (-b - Math.sqrt(root)) / (2 * c);
  return Math.max(1, Math.ceil(steps));
}

function slope({ batch, context, run }: RankCourse): number {
  return batch * (run.c1 + 2 * run.c2 * context);
}

function bend({ batch, run }: RankCourse): number {
  return run.c2 * batch * batch;
}
