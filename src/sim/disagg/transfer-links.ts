/** What moves keys and values from worker to worker; `PrivateLinks` is the simplest: every transfer has a link to itself. */

import { EventQueue } from "../../core/index.ts";

export type TransferWatch = (tag: number, from: number, to: number, nowUs: number) => void;

export interface TransferLinks {
  /** Time of the next event of the links, µs; Infinity: nothing moves. */
  readonly nextUs: number;
  /**
   * Starts to move `bytes` in `blocks` pieces between two workers, by number; returns the transfer, valid until it ends or
   * is cancelled. It takes at least 1 µs. `sourceEndUs`: until then a forward pass makes the bytes, layer by layer; NaN: all are there.
   */
  start(
    from: number,
    to: number,
    bytes: number,
    blocks: number,
    tag: number,
    nowUs: number,
    sourceEndUs?: number,
  ): number;
  cancel(transfer: number, nowUs: number): void;
  /** A worker has this share of its bandwidth left, 0: its transfers stand still. Absent where links have names. */
  setScale?(worker: number, scale: number, nowUs: number): void;
  /** Tells of every transfer between two workers, now under way or from now on, by its tag. Absent where links have names. */
  watch?(tell: TransferWatch, nowUs: number): void;
  /** Tag of the next transfer that ends at `nowUs`; −1: no more do. */
  pop(nowUs: number): number;
}

const BYTES_PER_GB_US = 1e3;
const NONE = -1;

/** Layers of a model where no card says (Llama-3.1-8B). */
export const LAYERS_DEFAULT = 32;

type Transfer = {
  tag: number;
  from: number;
  to: number;
  /** Bytes left at `anchorUs`, from which on they move at `rate` a µs. */
  left: number;
  anchorUs: number;
  rate: number;
  /** Until then no more than `made` bytes a µs can move: a forward pass makes them; −Infinity: all are there. */
  sourceEndUs: number;
  made: number;
};

/**
 * Independent transfers: set-up, then bytes ÷ bandwidth, rounded up to a whole µs. While a forward pass makes the bytes evenly, the last of the
 * layers at its end, they move no faster than they are made (the network's `sourceEndUs` is the same rule).
 */
export class PrivateLinks implements TransferLinks {
  private readonly bytesPerUs: number;
  private readonly setupUs: number;
  private readonly layers: number;
  private readonly queue = new EventQueue();
  private readonly transfers: Transfer[] = [];
  private readonly free: number[] = [];
  /** Share of its bandwidth that a worker has left; absent: all. */
  private readonly scales = new Map<number, number>();
  private tell: TransferWatch | undefined;

  constructor(bandwidthGbPerS: number, setupUs: number, layers = LAYERS_DEFAULT) {
    this.bytesPerUs = bandwidthGbPerS * BYTES_PER_GB_US;
    this.setupUs = setupUs;
    this.layers = layers;
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
    sourceEndUs = NaN,
  ): number {
    const id = this.free.pop() ?? this.transfers.length;
    const rate = this.rateOf(from, to);
    const { layers, setupUs } = this;
    const endUs = Number.isNaN(sourceEndUs) ? -Infinity : sourceEndUs;
    const made = (bytes * (layers - 1)) / layers / (endUs - nowUs);
    const anchorUs = nowUs + setupUs;
    this.transfers[id] = { tag, from, to, left: bytes, anchorUs, rate, sourceEndUs: endUs, made };
    this.plan(id, nowUs);
    this.tell?.(tag, from, to, nowUs);
    return id;
  }

  watch(tell: TransferWatch, nowUs: number): void {
    this.tell = tell;
    for (const { tag, from, to } of this.transfers) if (tag !== NONE) tell(tag, from, to, nowUs);
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
      const { tag, from, to } = transfer;
      if (tag === NONE || (from !== worker && to !== worker)) return;
      if (nowUs > transfer.anchorUs) {
        transfer.left = leftAt(transfer, nowUs);
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
    const transfer = this.transfers[id]!;
    const fromUs = Math.max(transfer.anchorUs, transfer.sourceEndUs);
    const left = leftAt(transfer, fromUs);
    if (transfer.rate === 0 && left > 0) this.queue.cancel(id);
    else {
      const endUs = left === 0 ? fromUs : fromUs + left / transfer.rate;
      this.queue.schedule(id, Math.max(nowUs + 1, Math.ceil(endUs)), 0);
    }
  }
}

/** Bytes of a transfer left at a time after its anchor, with its rate as it is. */
function leftAt({ left, anchorUs, rate, sourceEndUs, made }: Transfer, timeUs: number): number {
  const cappedUs = Math.max(0, Math.min(timeUs, sourceEndUs) - anchorUs);
  const freeUs = Math.max(0, timeUs - Math.max(anchorUs, sourceEndUs));
  const capped = cappedUs > 0 ? cappedUs * Math.min(rate, made) : 0;
  return Math.max(0, left - capped - (freeUs > 0 ? freeUs * rate : 0));
}
