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
  /** Tag of the next transfer that ends at `nowUs`; −1: no more do. */
  pop(nowUs: number): number;
}

const BYTES_PER_GB_US = 1e3;

/** Independent transfers: set-up, then bytes ÷ bandwidth, rounded up to a whole µs. */
export class PrivateLinks implements TransferLinks {
  private readonly bytesPerUs: number;
  private readonly setupUs: number;
  private readonly queue = new EventQueue();
  private readonly tags: number[] = [];
  private readonly free: number[] = [];

  constructor(bandwidthGbPerS: number, setupUs: number) {
    this.bytesPerUs = bandwidthGbPerS * BYTES_PER_GB_US;
    this.setupUs = setupUs;
  }

  get nextUs(): number {
    return this.queue.timeUs;
  }

  start(_from: number, _to: number, bytes: number, _blocks: number, tag: number, nowUs: number) {
    const transfer = this.free.pop() ?? this.tags.length;
    this.tags[transfer] = tag;
    const us = Math.max(1, Math.ceil(this.setupUs + bytes / this.bytesPerUs));
    this.queue.schedule(transfer, nowUs + us, 0);
    return transfer;
  }

  cancel(transfer: number): void {
    this.queue.cancel(transfer);
    this.free.push(transfer);
  }

  pop(nowUs: number): number {
    if (this.queue.timeUs !== nowUs) return -1;
    const transfer = this.queue.pop();
    this.free.push(transfer);
    return this.tags[transfer]!;
  }
}
