/** What moves keys and values from worker to worker; `PrivateLinks` is the simplest: every transfer has a link to itself. */

import { EventQueue } from "../../core/index.ts";

export interface TransferLinks {
  /** Time of the next event of the links, µs; Infinity: nothing moves. */
  readonly nextUs: number;
  /**
   * Starts to move `bytes` in `blocks` pieces between two workers, by number; returns the transfer, valid until it ends or
   * is cancelled. It takes at least 1 µs.
   */
  start(
    from: number,
    to: number,
    bytes: number,
    blocks: number,
    tag: number,
    nowUs: number,
  ): number;
  cancel(transfer: number, nowUs: number): void;
  /** A worker has this share of its bandwidth left, 0: its transfers stand still. Absent where links have names. */
  setScale?(worker: number, scale: number, nowUs: number): void;
  /** Tag of the next transfer that ends at `nowUs`; −1: no more do. */
  pop(nowUs: number): number;
}

const BYTES_PER_GB_US = 1e3;
const NONE = -1;

type Transfer = {
  tag: number;
  from: number;
  to: number;
  /** Bytes left at `anchorUs`, from which on they move at `rate` a µs. */
  left: number;
  anchorUs: number;
  rate: number;
};

/** Independent transfers: set-up, then bytes ÷ bandwidth, rounded up to a whole µs. */
export class PrivateLinks implements TransferLinks {
  private readonly bytesPerUs: number;
  private readonly setupUs: number;
  private readonly queue = new EventQueue();
  private readonly transfers: Transfer[] = [];
  private readonly free: number[] = [];
  /** Share of its bandwidth that a worker has left; absent: all. */
  private readonly scales = new Map<number, number>();

  constructor(bandwidthGbPerS: number, setupUs: number) {
    this.bytesPerUs = bandwidthGbPerS * BYTES_PER_GB_US;
    this.setupUs = setupUs;
  }

  get nextUs(): number {
    return this.queue.timeUs;
  }

  start(
    from: number,
    to: number,
    bytes: number,
    _blocks: number,
    tag: number,
    nowUs: number,
  ): number {
    const id = this.free.pop() ?? this.transfers.length;
    const rate = this.rateOf(from, to);
    this.transfers[id] = { tag, from, to, left: bytes, anchorUs: nowUs + this.setupUs, rate };
    this.plan(id, nowUs);
    return id;
  }

  cancel(transfer: number): void {
    this.queue.cancel(transfer);
    this.free.push(transfer);
    this.transfers[transfer]!.tag = NONE;
  }

  pop(nowUs: number): number {
    if (this.queue.timeUs !== nowUs) return NONE;
    const id = this.queue.pop();
    const { tag } = this.transfers[id]!;
    this.transfers[id]!.tag = NONE;
    this.free.push(id);
    return tag;
  }

  setScale(worker: number, scale: number, nowUs: number): void {
    this.scales.set(worker, scale);
    this.transfers.forEach((transfer, id) => {
      const { tag, from, to, rate } = transfer;
      if (tag === NONE || (from !== worker && to !== worker)) return;
      const movedUs = nowUs - transfer.anchorUs;
      if (movedUs > 0) {
        transfer.left = Math.max(0, transfer.left - movedUs * rate);
        transfer.anchorUs = nowUs;
      }
      transfer.rate = this.rateOf(from, to);
      this.plan(id, nowUs);
    });
  }

  private rateOf(from: number, to: number): number {
    const scale = Math.min(this.scales.get(from) ?? 1, this.scales.get(to) ?? 1);
    return this.bytesPerUs * scale;
  }

  private plan(id: number, nowUs: number): void {
    const { left, anchorUs, rate } = this.transfers[id]!;
    if (rate === 0 && left > 0) this.queue.cancel(id);
    else {
      const endUs = left === 0 ? anchorUs : anchorUs + left / rate;
      this.queue.schedule(id, Math.max(nowUs + 1, Math.ceil(endUs)), 0);
    }
  }
}
