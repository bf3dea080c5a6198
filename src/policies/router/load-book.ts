/**
 * The router's own book: what it has sent to each worker and not yet seen end. It needs nothing from the engines, its age is
 * zero, and it is all that several signals of Dynamo's router are made of: active blocks, active prefill tokens, the
 * predicted rest of a prefill.
 *
 * A booking is a small number that the host gives out (a slot, a ledger line). Everything is booked at the decision,
 * before the request has reached anybody: counting later sends all slow prompts to one worker (SGLang issue 27547).
 */

import { HolderTable } from "../prefix/holder-table.ts";
import type { PrefixNodes, PrefixPath } from "../prefix/holder-table.ts";
import { LoadTree } from "./load-tree.ts";

const NONE = -1;
const FREE = 0;
const PREFILL = 1;
const DECODE = 2;

/** What is booked with a request. */
export type Booking = {
  /** Prompt tokens, and those of them that the worker must compute by the router's estimate. */
  inputTokens: number;
  newTokens: number;
  /** Output tokens the client or the router expects; NaN: no idea. */
  expectedOutput: number;
  /** Predicted time of its prefill alone, µs; NaN: not modelled. */
  prefillUs: number;
  /** Class of requests that are promised the same. */
  sloClass: number;
};

export class LoadBook {
  readonly tree: LoadTree;
  /** Requests by worker that have not ended. */
  readonly requests: Int32Array;
  /** The same by class of what requests are promised. */
  readonly requestsOf: readonly Int32Array[];
  /** Requests whose first token is not out, and the prompt tokens they still need. */
  readonly prefillRequests: Int32Array;
  readonly prefillTokens: Float64Array;
  /** Distinct KV blocks of the active prompts (and outputs, where they are tracked), in weighted blocks. */
  readonly blocks: Float64Array;
  /** Prompt tokens of all active requests: a floor of the context that decodes read. */
  readonly contextTokens: Float64Array;
  /** Expected output tokens of all active requests. */
  readonly expectedTokens: Float64Array;
  /** Predicted times of the prefills of all active requests, those done included, µs. */
  readonly activePrefillUs: Float64Array;
  private readonly nodes: PrefixNodes;
  private readonly blockSize: number;
  private readonly stride: number;
  /** References of active requests by node and worker. */
  private readonly active = new HolderTable();
  /** Of each worker: the oldest prefill, since when it is, its predicted time (0: none), Σ of all such, and how many have none. */
  private readonly anchor: Int32Array;
  private readonly last: Int32Array;
  private readonly anchorSinceUs: Float64Array;
  private readonly anchorUs: Float64Array;
  private readonly modelledUs: Float64Array;
  private readonly unmodelled: Int32Array;
  // Of each booking.
  private state = new Uint8Array(64);
  private worker = new Int32Array(64);
  private previous = new Int32Array(64);
  private next = new Int32Array(64);
  private input = new Float64Array(64);
  private newTokens = new Float64Array(64);
  private expected = new Float64Array(64);
  private prefillUs = new Float64Array(64);
  private ownBlocks = new Float64Array(64);
  private outputBlocks = new Float64Array(64);
  private discount = new Float64Array(64);
  private bookedUs = new Float64Array(64);
  private sloClass = new Uint8Array(64);

  /** `classes`: kinds of promises to requests; `stride`: prompts are known by one in so many blocks. */
  constructor(
    workers: number,
    nodes: PrefixNodes,
    blockSize: number,
    { classes = 1, stride = 1 }: { readonly classes?: number; readonly stride?: number } = {},
  ) {
    this.stride = stride;
    this.tree = new LoadTree(workers);
    this.requests = this.tree.outstanding;
    this.requestsOf =
      classes === 1
        ? [this.requests]
        : Array.from({ length: classes }, () => new Int32Array(workers));
    this.prefillRequests = new Int32Array(workers);
    this.prefillTokens = new Float64Array(workers);
    this.blocks = new Float64Array(workers);
    this.contextTokens = new Float64Array(workers);
    this.expectedTokens = new Float64Array(workers);
    this.activePrefillUs = new Float64Array(workers);
    this.nodes = nodes;
    this.blockSize = blockSize;
    this.anchor = new Int32Array(workers).fill(NONE);
    this.last = new Int32Array(workers).fill(NONE);
    this.anchorSinceUs = new Float64Array(workers);
    this.anchorUs = new Float64Array(workers);
    this.modelledUs = new Float64Array(workers);
    this.unmodelled = new Int32Array(workers);
  }

  /** Whether the booking is open, and on which worker. */
  isOpen(booking: number): boolean {
    return booking < this.state.length && this.state[booking] !== FREE;
  }
  workerOf(booking: number): number {
    return this.worker[booking]!;
  }
  /** What it is promised, and its predicted prefill, µs (NaN: not modelled). */
  classOf(booking: number): number {
    return this.sloClass[booking]!;
  }
  prefillUsOf(booking: number): number {
    return this.prefillUs[booking]!;
  }
  /** When the decision was taken, µs. */
  bookedAtUs(booking: number): number {
    return this.bookedUs[booking]!;
  }

  /** Books a request on a worker. `prompt`: its nodes, empty when blocks are not tracked or not shared. */
  book(booking: number, worker: number, request: Booking, prompt: PrefixPath, nowUs: number): void {
    while (booking >= this.state.length) this.grow();
    this.state[booking] = PREFILL;
    this.worker[booking] = worker;
    this.input[booking] = request.inputTokens;
    this.newTokens[booking] = request.newTokens;
    this.prefillUs[booking] = request.prefillUs;
    this.bookedUs[booking] = nowUs;
    this.sloClass[booking] = request.sloClass;
    if (this.requestsOf.length > 1) this.requestsOf[request.sloClass]![worker]!++;
    const expected = Number.isNaN(request.expectedOutput) ? 0 : request.expectedOutput;
    this.expected[booking] = expected;
    this.discount[booking] = 0;
    this.outputBlocks[booking] = 0;
    this.tree.add(worker, 1);
    this.prefillRequests[worker]!++;
    this.prefillTokens[worker]! += request.newTokens;
    this.contextTokens[worker]! += request.inputTokens;
    this.expectedTokens[worker]! += expected;
    if (!Number.isNaN(request.prefillUs)) this.activePrefillUs[worker]! += request.prefillUs;
    this.pushPrefill(booking, worker, nowUs);
    const whole = Math.floor(request.inputTokens / this.blockSize);
    const own = Math.max(0, this.strided(whole) - this.reference(prompt, worker));
    this.ownBlocks[booking] = own;
    this.blocks[worker]! += own;
  }

  /** The first token is out: the prompt no longer waits to be computed. */
  firstToken(booking: number, nowUs: number): void {
    if (!this.isOpen(booking) || this.state[booking] !== PREFILL) return;
    this.state[booking] = DECODE;
    const worker = this.worker[booking]!;
    this.prefillRequests[worker]!--;
    this.prefillTokens[worker]! -= this.newTokens[booking]!;
    if (this.prefillRequests[worker] === 0) this.prefillTokens[worker] = 0;
    this.dropPrefill(booking, worker, nowUs);
  }

  /** The request has ended, however; releasing twice does nothing. */
  release(booking: number, prompt: PrefixPath, nowUs: number): void {
    if (!this.isOpen(booking)) return;
    if (this.state[booking] === PREFILL) this.firstToken(booking, nowUs);
    const worker = this.worker[booking]!;
    this.state[booking] = FREE;
    this.tree.add(worker, -1);
    if (this.requestsOf.length > 1) this.requestsOf[this.sloClass[booking]!]![worker]!--;
    this.contextTokens[worker]! -= this.input[booking]!;
    this.expectedTokens[worker]! -= this.expected[booking]!;
    this.dereference(prompt, worker);
    const us = this.prefillUs[booking]!;
    if (!Number.isNaN(us)) this.activePrefillUs[worker]! -= us;
    if (this.requests[worker] === 0) this.activePrefillUs[worker] = 0;
    const own = this.ownBlocks[booking]! + this.outputBlocks[booking]!;
    this.blocks[worker]! += this.discount[booking]! - own;
    // Weights are no binary fractions: an empty worker holds nothing, not a rounding error.
    if (this.requests[worker] === 0) this.blocks[worker] = 0;
  }

  /** So many leading blocks of a prompt as the book knows them: whole strides. */
  strided(blocks: number): number {
    // A division for each candidate of each decision would be seen.
    return this.stride === 1 ? blocks : blocks - (blocks % this.stride);
  }

  /**
   * The request has generated `generated` tokens: books the blocks of its output and, where the output's length is
   * expected, counts what only this request holds the less the nearer its end is (Dynamo: `track_output_blocks`).
   */
  generated(booking: number, generated: number, prompt: PrefixPath): void {
    if (!this.isOpen(booking)) return;
    const worker = this.worker[booking]!;
    const input = this.input[booking]!;
    const total = Math.ceil((input + generated) / this.blockSize);
    const grown = total - Math.ceil(input / this.blockSize);
    const more = grown - this.outputBlocks[booking]!;
    if (more <= 0) return;
    this.outputBlocks[booking] = grown;
    this.blocks[worker]! += more + this.discount[booking]!;
    this.discount[booking] = 0;
    const expected = this.expected[booking]!;
    if (expected <= 0) return;
    // The weight is that of the token which opened the newest block.
    const opened = (total - 1) * this.blockSize + 1 - input;
    const weight = Math.max(0, 1 - opened / Math.max(expected, 1));
    const exclusive = this.ownBlocks[booking]! + grown + this.exclusiveBlocks(prompt, worker);
    this.discount[booking] = (1 - weight) * exclusive;
    this.blocks[worker]! -= this.discount[booking]!;
  }

  /** Fills `reach` with the leading blocks of a prompt that active requests hold on each worker. */
  matchActive(prompt: PrefixPath, reach: Int32Array): void {
    reach.fill(0);
    const { first, count, cells } = this.active;
    const { nodeBegin, nodeEnd } = this.nodes;
    let best = 0;
    for (let i = prompt.start; i < prompt.start + prompt.length; i++) {
      const node = prompt.path[i]!;
      const begin = nodeBegin[node]!;
      if (best < begin || node >= first.length) break;
      const from = first[node]! * 2;
      const end = from + count[node]! * 2;
      const blocks = nodeEnd[node]!;
      for (let at = from; at < end; at += 2) {
        const worker = cells[at]!;
        if (reach[worker]! < begin) continue;
        reach[worker] = blocks;
        if (blocks > best) best = blocks;
      }
    }
  }

  /**
   * Prompt tokens still to be computed on a worker at `nowUs`. Modelled prefills wear off with time: with all of them
   * modelled the elapsed time spills beyond the oldest one, otherwise only the oldest wears off (reference page 1.5).
   */
  prefillTokensAt(worker: number, nowUs: number): number {
    const anchor = this.anchor[worker]!;
    const sum = this.prefillTokens[worker]!;
    if (anchor === NONE) return sum;
    const tokens = this.newTokens[anchor]!;
    const us = this.prefillUs[anchor]!;
    if (Number.isNaN(us)) return sum;
    const elapsed = nowUs - this.anchorSinceUs[worker]!;
    if (this.unmodelled[worker] === 0) {
      const done = us > 0 ? Math.floor((tokens * elapsed) / us) : tokens;
      return Math.max(0, sum - done);
    }
    const left = us > 0 ? Math.min(1, Math.max(0, 1 - elapsed / us)) : 0;
    return sum - tokens + Math.ceil(tokens * left);
  }

  /** Whether the prompt tokens of some worker grow fewer with time alone. */
  wearsOff(nowUs: number): boolean {
    for (let worker = 0; worker < this.anchor.length; worker++) {
      const anchor = this.anchor[worker]!;
      if (anchor === NONE) continue;
      const tokens = this.newTokens[anchor]!;
      const us = this.prefillUs[anchor]!;
      const elapsedUs = nowUs - this.anchorSinceUs[worker]!;
      // With all modelled, time spills beyond the oldest.
      const most = this.unmodelled[worker] === 0 ? this.prefillTokens[worker]! : tokens;
      if (us > 0 && tokens > 0 && tokens * elapsedUs < most * us) return true;
    }
    return false;
  }

  /**
   * Predicted time until the modelled prefills of a worker are done, µs. However long the oldest has been due, no more than
   * `stepUs` of those behind it can have been computed with it: those that fit into a step.
   */
  prefillUsAt(worker: number, nowUs: number, stepUs = Infinity): number {
    const modelledUs = this.modelledUs[worker]!;
    if (modelledUs === 0) return 0;
    const elapsedUs = nowUs - this.anchorSinceUs[worker]!;
    const mostUs = Math.max(stepUs, this.anchorUs[worker]!);
    return Math.max(0, modelledUs - Math.min(elapsedUs, mostUs));
  }

  /** The forest has cut a node in two: who refers to it refers to both. */
  split(node: number, head: number): void {
    const { active } = this;
    if (node >= active.nodeLimit) return;
    for (let i = 0; i < active.count[node]!; i++) {
      const at = (active.first[node]! + i) * 2;
      active.set(head, active.cells[at]!, active.cells[at + 1]!);
    }
  }

  /** References a prompt's nodes on a worker; returns the blocks they cover, as the book knows them. */
  private reference(prompt: PrefixPath, worker: number): number {
    const { nodeBegin, nodeEnd } = this.nodes;
    let covered = 0;
    for (let i = prompt.start; i < prompt.start + prompt.length; i++) {
      const node = prompt.path[i]!;
      const references = Math.max(0, this.active.get(node, worker));
      this.active.set(node, worker, references + 1);
      covered = nodeEnd[node]!;
      if (references === 0) {
        this.blocks[worker]! += this.strided(covered) - this.strided(nodeBegin[node]!);
      }
    }
    return this.strided(covered);
  }

  private dereference(prompt: PrefixPath, worker: number): void {
    const { nodeBegin, nodeEnd } = this.nodes;
    for (let i = prompt.start; i < prompt.start + prompt.length; i++) {
      const node = prompt.path[i]!;
      const references = this.active.get(node, worker);
      if (references > 1) this.active.set(node, worker, references - 1);
      else if (references === 1) {
        this.active.remove(node, worker);
        this.blocks[worker]! -= this.strided(nodeEnd[node]!) - this.strided(nodeBegin[node]!);
      }
    }
  }

  /** Blocks at the end of a prompt that no other active request holds. */
  private exclusiveBlocks(prompt: PrefixPath, worker: number): number {
    const { nodeBegin, nodeEnd } = this.nodes;
    let blocks = 0;
    for (let i = prompt.start + prompt.length - 1; i >= prompt.start; i--) {
      const node = prompt.path[i]!;
      if (this.active.get(node, worker) !== 1) break;
      blocks += this.strided(nodeEnd[node]!) - this.strided(nodeBegin[node]!);
    }
    return blocks;
  }

  private pushPrefill(booking: number, worker: number, nowUs: number): void {
    const us = this.prefillUs[booking]!;
    if (Number.isNaN(us)) this.unmodelled[worker]!++;
    else this.modelledUs[worker]! += us;
    const last = this.last[worker]!;
    this.previous[booking] = last;
    this.next[booking] = NONE;
    if (last === NONE) this.makeOldest(booking, worker, nowUs);
    else this.next[last] = booking;
    this.last[worker] = booking;
  }

  /** From now on a prefill, or `NONE`, is the oldest of a worker. */
  private makeOldest(booking: number, worker: number, nowUs: number): void {
    this.anchor[worker] = booking;
    this.anchorSinceUs[worker] = nowUs;
    this.anchorUs[worker] = booking === NONE ? 0 : this.prefillUs[booking]! || 0;
  }

  private dropPrefill(booking: number, worker: number, nowUs: number): void {
    const us = this.prefillUs[booking]!;
    if (Number.isNaN(us)) this.unmodelled[worker]!--;
    else this.modelledUs[worker]! -= us;
    const before = this.previous[booking]!;
    const after = this.next[booking]!;
    if (before !== NONE) this.next[before] = after;
    else this.makeOldest(after, worker, nowUs);
    if (after !== NONE) this.previous[after] = before;
    else this.last[worker] = before;
    if (this.anchor[worker] === NONE) this.modelledUs[worker] = 0;
  }

  private grow(): void {
    const length = this.state.length * 2;
    const f64 = (from: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(length);
      to.set(from);
      return to;
    };
    const i32 = (from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(length);
      to.set(from);
      return to;
    };
    const state = new Uint8Array(length);
    state.set(this.state);
    this.state = state;
    const sloClass = new Uint8Array(length);
    sloClass.set(this.sloClass);
    this.sloClass = sloClass;
    this.worker = i32(this.worker);
    this.previous = i32(this.previous);
    this.next = i32(this.next);
    this.input = f64(this.input);
    this.newTokens = f64(this.newTokens);
    this.expected = f64(this.expected);
    this.prefillUs = f64(this.prefillUs);
    this.ownBlocks = f64(this.ownBlocks);
    this.outputBlocks = f64(this.outputBlocks);
    this.discount = f64(this.discount);
    this.bookedUs = f64(this.bookedUs);
  }
}
