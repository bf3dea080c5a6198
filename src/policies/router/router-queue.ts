/**
 * The queue of a router process: while all workers are busy with prompts, requests wait at the router, where a more urgent one
 * can still overtake them. It has a lane for each policy class and, where it is fair, each tenant or priority; lanes take turns
 * by deficit round robin, paid in prompt tokens to compute.
 *
 * Source: Dynamo's router queue (reference page 1.9): who queues, the order and the head that holds back all behind it within a
 * lane; classes by family and length; the rounds. Fair lanes by tenant or priority are ours: Shreedhar and Varghese, "Efficient
 * Fair Queuing using Deficit Round Robin" (SIGCOMM 1995), with weights.
 */

import { InvariantError } from "../../core/index.ts";
import { QueueEntries, QueueLane, recallOverlap, rememberedOverlap } from "./queue-lane.ts";
import type { QueueRule } from "./queue-lane.ts";
import { isRestricted } from "./restrictions.ts";
import type { RouterState } from "./router-state.ts";
import type { RouterRequest } from "./router.ts";

export const QUEUE_FAIRNESS = ["none", "tenant", "priority"] as const;
/** Whom a queue treats alike: nobody in particular, tenants, or levels of priority. */
export type QueueFairness = (typeof QUEUE_FAIRNESS)[number];

/** A policy class: who belongs to it, and the rule of its lanes. */
export type QueueClass = QueueRule & {
  /** Name of its own kind of requests, as the host numbers them; −1: any. */
  readonly family: number;
  /** Fewest prompt tokens to compute, at the worker that has most of the prompt. */
  readonly newTokensMin: number;
  /** What a lane of weight 1 may spend in a round, prompt tokens. */
  readonly quantumTokens: number;
};

export type QueueRules = {
  /** The first takes whom no other wants: any family, any length. */
  readonly classes: readonly QueueClass[];
  readonly fairBy: QueueFairness;
  /** Weight of a tenant or a priority; undefined: 1, or 1 + priority. */
  readonly weightOf: (key: number) => number | undefined;
};

/** What becomes of a request that arrives. */
export const QUEUE_PASSED = 0;
export const QUEUE_JOINED = 1;
export const QUEUE_FULL = 2;
export const QUEUE_DECLINED = 3;

const NONE = -1;
const CALM = 0;
const BUSY = 1;

export class RouterQueue {
  /** Requests that wait, and their prompt tokens. */
  length = 0;
  tokens = 0;
  private readonly state: RouterState;
  private readonly rules: QueueRules;
  private readonly entries = new QueueEntries();
  private readonly lanes: QueueLane[] = [];
  /** Number of the lane of a class and a tenant or priority. */
  private readonly laneOf: Map<number, number>[];
  /** Numbers of the lanes where somebody waits, ascending. */
  private readonly active: number[] = [];
  /** Of each request: its lane. */
  private readonly laneAt: number[] = [];
  /** The lane served last, and where the next round goes on. */
  private carried = NONE;
  private cursor = 0;
  private readonly looksAhead: boolean;
  /** Of each class: whether requests that any worker may serve have to wait; −1: not known at this instant. */
  private readonly busy: Int8Array;

  constructor(state: RouterState, rules: QueueRules) {
    this.state = state;
    this.rules = rules;
    this.laneOf = rules.classes.map(() => new Map());
    this.looksAhead = rules.classes.some(({ newTokensMin }) => newTokensMin > 0);
    this.busy = new Int8Array(rules.classes.length);
  }

  /**
   * A request arrives, `id` the host's number for it: it passes, joins or is turned away. `order`: its place among all
   * that arrived, of several processes too.
   */
  arrive(request: RouterRequest, id: number, order: number, nowUs: number): number {
    const { state } = this;
    let newTokens = this.looksAhead ? state.lookAhead(request, nowUs) : NaN;
    const number = this.laneFor(request, this.classOf(request.family, newTokens));
    const lane = this.lanes[number]!;
    const { rule } = lane;
    const mustWait =
      lane.length > 0 ? state.mayBeServed(request) : this.isBusy(request, rule, nowUs);
    if (!mustWait) return QUEUE_PASSED;
    if (rule.declines) return QUEUE_DECLINED;
    if (lane.isFull(state.upCount)) return QUEUE_FULL;
    if (!this.looksAhead) newTokens = state.lookAhead(request, nowUs);
    if (lane.length === 0) this.activate(number);
    lane.join(request, id, order, newTokens, nowUs);
    this.entries.overlap[id] = state.looksAtPrefixes ? rememberedOverlap(state) : undefined;
    this.laneAt[id] = number;
    this.length++;
    this.tokens += request.inputTokens;
    return QUEUE_JOINED;
  }

  /**
   * The request that goes now, −1: all have to wait on. Its lane has paid for it: it has to `leave`. `fill`: the request of a
   * number.
   */
  next(nowUs: number, fill: (id: number) => RouterRequest): number {
    if (this.length === 0) return NONE;
    this.busy.fill(NONE);
    const { carried, lanes } = this;
    if (carried !== NONE && lanes[carried]!.length > 0 && lanes[carried]!.isAffordable) {
      if (this.mayGo(carried, nowUs, fill)) return this.serve(carried);
    }
    return this.round(nowUs, fill);
  }

  /** Brings back the overlaps that were found when a request came; false: it has waited too long for that. */
  recall(id: number, nowUs: number): boolean {
    const { overlap, sinceUs } = this.entries;
    const { refreshUs } = this.lanes[this.laneAt[id]!]!.rule;
    const held = overlap[id];
    if (held === undefined || (refreshUs > 0 && nowUs - sinceUs[id]! > refreshUs)) return false;
    recallOverlap(this.state, held);
    return true;
  }

  /** A request leaves the queue, from wherever it stands. */
  leave(id: number): void {
    const number = this.laneAt[id]!;
    const lane = this.lanes[number]!;
    lane.leave(id);
    this.tokens -= this.entries.input[id]!;
    this.entries.overlap[id] = undefined;
    this.length--;
    if (lane.length > 0) return;
    // Who has nothing waiting saves nothing up.
    lane.deficit = 0;
    this.active.splice(this.placeOf(number), 1);
  }

  /** Whether the first of this queue goes before the first of another process's. Processes with several lanes go in turn. */
  goesBefore(other: RouterQueue): boolean {
    if (this.active.length !== 1 || other.active.length !== 1) return false;
    const own = this.lanes[this.active[0]!]!;
    return own.goesBefore(other.lanes[other.active[0]!]!);
  }

  /** One round over the lanes that may go: each is given its quantum until one can pay for its first. */
  private round(nowUs: number, fill: (id: number) => RouterRequest): number {
    const { active, lanes } = this;
    const from = this.placeOf(this.cursor);
    let rounds = Infinity;
    const open: number[] = [];
    for (let i = 0; i < active.length; i++) {
      const number = active[(from + i) % active.length]!;
      if (!this.mayGo(number, nowUs, fill)) continue;
      const lane = lanes[number]!;
      if (!lane.isAffordable) lane.deficit += lane.quantum;
      if (lane.isAffordable) return this.serve(number);
      rounds = Math.min(rounds, Math.ceil((lane.headCost - lane.deficit) / lane.quantum));
      open.push(number);
    }
    if (open.length === 0) return NONE;
    // Whole rounds in which nobody can pay, at once; in the next, who comes behind the first that can is given nothing yet.
    for (const number of open) lanes[number]!.deficit += (rounds - 1) * lanes[number]!.quantum;
    for (const number of open) {
      const lane = lanes[number]!;
      lane.deficit += lane.quantum;
      if (lane.isAffordable) return this.serve(number);
    }
    throw new InvariantError("router queue: no lane can pay after enough rounds");
  }

  private serve(number: number): number {
    const lane = this.lanes[number]!;
    lane.deficit -= lane.headCost;
    this.carried = number;
    this.cursor = number + 1;
    return lane.head;
  }

  /** Whether a worker has room for the first of a lane. */
  private mayGo(number: number, nowUs: number, fill: (id: number) => RouterRequest): boolean {
    const { head, rule, of } = this.lanes[number]!;
    const request = fill(head);
    if (isRestricted(request)) {
      return !this.isBusy(request, rule, nowUs);
    }
    let isBusy = this.busy[of]!;
    if (isBusy === NONE) {
      isBusy = this.isBusy(request, rule, nowUs) ? BUSY : CALM;
      this.busy[of] = isBusy;
    }
    return isBusy === CALM;
  }

  /** Whether so many of the workers that may serve a request are busy that it has to wait. Overload does not count here. */
  private isBusy(request: RouterRequest, rule: QueueRule, nowUs: number): boolean {
    const { state } = this;
    let eligible = 0;
    let busy = 0;
    for (let worker = 0; worker < state.workers; worker++) {
      if (!state.mayServe(worker, request)) continue;
      eligible++;
      const tokens = state.prefillTokensOn(worker, nowUs);
      const most = state.facts[worker]!.maxBatchedTokens * rule.busyShare;
      if (tokens > rule.busyTokens || tokens > most) busy++;
    }
    return eligible > 0 && busy >= rule.busyWorkerRatio * eligible;
  }

  /** The class of a request: of its family if there is one for its length, of those with the highest bound below it. */
  private classOf(family: number, newTokens: number): number {
    const { classes } = this.rules;
    let best = 0;
    for (let i = 1; i < classes.length; i++) {
      const { family: of, newTokensMin: least } = classes[i]!;
      if ((of !== NONE && of !== family) || (least > 0 && !(newTokens >= least))) continue;
      const held = classes[best]!;
      const isCloser = (of !== NONE) === (held.family !== NONE) && least >= held.newTokensMin;
      if (isCloser || (of !== NONE && held.family === NONE)) best = i;
    }
    return best;
  }

  private laneFor({ tenant, priority }: RouterRequest, of: number): number {
    const { fairBy, classes, weightOf } = this.rules;
    const key = fairBy === "tenant" ? tenant : fairBy === "priority" ? priority : 0;
    const found = this.laneOf[of]!.get(key);
    if (found !== undefined) return found;
    const plain = fairBy === "priority" ? 1 + Math.max(0, priority) : 1;
    const weight = fairBy === "none" ? 1 : (weightOf(key) ?? plain);
    const rule = classes[of]!;
    this.laneOf[of]!.set(key, this.lanes.length);
    return this.lanes.push(new QueueLane(this.entries, rule, of, weight * rule.quantumTokens)) - 1;
  }

  private activate(number: number): void {
    this.active.splice(this.placeOf(number), 0, number);
  }

  /** Place of the first active lane that is not before `number`. */
  private placeOf(number: number): number {
    const { active } = this;
    let low = 0;
    let high = active.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (active[middle]! < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
