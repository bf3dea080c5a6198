/**
 * SGLang's scheduler on the naive worker, told as its own loop is: a running batch that keeps finished requests until the next
 * decode drops them, the last batch that is merged into it, a mark that the batch is full.
 */

import type { NaiveRequest } from "./naive-worker.ts";
import { NaiveWorker } from "./naive-worker.ts";

const isDone = (request: NaiveRequest): boolean => !Number.isNaN(request.finish);
const CLIP = 4096;

export class NaiveSglang extends NaiveWorker {
  private batch: NaiveRequest[] = [];
  private isFull = false;
  private lastPrefill: NaiveRequest[] | undefined;
  private chunked: NaiveRequest | undefined;
  private ratio = this.firstRatio;

  private get firstRatio(): number {
    return Math.min(1, 0.7 * this.engine.schedule_conservativeness);
  }

  override start(now: number): void {
    this.looks(now);
    if (this.chunked?.cancelled === true) this.chunked = undefined;
    for (let turn = 0; turn < 3; turn++) {
      this.inStep = [];
      this.mergeLast();
      if (this.prefill(now) || this.decode()) {
        this.launch(now);
        return;
      }
      this.ratio = this.firstRatio;
      if (this.waiting.length === 0 && this.chunked === undefined) return;
    }
    throw new Error("the naive worker is stuck");
  }

  private mergeLast(): void {
    if (this.lastPrefill === undefined) return;
    const joined = this.lastPrefill.filter((one) => !isDone(one) && one !== this.chunked);
    if (joined.length < this.lastPrefill.length) this.isFull = false;
    if (joined.length > 0) {
      if (this.batch.length === 0) this.isFull = false;
      this.batch = [...this.batch, ...joined];
    }
    this.lastPrefill = undefined;
  }

  private prefill(now: number): boolean {
    const { engine, chunked } = this;
    const size = engine.block_size;
    const slots = engine.max_num_seqs - this.batch.length;
    if (chunked === undefined) {
      if (this.isFull || this.waiting.length === 0) return false;
      if (slots <= 0) {
        this.isFull = true;
        return false;
      }
    }
    const mixed = engine.enable_mixed_chunk ? this.batch.length : 0;
    const kept = mixed > 0 ? this.blocksWanted() * size : 0;
    const pages = (tokens: number): number => Math.ceil(tokens / size) * size;
    const whole = (tokens: number): number => Math.max(0, Math.floor(tokens / size)) * size;
    let chunk = (engine.enable_chunked_prefill ? engine.chunked_prefill_size : Infinity) - mixed;
    let input = engine.max_prefill_tokens - mixed;
    let promised = 0;
    for (const one of this.batch) promised += Math.min(CLIP, one.output - one.generated);
    promised *= this.ratio;
    const memory = (): number => this.available * size - kept;
    if (chunk < size || memory() < 0) return false;
    const added: NaiveRequest[] = [];
    const add = (request: NaiveRequest, tokens: number): boolean => {
      const left = request.input + request.generated - request.computed;
      this.give(request, tokens);
      added.push(request);
      chunk -= pages(tokens);
      input -= pages(tokens);
      if (tokens < left) this.chunked = request;
      else promised += Math.min(CLIP, request.output - request.generated);
      return tokens === left;
    };
    let goesOn = true;
    if (chunked !== undefined) {
      const left = chunked.input + chunked.generated - chunked.computed;
      const wished = Math.min(chunk, memory() - promised);
      const most = Math.min(wished >= size ? wished : chunk, memory());
      const tokens = left <= most ? left : whole(most);
      if (tokens === 0) return false;
      this.chunked = undefined;
      goesOn = add(chunked, tokens);
    }
    if (engine.schedule_policy === "lpm") this.sort();
    while (goesOn && this.waiting.length > 0) {
      const request = this.waiting[0]!;
      if (added.length >= slots) {
        this.isFull = true;
        break;
      }
      const { hits, cached } = this.lookUp(request);
      const known = request.input + request.generated;
      const idle = hits.filter((block, i) => block.users === 0 && (i + 1) * size <= cached).length;
      const output = Math.min(CLIP, request.output - request.generated);
      if (known - cached + idle * size + output >= memory() - promised) {
        this.isFull = true;
        break;
      }
      if (pages(known - cached) >= input && added.length > 0) break;
      const tokens = pages(known - cached) <= chunk ? known - cached : whole(chunk);
      if (tokens === 0) break;
      this.admit(request, hits, cached, now);
      goesOn = add(request, tokens);
      if (goesOn && memory() - promised <= 0) this.isFull = true;
      if (memory() - promised <= 0 || input <= 0 || chunk <= 0) goesOn = false;
    }
    if (added.length === 0) return false;
    this.lastPrefill = added;
    if (engine.enable_mixed_chunk) {
      const decoding = this.batch.filter((one) => !isDone(one));
      for (const one of decoding) this.give(one, 1);
      this.lastPrefill = [...decoding, ...added];
      this.batch = [];
    }
    return true;
  }

  private decode(): boolean {
    const size = this.batch.length;
    this.batch = this.batch.filter((one) => !isDone(one));
    if (this.batch.length === 0) {
      this.isFull = false;
      return false;
    }
    const floor = this.firstRatio * 0.14;
    if (this.blocksWanted() <= this.available) {
      this.ratio = Math.max(floor, this.ratio - (this.firstRatio - floor) / 600);
    } else {
      this.retract();
      let decoded = 0;
      let limit = 0;
      for (const one of this.batch) {
        decoded += one.generated;
        limit += one.output;
      }
      this.ratio = Math.min(1, (decoded + 20 * this.batch.length) / (limit + 1));
    }
    if (this.batch.length < size) this.isFull = false;
    for (const one of this.batch) this.give(one, 1);
    if (this.inStep.length !== this.batch.length) throw new Error("a decode did not fit");
    return true;
  }

  private retract(): void {
    const order = this.batch.map((request, place) => ({ request, place }));
    order.sort(
      (a, b) =>
        a.request.generated - b.request.generated ||
        b.request.input - a.request.input ||
        b.place - a.place,
    );
    while (this.batch.length > 1 && this.blocksWanted() > this.available) {
      const { request } = order.shift()!;
      this.batch = this.batch.filter((other) => other !== request);
      request.computed = request.prefilled;
      this.takeOff(request);
      this.waiting.push(request);
    }
    if (this.chunked !== undefined && this.blocksWanted() > this.available) {
      this.totals.gaveWay++;
      this.takeOff(this.chunked);
      this.waiting.unshift(this.chunked);
      this.chunked = undefined;
    }
  }

  /** Blocks that the next decode step takes. */
  private blocksWanted(): number {
    const decoding = this.batch.filter((one) => !isDone(one));
    const blocks = (tokens: number): number => Math.ceil(tokens / this.engine.block_size);
    const more = 1 + this.drafts.count;
    return decoding.reduce(
      (sum, one) => sum + blocks(one.computed + more) - blocks(one.computed),
      0,
    );
  }

  private sort(): void {
    if (this.waiting.length > 128) return;
    const blocks = Math.ceil(32 / this.engine.block_size);
    const seen = new Set<string>();
    const ranks = new Map<NaiveRequest, [isLate: number, cached: number]>();
    for (const request of this.waiting) {
      const { cached } = this.lookUp(request);
      const key = this.engine.enable_prefix_caching ? request.keys[blocks - 1] : undefined;
      let isLate = 0;
      if (cached <= 32 && typeof key === "string") {
        if (seen.has(key)) isLate = 1;
        seen.add(key);
      }
      ranks.set(request, [isLate, cached]);
    }
    this.waiting.sort((a, b) => {
      const [lateA, cachedA] = ranks.get(a)!;
      const [lateB, cachedB] = ranks.get(b)!;
      return lateA - lateB || (lateA === 1 ? 0 : cachedB - cachedA);
    });
  }
}
