/**
 * Growable typed columns: numbers pushed one at a time into a typed array that doubles on demand.
 *
 * The three classes repeat each other on purpose: one class over any typed array would make every
 * element access polymorphic, several times slower in the loops these exist for.
 */
import { invariant } from "./result.ts";

// Assumption: most columns hold thousands of rows, and the few short ones should stay small.
const CAPACITY_MIN = 16;

/** Column of float64 numbers. */
export class F64Column {
  private data: Float64Array;
  private used = 0;

  /** @param capacity number of elements to make room for */
  constructor(capacity = CAPACITY_MIN) {
    this.data = new Float64Array(Math.max(CAPACITY_MIN, Math.ceil(capacity)));
  }

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.used === this.data.length) this.grow();
    this.data[this.used++] = value;
  }

  /** @throws InvariantError outside 0 ≤ index < length */
  at(index: number): number {
    invariant(index >= 0 && index < this.used, `column index ${index} of ${this.used}`);
    return this.data[index]!;
  }

  /** @throws InvariantError outside 0 ≤ index < length */
  set(index: number, value: number): void {
    invariant(index >= 0 && index < this.used, `column index ${index} of ${this.used}`);
    this.data[index] = value;
  }

  /**
   * The elements as a typed array of `length`, without copying; a later push may leave it stale.
   */
  view(): Float64Array {
    return this.data.subarray(0, this.used);
  }

  private grow(): void {
    const data = new Float64Array(2 * this.data.length);
    data.set(this.data);
    this.data = data;
  }
}

/** Column of integers 0 to 2^32 − 1; others wrap as typed arrays do. */
export class U32Column {
  private data: Uint32Array;
  private used = 0;

  /** @param capacity number of elements to make room for */
  constructor(capacity = CAPACITY_MIN) {
    this.data = new Uint32Array(Math.max(CAPACITY_MIN, Math.ceil(capacity)));
  }

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.used === this.data.length) this.grow();
    this.data[this.used++] = value;
  }

  /** @throws InvariantError outside 0 ≤ index < length */
  at(index: number): number {
    invariant(index >= 0 && index < this.used, `column index ${index} of ${this.used}`);
    return this.data[index]!;
  }

  /** @throws InvariantError outside 0 ≤ index < length */
  set(index: number, value: number): void {
    invariant(index >= 0 && index < this.used, `column index ${index} of ${this.used}`);
    this.data[index] = value;
  }

  /**
   * The elements as a typed array of `length`, without copying; a later push may leave it stale.
   */
  view(): Uint32Array {
    return this.data.subarray(0, this.used);
  }

  private grow(): void {
    const data = new Uint32Array(2 * this.data.length);
    data.set(this.data);
    this.data = data;
  }
}

/** Column of integers −2^31 to 2^31 − 1; others wrap as typed arrays do. */
export class I32Column {
  private data: Int32Array;
  private used = 0;

  /** @param capacity number of elements to make room for */
  constructor(capacity = CAPACITY_MIN) {
    this.data = new Int32Array(Math.max(CAPACITY_MIN, Math.ceil(capacity)));
  }

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.used === this.data.length) this.grow();
    this.data[this.used++] = value;
  }

  /** @throws InvariantError outside 0 ≤ index < length */
  at(index: number): number {
    invariant(index >= 0 && index < this.used, `column index ${index} of ${this.used}`);
    return this.data[index]!;
  }

  /** @throws InvariantError outside 0 ≤ index < length */
  set(index: number, value: number): void {
    invariant(index >= 0 && index < this.used, `column index ${index} of ${this.used}`);
    this.data[index] = value;
  }

  /**
   * The elements as a typed array of `length`, without copying; a later push may leave it stale.
   */
  view(): Int32Array {
    return this.data.subarray(0, this.used);
  }

  private grow(): void {
    const data = new Int32Array(2 * this.data.length);
    data.set(this.data);
    this.data = data;
  }
}
