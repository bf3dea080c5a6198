/**
 * Links: what can carry bytes, in one direction each unless the kind is shared (a memory bus). A link may stand for several equal
 * ones that every flow loads evenly (the NICs of a worker's GPUs).
 *
 * Rates are whole numbers of 1/256 byte/µs (4 kB/s), so that rate × time is exact in a float64: a flow that is anchored anew ends at
 * the same µs, and the bytes of a link are those of its flows, to the byte.
 */

import { invariant } from "../../core/index.ts";

/** Parts of a byte in the engine's rates and amounts. */
export const UNITS_PER_BYTE = 256;
/** Parts are moved to whole bytes beyond this, long before 2^53. */
const PARTS_MAX = 0x1_0000_0000_0000;

export type LinkSpec = {
  readonly name: string;
  /** nvlink, pcie, c2c, nic, leaf, dram, nvme, store. */
  readonly kind: string;
  /** Whose it is; −1: no node's, such as a leaf switch's. */
  readonly node: number;
  /** What payloads get: line rate × efficiency × members, bytes/µs. */
  readonly bytesPerUs: number;
  /** Equal links that this one stands for. */
  readonly members: number;
};

export class Links {
  readonly specs: readonly LinkSpec[];
  readonly count: number;
  /** Units/µs without faults, and now. */
  readonly nominal: Float64Array;
  readonly capacity: Float64Array;
  /** First incidence of the flows that cross a link, −1: none. */
  readonly head: Int32Array;
  /** The same of those that are being set up and will cross it. */
  readonly headSetup: Int32Array;
  /** Weighted lanes of the flows that cross it. */
  readonly lanes: Float64Array;
  /** Units/µs that its flows could take if this link were infinitely fast: at most its capacity, and it limits nobody. */
  readonly demand: Float64Array;
  /** Units/µs that cross it now. */
  readonly rate: Float64Array;
  readonly flows: Int32Array;
  /** Most flows at once. */
  readonly flowsPeak: Int32Array;
  private readonly anchorUs: Float64Array;
  private readonly parts: Float64Array;
  private readonly wholeBytes: Float64Array;
  private readonly busySinceUs: Float64Array;
  private readonly busyUs: Float64Array;

  constructor(specs: readonly LinkSpec[]) {
    const count = specs.length;
    this.specs = specs;
    this.count = count;
    this.nominal = Float64Array.from(specs, ({ bytesPerUs }) =>
      Math.floor(bytesPerUs * UNITS_PER_BYTE),
    );
    invariant(
      this.nominal.every((units) => units > 0 && units <= Number.MAX_SAFE_INTEGER),
      "a link without a rate",
    );
    this.capacity = this.nominal.slice();
    this.head = new Int32Array(count).fill(-1);
    this.headSetup = new Int32Array(count).fill(-1);
    this.lanes = new Float64Array(count);
    this.demand = new Float64Array(count);
    this.rate = new Float64Array(count);
    this.flows = new Int32Array(count);
    this.flowsPeak = new Int32Array(count);
    this.anchorUs = new Float64Array(count);
    this.parts = new Float64Array(count);
    this.wholeBytes = new Float64Array(count);
    this.busySinceUs = new Float64Array(count);
    this.busyUs = new Float64Array(count);
  }

  /** Counts what crossed since the last change. */
  settle(link: number, nowUs: number): void {
    const spanUs = nowUs - this.anchorUs[link]!;
    if (spanUs === 0) return;
    this.anchorUs[link] = nowUs;
    const rate = this.rate[link]!;
    if (rate > 0) this.add(link, rate * spanUs);
  }

  /** Adds units that crossed (negative: that did not, after all). */
  add(link: number, units: number): void {
    const parts = this.parts[link]! + units;
    if (parts < PARTS_MAX) {
      this.parts[link] = parts;
      return;
    }
    const bytes = Math.floor(parts / UNITS_PER_BYTE);
    this.wholeBytes[link]! += bytes;
    this.parts[link] = parts - bytes * UNITS_PER_BYTE;
  }

  flowJoined(link: number, nowUs: number): void {
    const flows = ++this.flows[link]!;
    if (flows === 1) this.busySinceUs[link] = nowUs;
    if (flows > this.flowsPeak[link]!) this.flowsPeak[link] = flows;
  }

  flowLeft(link: number, nowUs: number): void {
    if (--this.flows[link]! === 0) this.busyUs[link]! += nowUs - this.busySinceUs[link]!;
  }

  /** Bytes carried until now, with the fraction of a byte in flight. */
  bytesAt(link: number, nowUs: number): number {
    const since = this.rate[link]! * (nowUs - this.anchorUs[link]!);
    return this.wholeBytes[link]! + (this.parts[link]! + since) / UNITS_PER_BYTE;
  }

  /** Time with at least one flow until now, µs. */
  busyAt(link: number, nowUs: number): number {
    const open = this.flows[link]! > 0 ? nowUs - this.busySinceUs[link]! : 0;
    return this.busyUs[link]! + open;
  }
}
