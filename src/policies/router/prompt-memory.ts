/**
 * Which prompts a router has sent where and when, by the nodes of their way through the prefix forest. Beside what caches hold it
 * tells how much is computed again because they are too small; beside what they let go, for how long each of
 * them keeps a block, and so what one more block there is worth.
 */

import { HolderTable } from "../prefix/holder-table.ts";
import type { PrefixNodes, PrefixPath } from "../prefix/holder-table.ts";
import { ReuseAges } from "./reuse-ages.ts";

/** Share of a cache over which the age of what goes is averaged (assumption: a few long prompts). */
const SETTLING = 0.25;
/** Workers whose gain is brought up to date at a decision, and decisions between two looks at all ages: bounds their cost. */
const WORKERS_AT_ONCE = 8;
const SETTLE_EVERY = 16;

export class PromptMemory {
  /** What a block stored on each worker saves of computing later, in blocks, less what it displaces; 0: nobody tells. */
  readonly gains: Float64Array;
  private readonly nodes: PrefixNodes;
  private readonly capacity: Float64Array;
  private readonly hears: boolean;
  private readonly ages = new ReuseAges();
  /** Of each node: when a prompt through it was sent last, anywhere, µs; NaN: never. */
  private sentUs = new Float64Array(64).fill(NaN);
  /** The same by worker, of nodes that it has had since. */
  private readonly usedUs = new HolderTable();
  /** Of each worker: moving mean of the age at which blocks go, and when the last one went, µs; NaN: none has. */
  private readonly goneAgeUs: Float64Array;
  private readonly goneAtUs: Float64Array;
  private nowUs = 0;
  private sent = 0;
  private turn = 0;

  /** `capacity`: KV blocks of each worker; `hears`: whether they tell what they let go. */
  constructor(nodes: PrefixNodes, capacity: readonly number[], hears: boolean) {
    this.nodes = nodes;
    this.hears = hears;
    this.capacity = Float64Array.from(capacity);
    this.gains = new Float64Array(capacity.length);
    this.goneAgeUs = new Float64Array(capacity.length).fill(NaN);
    this.goneAtUs = new Float64Array(capacity.length);
  }

  /** What is told from here on is told at `nowUs`. */
  setClock(nowUs: number): void {
    this.nowUs = nowUs;
  }

  /** A prompt goes to a worker: leading blocks of it that were sent before, anywhere; from now on all of them were. */
  send({ path, start, length }: PrefixPath, worker: number): number {
    const { nodeBegin, nodeEnd } = this.nodes;
    const { nowUs } = this;
    let known = 0;
    let isKnown = true;
    for (let i = start; i < start + length; i++) {
      const node = path[i]!;
      if (node >= this.sentUs.length) this.grow(node);
      const lastUs = this.sentUs[node]!;
      isKnown &&= !Number.isNaN(lastUs);
      if (isKnown) known = nodeEnd[node]!;
      this.ages.use(nodeEnd[node]! - nodeBegin[node]!, nowUs - lastUs);
      this.sentUs[node] = nowUs;
      this.usedUs.set(node, worker, nowUs);
    }
    if (this.sent++ % SETTLE_EVERY === 0) this.ages.settle();
    if (this.hears) this.refresh();
    return known;
  }

  /** A worker has let go of blocks of a node: it has `left` of the `before` that it had. */
  removed(worker: number, node: number, before: number, left: number): void {
    const usedUs = this.usedUs.get(node, worker);
    if (usedUs < 0) return;
    if (left === 0) this.usedUs.remove(node, worker);
    const ageUs = this.nowUs - usedUs;
    const mean = this.goneAgeUs[worker]!;
    const weight = Math.min(1, (before - left) / (SETTLING * this.capacity[worker]!));
    this.goneAgeUs[worker] = Number.isNaN(mean) ? ageUs : mean + weight * (ageUs - mean);
    this.goneAtUs[worker] = this.nowUs;
  }

  /** A worker is gone, and all it held. */
  dropWorker(worker: number): void {
    const { usedUs } = this;
    for (let node = 0; node < usedUs.nodeLimit; node++) {
      if (usedUs.count[node]! > 0) usedUs.remove(node, worker);
    }
    this.goneAgeUs[worker] = NaN;
    this.gains[worker] = 0;
  }

  /** The forest has cut a node in two: what was sent through it was sent through both. */
  split(node: number, head: number): void {
    const { usedUs } = this;
    if (node < this.sentUs.length) {
      if (head >= this.sentUs.length) this.grow(head);
      this.sentUs[head] = this.sentUs[node]!;
    }
    if (node >= usedUs.nodeLimit) return;
    for (let i = 0; i < usedUs.count[node]!; i++) {
      const at = (usedUs.first[node]! + i) * 2;
      usedUs.set(head, usedUs.cells[at]!, usedUs.cells[at + 1]!);
    }
  }

  /** The next few workers' gains, by the age of what they will let go next: that of the last, and the time since. */
  private refresh(): void {
    const { gains, goneAgeUs, goneAtUs, nowUs } = this;
    for (let i = Math.min(WORKERS_AT_ONCE, gains.length); i > 0; i--) {
      const worker = this.turn;
      this.turn = worker + 1 < gains.length ? worker + 1 : 0;
      const ageUs = goneAgeUs[worker]!;
      // A cache that has let go of nothing has room.
      const nextUs = Number.isNaN(ageUs) ? Infinity : ageUs + nowUs - goneAtUs[worker]!;
      gains[worker] = this.ages.gainAt(nextUs);
    }
  }

  private grow(node: number): void {
    const grown = new Float64Array(2 * node).fill(NaN);
    grown.set(this.sentUs);
    this.sentUs = grown;
  }
}
