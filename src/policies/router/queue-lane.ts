/** A lane of a router's queue: requests in the order of its rule, and what it may spend when lanes take turns. */

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
  /** Waiting in a lane, for each healthy worker, beyond which nobody may join: requests, their prompt tokens, and those of them that are cached. */
  readonly requestsPerWorker: number;
  readonly tokensPerWorker: number;
  readonly cachedTokensPerWorker: number;
  /** Wait after which overlaps are looked up again, µs; 0: never. */
  readonly refreshUs: number;
  /** Requests ask to be turned away rather than wait. */
  readonly declines: boolean;
};

/** A unit of priority is a second of head start. */
const PRIORITY_US = 1e6;
/** Numbers of a worker in a remembered overlap: the worker, and blocks by tier. */
const OVERLAP = 5;

/** What a queue knows of the requests that wait, by the host's numbers for them. */
export class QueueEntries {
  /** Where it stands in the heap of its lane. */
  readonly place: number[] = [];
  readonly strict: number[] = [];
  readonly score: number[] = [];
  readonly order: number[] = [];
  readonly sinceUs: number[] = [];
  /** Prompt tokens, and those of them that no worker has. */
  readonly input: number[] = [];
  readonly newTokens: number[] = [];
  readonly overlap: (Int32Array | undefined)[] = [];

  /** Whether `a` goes before `b` of another queue, or of this one. */
  isBefore(a: number, b: number, of: QueueEntries): boolean {
    if (this.strict[a] !== of.strict[b]) return this.strict[a]! > of.strict[b]!;
    if (this.score[a] !== of.score[b]) return this.score[a]! > of.score[b]!;
    return this.order[a]! < of.order[b]!;
  }
}

export class QueueLane {
  readonly rule: QueueRule;
  /** Number of its class. */
  readonly of: number;
  /** Prompt tokens that it may spend more in each round, and what it has saved up. */
  readonly quantum: number;
  deficit = 0;
  private readonly entries: QueueEntries;
  /** Prompt tokens of those that wait, and those of them that a worker has. */
  private tokens = 0;
  private cachedTokens = 0;
  /** Binary heap. */
  private readonly heap: number[] = [];

  constructor(entries: QueueEntries, rule: QueueRule, of: number, quantum: number) {
    this.entries = entries;
    this.rule = rule;
    this.of = of;
    this.quantum = quantum;
  }

  get length(): number {
    return this.heap.length;
  }

  /** The request that is next; only while some wait, as all below. */
  get head(): number {
    return this.heap[0]!;
  }

  /** What the next request costs: prompt tokens to compute. */
  get headCost(): number {
    return Math.max(1, this.entries.newTokens[this.head]!);
  }

  get isAffordable(): boolean {
    return this.deficit >= this.headCost;
  }

  /** Whether nobody may join, with so many healthy workers. */
  isFull(workers: number): boolean {
    const { rule } = this;
    return (
      this.length >= rule.requestsPerWorker * workers ||
      this.tokens >= rule.tokensPerWorker * workers ||
      this.cachedTokens >= rule.cachedTokensPerWorker * workers
    );
  }

  /** A request joins. `newTokens`: those of its prompt that no worker has; `order`: its place among all that arrived. */
  join(
    { strictPriority, priority, inputTokens }: RouterRequest,
    id: number,
    order: number,
    newTokens: number,
    nowUs: number,
  ): void {
    const { entries } = this;
    entries.strict[id] = strictPriority;
    entries.score[id] = scoreOf(this.rule.order, priority, newTokens, nowUs);
    entries.order[id] = order;
    entries.sinceUs[id] = nowUs;
    entries.input[id] = inputTokens;
    entries.newTokens[id] = newTokens;
    this.tokens += inputTokens;
    this.cachedTokens += inputTokens - newTokens;
    this.heap.push(id);
    this.rise(this.heap.length - 1);
  }

  /** A request leaves, from wherever it stands. */
  leave(id: number): void {
    const { heap, entries } = this;
    const at = entries.place[id]!;
    const input = entries.input[id]!;
    this.tokens -= input;
    this.cachedTokens -= input - entries.newTokens[id]!;
    const last = heap.pop()!;
    if (last === id) return;
    heap[at] = last;
    entries.place[last] = at;
    this.rise(at);
    this.sink(entries.place[last]!);
  }

  /** Whether the first of this lane goes before the first of another queue's. */
  goesBefore(other: QueueLane): boolean {
    return this.entries.isBefore(this.head, other.head, other.entries);
  }

  private before(a: number, b: number): boolean {
    return this.entries.isBefore(a, b, this.entries);
  }

  private rise(from: number): void {
    const { heap } = this;
    const { place } = this.entries;
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
    const { heap } = this;
    const { place } = this.entries;
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
export function rememberedOverlap({ reach, shared, workers }: RouterState): Int32Array {
  const [device, host, disk] = reach;
  const held: number[] = [];
  for (let worker = 0; worker < workers; worker++) {
    if (disk[worker]! === 0 && shared[worker]! === 0) continue;
    held.push(worker, device[worker]!, host[worker]!, disk[worker]!, shared[worker]!);
  }
  return Int32Array.from(held);
}

/** Brings remembered overlaps back. */
export function recallOverlap({ reach, shared }: RouterState, overlap: Int32Array): void {
  const [device, host, disk] = reach;
  device.fill(0);
  host.fill(0);
  disk.fill(0);
  shared.fill(0);
  for (let at = 0; at < overlap.length; at += OVERLAP) {
    const worker = overlap[at]!;
    device[worker] = overlap[at + 1]!;
    host[worker] = overlap[at + 2]!;
    disk[worker] = overlap[at + 3]!;
    shared[worker] = overlap[at + 4]!;
  }
}
