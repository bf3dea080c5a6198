/**
 * The approximate index: what a router believes from its own decisions alone. Each decision inserts the prompt for the
 * chosen worker with a time to live; inserting again renews it. For engines without KV events (Dynamo's
 * `--no-router-kv-events`), and beside the event index for what has been sent but not yet told (predict-on-route).
 */

import { HolderTable } from "./holder-table.ts";
import type { PrefixNodes, PrefixPath } from "./holder-table.ts";

/** Share of the capacity that a prune leaves (source: Dynamo's pruning, reference page 1.7). */
const PRUNE_TO = 0.8;
/** Thirty years: renewals stay apart in a float64. */
const LONGEST_TTL_US = 1e15;
/** Numbers of an entry in the queue of expiries: node, worker, expiry. */
const ENTRY = 3;

export class TtlIndex {
  /** Blocks of all pairs of node and worker. */
  blocks = 0;
  private readonly nodes: PrefixNodes;
  private readonly ttlUs: number;
  private readonly capacity: number;
  /** Value: time of expiry. */
  private readonly table = new HolderTable();
  /** Entries in order of expiry; one whose pair has been renewed since is passed over. */
  private queue = new Float64Array(ENTRY * 256);
  private head = 0;
  private tail = 0;

  /** @param capacity blocks beyond which the earliest to expire are pruned (Dynamo: 2^20) */
  constructor(nodes: PrefixNodes, ttlUs: number, capacity: number) {
    this.nodes = nodes;
    this.ttlUs = Math.min(ttlUs, LONGEST_TTL_US);
    this.capacity = capacity;
  }

  /** A prompt was sent to a worker: believes its blocks there until the time to live has passed. */
  insert(prompt: PrefixPath, worker: number, nowUs: number): void {
    this.expire(nowUs);
    const expiryUs = nowUs + this.ttlUs;
    // Leaf first: at the same expiry the deeper blocks are pruned first.
    for (let i = prompt.start + prompt.length - 1; i >= prompt.start; i--) {
      const node = prompt.path[i]!;
      if (this.table.set(node, worker, expiryUs) < 0) this.blocks += this.sizeOf(node);
      this.push(node, worker, expiryUs);
    }
    if (this.blocks > this.capacity) this.prune();
  }

  /** Raises `reach`, leading blocks by worker, to what is believed; returns the longest. */
  match(prompt: PrefixPath, reach: Int32Array, nowUs: number): number {
    const { first, count, cells } = this.table;
    const { nodeBegin, nodeEnd } = this.nodes;
    let best = 0;
    for (let i = 0; i < reach.length; i++) if (reach[i]! > best) best = reach[i]!;
    for (let i = prompt.start; i < prompt.start + prompt.length; i++) {
      const node = prompt.path[i]!;
      const begin = nodeBegin[node]!;
      if (best < begin) break;
      if (node >= first.length) continue;
      const from = first[node]! * 2;
      const end = from + count[node]! * 2;
      const blocks = nodeEnd[node]!;
      for (let at = from; at < end; at += 2) {
        const worker = cells[at]!;
        if (cells[at + 1]! <= nowUs || reach[worker]! < begin || reach[worker]! >= blocks) continue;
        reach[worker] = blocks;
        if (blocks > best) best = blocks;
      }
    }
    return best;
  }

  /** Forgets all of a worker. */
  dropWorker(worker: number): void {
    const { table } = this;
    if (table.pairs === 0) return;
    for (let node = 0; node < table.nodeLimit; node++) {
      if (table.count[node]! > 0 && table.remove(node, worker) >= 0) {
        this.blocks -= this.sizeOf(node);
      }
    }
  }

  private sizeOf(node: number): number {
    return this.nodes.nodeEnd[node]! - this.nodes.nodeBegin[node]!;
  }

  private expire(nowUs: number): void {
    while (this.head < this.tail && this.queue[this.head + 2]! <= nowUs) this.dropFirst();
  }

  private prune(): void {
    const target = this.capacity * PRUNE_TO;
    while (this.blocks > target && this.head < this.tail) this.dropFirst();
  }

  private dropFirst(): void {
    const { queue, head } = this;
    const node = queue[head]!;
    const worker = queue[head + 1]!;
    this.head += ENTRY;
    if (this.table.get(node, worker) !== queue[head + 2]!) return;
    this.table.remove(node, worker);
    this.blocks -= this.sizeOf(node);
  }

  /** The forest has cut a node in two: `head` holds its leading blocks, the node keeps the others. */
  split(node: number, head: number): void {
    const { table } = this;
    if (node >= table.nodeLimit) return;
    for (let i = 0; i < table.count[node]!; i++) {
      const at = (table.first[node]! + i) * 2;
      const worker = table.cells[at]!;
      const expiryUs = table.cells[at + 1]!;
      table.set(head, worker, expiryUs);
      this.pushSorted(head, worker, expiryUs);
    }
  }

  /** Closes the gaps that renewed pairs have left in the queue. */
  private dropRenewed(): void {
    const { queue } = this;
    let to = this.head;
    for (let at = this.head; at < this.tail; at += ENTRY) {
      if (this.table.get(queue[at]!, queue[at + 1]!) !== queue[at + 2]!) continue;
      queue.copyWithin(to, at, at + ENTRY);
      to += ENTRY;
    }
    this.tail = to;
  }

  /** An entry among those that are queued already, behind all that expire before it; splits are rare. */
  private pushSorted(node: number, worker: number, expiryUs: number): void {
    this.push(node, worker, expiryUs);
    const { queue } = this;
    let at = this.tail - ENTRY;
    for (; at > this.head && queue[at - 1]! > expiryUs; at -= ENTRY) {
      queue.copyWithin(at, at - ENTRY, at);
    }
    queue[at] = node;
    queue[at + 1] = worker;
    queue[at + 2] = expiryUs;
  }

  private push(node: number, worker: number, expiryUs: number): void {
    if (this.tail === this.queue.length) {
      this.dropRenewed();
      const live = this.queue.subarray(this.head, this.tail);
      const isHalfEmpty = live.length * 2 <= this.queue.length;
      const next = isHalfEmpty ? this.queue : new Float64Array(this.queue.length * 2);
      if (isHalfEmpty) next.copyWithin(0, this.head, this.tail);
      else next.set(live);
      this.queue = next;
      this.tail = live.length;
      this.head = 0;
    }
    this.queue[this.tail] = node;
    this.queue[this.tail + 1] = worker;
    this.queue[this.tail + 2] = expiryUs;
    this.tail += ENTRY;
  }
}
