/**
 * The queue of a router process: while all workers are busy with prompts, requests wait at the router, where a more urgent one
 * can still overtake them. Source: Dynamo's router queue (reference page 1.9): who queues, the order, and the head that holds
 * back all behind it.
 */

import type { RouterState } from "./router-state.ts";
import type { RouterRequest } from "./router.ts";

export const QUEUE_ORDERS = ["fcfs", "wspt", "lcfs"] as const;
/** First come, first served; shortest prompt left to compute; last come. */
export type QueueOrder = (typeof QUEUE_ORDERS)[number];

export type QueueRule = {
  readonly order: QueueOrder;
  /** Prompt tokens under way beyond which a worker is busy; Infinity: none. */
  readonly busyTokens: number;
  /** The same as a multiple of the tokens of a step. */
  readonly busyShare: number;
  /** Share of the eligible workers that must be busy for a request to wait; 1: all. */
  readonly busyWorkerRatio: number;
  /** Requests and prompt tokens waiting, for each healthy worker, beyond which nobody may join; Infinity: none. */
  readonly requestsPerWorker: number;
  readonly tokensPerWorker: number;
  /** Wait after which overlaps are looked up again, µs; 0: never. */
  readonly refreshUs: number;
  /** Requests ask to be turned away rather than wait. */
  readonly declines: boolean;
};

/** What becomes of a request that arrives. */
export const QUEUE_PASSED = 0;
export const QUEUE_JOINED = 1;
export const QUEUE_FULL = 2;
export const QUEUE_DECLINED = 3;

/** A unit of priority is a second of head start. */
const PRIORITY_US = 1e6;
/** Numbers of a worker in a remembered overlap: the worker, and blocks by tier. */
const OVERLAP = 4;

export class RouterQueue {
  /** Prompt tokens of the requests that wait. */
  tokens = 0;
  private readonly state: RouterState;
  private readonly rule: QueueRule;
  /** Binary heap of the host's numbers for the requests. */
  private readonly heap: number[] = [];
  // Of each number.
  private readonly place: number[] = [];
  private readonly strict: number[] = [];
  private readonly score: number[] = [];
  private readonly order: number[] = [];
  private readonly sinceUs: number[] = [];
  private readonly input: number[] = [];
  private readonly overlap: (Int32Array | undefined)[] = [];

  constructor(state: RouterState, rule: QueueRule) {
    this.state = state;
    this.rule = rule;
  }

  get length(): number {
    return this.heap.length;
  }

  /** The request that is next; only while some wait. */
  get head(): number {
    return this.heap[0]!;
  }

  /**
   * A request arrives, `id` the host's number for it: it passes, joins or is turned away. `order`: its place among all
   * that arrived, of several processes too.
   */
  arrive(request: RouterRequest, id: number, order: number, nowUs: number): number {
    const { state, rule } = this;
    const mustWait = this.length > 0 ? state.upCount > 0 : this.isBusy(request, nowUs);
    if (!mustWait) return QUEUE_PASSED;
    if (rule.declines) return QUEUE_DECLINED;
    const { upCount } = state;
    if (this.length >= rule.requestsPerWorker * upCount) return QUEUE_FULL;
    if (this.tokens >= rule.tokensPerWorker * upCount) return QUEUE_FULL;
    const newTokens = state.lookAhead(request, nowUs);
    this.overlap[id] = state.looksAtPrefixes ? remembered(state) : undefined;
    this.strict[id] = request.strictPriority;
    this.score[id] = scoreOf(rule.order, request.priority, newTokens, nowUs);
    this.order[id] = order;
    this.sinceUs[id] = nowUs;
    this.input[id] = request.inputTokens;
    this.tokens += request.inputTokens;
    this.heap.push(id);
    this.rise(this.heap.length - 1);
    return QUEUE_JOINED;
  }

  /** Whether so many of the workers that may serve a request are busy that it has to wait. Overload does not count here. */
  isBusy(request: RouterRequest, nowUs: number): boolean {
    const { state, rule } = this;
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

  /** Brings back the overlaps that were found when a request came; false: it has waited too long for that. */
  recall(id: number, nowUs: number): boolean {
    const { refreshUs } = this.rule;
    const overlap = this.overlap[id];
    if (overlap === undefined || (refreshUs > 0 && nowUs - this.sinceUs[id]! > refreshUs)) {
      return false;
    }
    const [device, host, disk] = this.state.reach;
    device.fill(0);
    host.fill(0);
    disk.fill(0);
    for (let at = 0; at < overlap.length; at += OVERLAP) {
      const worker = overlap[at]!;
      device[worker] = overlap[at + 1]!;
      host[worker] = overlap[at + 2]!;
      disk[worker] = overlap[at + 3]!;
    }
    return true;
  }

  /** A request leaves the queue, from wherever it stands. */
  leave(id: number): void {
    const { heap, place } = this;
    const at = place[id]!;
    this.tokens -= this.input[id]!;
    this.overlap[id] = undefined;
    const last = heap.pop()!;
    if (last === id) return;
    heap[at] = last;
    place[last] = at;
    this.rise(at);
    this.sink(place[last]!);
  }

  /** Whether the first of this queue goes before the first of another process's. */
  goesBefore(other: RouterQueue): boolean {
    return this.before(this.head, other.head, other);
  }

  private before(a: number, b: number, of: RouterQueue = this): boolean {
    if (this.strict[a] !== of.strict[b]) return this.strict[a]! > of.strict[b]!;
    if (this.score[a] !== of.score[b]) return this.score[a]! > of.score[b]!;
    return this.order[a]! < of.order[b]!;
  }

  private rise(from: number): void {
    const { heap, place } = this;
    const id = heap[from]!;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above]!;
      if (!this.before(id, other)) break;
      heap[at] = other;
      place[other] = at;
      at = above;
    }
    heap[at] = id;
    place[id] = at;
  }

  private sink(from: number): void {
    const { heap, place } = this;
    const id = heap[from]!;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && this.before(heap[below + 1]!, heap[below]!)) below++;
      const other = heap[below]!;
      if (!this.before(other, id)) break;
      heap[at] = other;
      place[other] = at;
      at = below;
    }
    heap[at] = id;
    place[id] = at;
  }
}

/** The order key of a request, higher first. */
function scoreOf(order: QueueOrder, priority: number, newTokens: number, nowUs: number): number {
  const head = Math.max(priority, 0);
  if (order === "wspt") return (1 + head) / Math.max(1, newTokens);
  return order === "fcfs" ? head * PRIORITY_US - nowUs : head * PRIORITY_US + nowUs;
}

/** The overlaps of the request that was looked up last, of those workers that have any. */
function remembered({ reach, workers }: RouterState): Int32Array {
  const [device, host, disk] = reach;
  const held: number[] = [];
  for (let worker = 0; worker < workers; worker++) {
    if (disk[worker]! > 0) held.push(worker, device[worker]!, host[worker]!, disk[worker]!);
  }
  return Int32Array.from(held);
}
