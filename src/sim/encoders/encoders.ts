/**
 * Encoder workers of their own (E/P/D): a request with images waits for one of them, goes to the router when its images are
 * encoded, and its embeddings follow it to the worker that computes its prompt; only then is it in that worker's queue.
 *
 * An encoder worker takes requests in order, as many for a pass as `max_images` allows, one at least. It knows no prefix
 * cache: images whose tokens a worker has cached are encoded all the same. A request whose embeddings do not come – the
 * encoder worker has died, or the request has to go to a second worker – has its images encoded by the worker that computes
 * its prompt, as without encoder workers (vLLM's encoder-cache connector: a miss is computed where it is missed).
 * An encoder worker that dies loses its cache and its pass; who waited there goes to another one after `connect_error_s`,
 * or, when there is none, waits for its return.
 *
 * Source: vLLM, disaggregated encoder (docs/features/disagg_encoder.md: proxy to encoder, embeddings over an EC connector,
 * then prefill or prefill and decode); NVIDIA Dynamo, multimodal E/PD and E/P/D (the worker reads embeddings by NIXL).
 */

import { EventQueue, invariant } from "../../core/index.ts";
import type { Images } from "../images.ts";
import {
  AT_RECORD,
  AT_ROW,
  AT_STATE,
  SLOT_AT_ENCODER,
  SLOT_FETCHING,
  SLOT_IN_ENCODER,
  SLOT_NUMBERS,
} from "../request-table.ts";
import type { RequestTable } from "../request-table.ts";
import { SlotList } from "../slot-list.ts";
import type { Worker } from "../worker.ts";
import { BREAK_DIES } from "./encoder-breaks.ts";
import type { EncoderBreaks } from "./encoder-breaks.ts";
import type { EmbeddingLinks } from "./encoder-links.ts";
import { firstUp, leastLoaded } from "./encoder-choice.ts";
import { EncoderStats } from "./encoder-stats.ts";
import type { EncoderSite } from "./resolve-encoders.ts";

export type EncoderParts = {
  readonly site: EncoderSite;
  readonly table: RequestTable;
  readonly images: Images;
  readonly links: EmbeddingLinks;
  readonly breaks: EncoderBreaks;
  /** Number of the first encoder worker, behind all others. */
  readonly firstId: number;
  /** Until it is known that a worker is gone, µs. */
  readonly connectErrorUs: number;
  /** The images of a request are encoded. */
  readonly encoded: (slot: number, nowUs: number) => void;
  /** A request is at its worker, its embeddings with it or not. */
  readonly arrived: (worker: Worker, slot: number, nowUs: number) => void;
};

export class Encoders {
  readonly stats = new EncoderStats();
  readonly site: EncoderSite;
  /** Time of each worker with a pass in progress, µs. */
  readonly busyUs: Float64Array;
  /** Requests whose embeddings are on their way to their worker. */
  readonly fetching: SlotList;
  private readonly parts: EncoderParts;
  private readonly queues: readonly SlotList[];
  private readonly passes: readonly SlotList[];
  private readonly startedUs: Float64Array;
  /** Images that wait at each worker or are in its pass. */
  private readonly load: Float64Array;
  private readonly isUp: Uint8Array;
  /** How often each worker has died: embeddings of an earlier life are gone. */
  private readonly life: Int32Array;
  private readonly ends = new EventQueue();
  private readonly notices = new EventQueue();
  private isDue = false;
  /** Of each slot: its encoder worker, its images, when it came, and where its embeddings go. */
  private readonly at: number[] = [];
  private readonly images: number[] = [];
  private readonly sinceUs: number[] = [];
  private readonly target: (Worker | undefined)[] = [];
  private readonly transfer: number[] = [];
  /** Of each request, by record, whose images are encoded and that is at no worker yet: life × workers + encoder worker. */
  private readonly held = new Map<number, number>();

  constructor(parts: EncoderParts) {
    const { table, site } = parts;
    const { workers } = site.knobs;
    const lists = (): SlotList[] => Array.from({ length: workers }, () => new SlotList(table));
    this.parts = parts;
    this.site = site;
    this.queues = lists();
    this.passes = lists();
    this.fetching = new SlotList(table);
    this.busyUs = new Float64Array(workers);
    this.startedUs = new Float64Array(workers).fill(NaN);
    this.load = new Float64Array(workers);
    this.isUp = new Uint8Array(workers).fill(1);
    this.life = new Int32Array(workers);
  }

  /** Time of the next event, µs; Infinity: none. */
  get nextUs(): number {
    return Math.min(this.ends.timeUs, this.notices.timeUs, this.parts.links.nextUs);
  }

  /** The same before `otherUs`. Workers that break keep no run going that has nothing left to do. */
  nextBefore(otherUs: number, run: { readonly unfinished: number }): number {
    const timeUs = Math.min(otherUs, this.nextUs);
    if (timeUs === Infinity && (this.parts.breaks.nextUs === Infinity || run.unfinished === 0)) {
      return Infinity;
    }
    return Math.min(timeUs, this.parts.breaks.nextUs);
  }

  /** Requests that wait for an encoder worker or are in one. */
  get count(): number {
    let count = 0;
    for (const list of this.queues) count += list.length;
    for (const list of this.passes) count += list.length;
    return count;
  }

  forEach(visit: (slot: number) => void): void {
    for (const list of this.queues) list.forEach(visit);
    for (const list of this.passes) list.forEach(visit);
  }

  /** Of requests on their way to workers that answer: how many, or each of them. */
  forEachFetching(visit: (slot: number, worker: number) => void): void {
    this.fetching.forEach((slot) => {
      const worker = this.target[slot / SLOT_NUMBERS]!;
      if (worker.batch.answers) visit(slot, worker.id);
    });
  }

  /** A request is let in; false: it brings no images, and goes to the router at once. */
  begin(slot: number, nowUs: number): boolean {
    const { table, images } = this.parts;
    const count = images.countOf(table, slot);
    // A request that is sent again brings nothing of the time before.
    const record = table.data[slot + AT_RECORD]!;
    this.held.delete(record);
    images.brought.delete(record);
    if (count === 0) return false;
    const place = slot / SLOT_NUMBERS;
    this.images[place] = count;
    this.sinceUs[place] = nowUs;
    this.stats.taken++;
    this.queue(slot);
    return true;
  }

  /** Everything that is due at `nowUs`; returns how many events. */
  advance(nowUs: number): number {
    const { breaks, links } = this.parts;
    let count = 0;
    for (; this.ends.timeUs === nowUs; count++) this.endPass(this.ends.pop(), nowUs);
    while (links.nextUs <= nowUs) {
      const slot = links.pop(nowUs);
      if (slot < 0) break;
      this.bring(slot, true, nowUs);
      count++;
    }
    for (; breaks.nextUs === nowUs; count++) {
      breaks.take((row, kind) => {
        if (kind === BREAK_DIES) this.die(row, nowUs);
        else this.rise(row);
      });
    }
    for (; this.notices.timeUs === nowUs; count++) this.moveAll(this.notices.pop());
    return count;
  }

  /** At the end of an instant: workers without a pass begin one. */
  start(nowUs: number): void {
    if (!this.isDue) return;
    this.isDue = false;
    for (let row = 0; row < this.queues.length; row++) {
      const isFree = this.isUp[row] === 1 && Number.isNaN(this.startedUs[row]!);
      if (isFree && this.queues[row]!.length > 0) this.startPass(row, nowUs);
    }
  }

  /**
   * A request is sent to a worker that will compute its prompt. True: its embeddings are on their way there, and it arrives
   * with them; false: it has none.
   */
  follow(worker: Worker, slot: number, nowUs: number): boolean {
    const { table, links, firstId, images, site } = this.parts;
    const record = table.data[slot + AT_RECORD]!;
    const held = this.held.get(record);
    if (held === undefined) return false;
    this.held.delete(record);
    const { length: workers } = this.queues;
    const row = held % workers;
    if (this.life[row] !== Math.floor(held / workers)) {
      this.stats.missed++;
      return false;
    }
    const place = slot / SLOT_NUMBERS;
    const count = images.countOf(table, slot);
    const bytes = count * site.imageBytes;
    this.stats.transfers++;
    this.stats.bytes += bytes;
    this.at[place] = row;
    this.target[place] = worker;
    this.sinceUs[place] = nowUs;
    table.data[slot + AT_STATE] = SLOT_FETCHING;
    this.fetching.pushBack(slot);
    this.transfer[place] = links.start(firstId + row, worker.id, bytes, count, slot, nowUs);
    return true;
  }

  /** A request that waits for its embeddings is given up; false: this one does not. Its slot is free then. */
  withdraw(slot: number, nowUs: number): boolean {
    const { table, links } = this.parts;
    if (table.data[slot + AT_STATE] !== SLOT_FETCHING) return false;
    links.cancel(this.transfer[slot / SLOT_NUMBERS]!, nowUs);
    this.fetching.remove(slot);
    table.give(slot);
    return true;
  }

  /** A request at an encoder worker is given up; false: this one is at none. Its slot is the caller's. */
  cancel(slot: number): boolean {
    const state = this.parts.table.data[slot + AT_STATE]!;
    if (state !== SLOT_AT_ENCODER && state !== SLOT_IN_ENCODER) return false;
    const place = slot / SLOT_NUMBERS;
    const row = this.at[place]!;
    // A pass that has begun takes as long without it.
    (state === SLOT_AT_ENCODER ? this.queues : this.passes)[row]!.remove(slot);
    this.load[row]! -= this.images[place]!;
    this.stats.left++;
    return true;
  }

  /** The run is over: time of passes in progress counts. */
  stop(nowUs: number): void {
    for (let row = 0; row < this.busyUs.length; row++) this.endBusy(row, nowUs);
  }

  /** @throws InvariantError when requests or images do not add up */
  audit(at: string): void {
    const { taken, served, left } = this.stats;
    const { count } = this;
    invariant(
      taken === served + left + count,
      `encoder law: of ${taken} requests ${served} were encoded, ${left} left, ${count} are here ${at}`,
    );
    const loads = new Float64Array(this.load.length);
    this.forEach((slot) => {
      loads[this.at[slot / SLOT_NUMBERS]!]! += this.images[slot / SLOT_NUMBERS]!;
    });
    for (let row = 0; row < loads.length; row++) {
      invariant(
        loads[row] === this.load[row],
        `encoder law: worker ${row} has ${loads[row]} images, ${this.load[row]} in its book ${at}`,
      );
    }
  }

  private queue(slot: number): void {
    const place = slot / SLOT_NUMBERS;
    const row = this.choose(slot);
    this.at[place] = row;
    this.parts.table.data[slot + AT_STATE] = SLOT_AT_ENCODER;
    this.queues[row]!.pushBack(slot);
    this.load[row]! += this.images[place]!;
    this.isDue = true;
  }

  /** Among workers that are up, or all where none is. */
  private choose(slot: number): number {
    const { images, table } = this.parts;
    const isByImage = this.site.knobs.choice === "by_image";
    const image = isByImage ? images.firstImage(table.data[slot + AT_ROW]!) : -1;
    return image < 0 ? leastLoaded(this.load, this.isUp) : firstUp(image, this.isUp);
  }

  private startPass(row: number, nowUs: number): void {
    const { table, images, site, firstId } = this.parts;
    const { knobs } = site;
    const queue = this.queues[row]!;
    const pass = this.passes[row]!;
    let asked = 0;
    let missing = 0;
    while (queue.length > 0) {
      const slot = queue.head;
      const place = slot / SLOT_NUMBERS;
      const own = this.images[place]!;
      if (asked > 0 && asked + own > knobs.max_images) break;
      asked += own;
      missing += images.toEncode(table, slot, 0, firstId + row, knobs.cache_tokens);
      queue.remove(slot);
      pass.pushBack(slot);
      table.data[slot + AT_STATE] = SLOT_IN_ENCODER;
      this.stats.waitUs.add(nowUs - this.sinceUs[place]!);
    }
    this.startedUs[row] = nowUs;
    this.ends.schedule(row, nowUs + Math.max(1, Math.round(site.passUs(missing))), 0);
  }

  private endPass(row: number, nowUs: number): void {
    const { table, encoded } = this.parts;
    const pass = this.passes[row]!;
    this.endBusy(row, nowUs);
    this.stats.passes++;
    this.isDue = true;
    while (pass.length > 0) {
      const slot = pass.head;
      const place = slot / SLOT_NUMBERS;
      const own = this.images[place]!;
      pass.remove(slot);
      this.load[row]! -= own;
      this.stats.served++;
      this.stats.images += own;
      this.stats.stageUs.add(nowUs - this.sinceUs[place]!);
      const life = this.life[row]!;
      this.held.set(table.data[slot + AT_RECORD]!, life * this.queues.length + row);
      encoded(slot, nowUs);
    }
  }

  private endBusy(row: number, nowUs: number): void {
    const startUs = this.startedUs[row]!;
    if (!Number.isNaN(startUs)) this.busyUs[row]! += nowUs - startUs;
    this.startedUs[row] = NaN;
  }

  /** A request is at its worker. */
  private bring(slot: number, isWhole: boolean, nowUs: number): void {
    const { table, images, arrived } = this.parts;
    const place = slot / SLOT_NUMBERS;
    const worker = this.target[place]!;
    this.fetching.remove(slot);
    if (isWhole) {
      images.brought.set(table.data[slot + AT_RECORD]!, worker.id);
      this.stats.transferUs.add(nowUs - this.sinceUs[place]!);
    } else this.stats.missed++;
    arrived(worker, slot, nowUs);
  }

  private die(row: number, nowUs: number): void {
    const { links, images, firstId, connectErrorUs, table } = this.parts;
    if (this.isUp[row] === 0) return;
    this.isUp[row] = 0;
    this.life[row]!++;
    this.stats.deaths++;
    this.endBusy(row, nowUs);
    this.ends.cancel(row);
    images.forget(firstId + row);
    const queue = this.queues[row]!;
    const pass = this.passes[row]!;
    while (pass.length > 0) {
      const slot = pass.tail;
      pass.remove(slot);
      table.data[slot + AT_STATE] = SLOT_AT_ENCODER;
      queue.pushFront(slot);
    }
    const lost: number[] = [];
    this.fetching.forEach((slot) => {
      if (this.at[slot / SLOT_NUMBERS] === row) lost.push(slot);
    });
    for (const slot of lost) {
      links.cancel(this.transfer[slot / SLOT_NUMBERS]!, nowUs);
      this.bring(slot, false, nowUs);
    }
    if (queue.length > 0) this.notices.schedule(row, nowUs + connectErrorUs, 0);
  }

  private rise(row: number): void {
    this.isUp[row] = 1;
    this.isDue = true;
    // Whoever has found nobody up goes on here.
    for (let other = 0; other < this.queues.length; other++) {
      if (this.isUp[other] === 0 && !this.notices.isPending(other)) this.moveAll(other);
    }
  }

  /** Who waits at a worker that has died goes to another; where none is up, everybody stays. */
  private moveAll(row: number): void {
    if (this.isUp[row] === 1 || !this.isUp.includes(1)) return;
    const queue = this.queues[row]!;
    while (queue.length > 0) {
      const slot = queue.head;
      queue.remove(slot);
      this.load[row]! -= this.images[slot / SLOT_NUMBERS]!;
      this.stats.moved++;
      this.queue(slot);
    }
  }
}
