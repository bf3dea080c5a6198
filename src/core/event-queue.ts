/**
 * The engine's event queue: at most one pending event per source, in one total order.
 *
 * A source (a worker, the arrival cursor, a fault script, …) owns a small integer id and at most
 * one pending event. Events sort by (time, kind, source). The source id is the stable sequence
 * number, so the order never depends on how often or in what order events were scheduled: a run
 * that reschedules an event many times meets the others exactly like a run that schedules it once.
 *
 * A 4-ary heap over parallel typed arrays: the times of the four children of a node share a cache
 * line, and nothing is allocated per event.
 */
import { invariant, InvariantError } from "./result.ts";

// 4 children: fewer levels than a binary heap, and the children are contiguous.
const ARITY_SHIFT = 2;
// Assumption: small enough not to matter, large enough to skip early growth.
const CAPACITY_MIN = 16;
const ABSENT = -1;

export class EventQueue {
  // Heap order.
  private heapTimeUs: Float64Array;
  private heapSource: Int32Array;
  // By source.
  private kindOf: Int32Array;
  private positionOf: Int32Array;
  private pending = 0;

  /** @param capacity number of sources to make room for; the queue grows beyond it on demand. */
  constructor(capacity = CAPACITY_MIN) {
    const room = Math.max(CAPACITY_MIN, Math.ceil(capacity));
    this.heapTimeUs = new Float64Array(room);
    this.heapSource = new Int32Array(room);
    this.kindOf = new Int32Array(room);
    this.positionOf = new Int32Array(room).fill(ABSENT);
  }

  /** Number of pending events. */
  get size(): number {
    return this.pending;
  }

  /** Time of the earliest event, µs; Infinity when the queue is empty. */
  get timeUs(): number {
    return this.pending === 0 ? Infinity : this.heapTimeUs[0]!;
  }

  /** Kind of the earliest event; −1 when the queue is empty. */
  get kind(): number {
    return this.pending === 0 ? ABSENT : this.kindOf[this.heapSource[0]!]!;
  }

  /** Source of the earliest event; −1 when the queue is empty. */
  get source(): number {
    return this.pending === 0 ? ABSENT : this.heapSource[0]!;
  }

  /** Whether the source has a pending event. */
  isPending(source: number): boolean {
    return source < this.positionOf.length && this.positionOf[source]! >= 0;
  }

  /**
   * Inserts the source's event, or moves the one it has pending. Moving the earliest event in place
   * (without `pop` before) costs one sift instead of two.
   *
   * @param source integer ≥ 0; memory grows with the largest source, so number sources densely
   * @param timeUs finite
   * @param kind 32-bit integer; lower kinds come first among equal times
   * @throws InvariantError on a time that is NaN or infinite, or a source that is not an integer ≥
   *   0
   */
  schedule(source: number, timeUs: number, kind: number): void {
    // Infinite and NaN differences are NaN, which equals nothing: one comparison catches all three.
    if (timeUs - timeUs !== 0) throw new InvariantError(`event time ${timeUs} is not finite`);
    if (source >= this.positionOf.length || source < 0) this.grow(source);
    let at = this.positionOf[source]!;
    if (at === undefined) throw new InvariantError(`event source ${source} is not an integer`);
    this.kindOf[source] = kind;
    if (at < 0) at = this.pending++;
    const hole = this.siftUp(at, timeUs, kind, source);
    if (hole === at) this.siftDown(at, timeUs, kind, source);
  }

  /** Removes the source's pending event, if it has one. */
  cancel(source: number): void {
    if (!this.isPending(source)) return;
    this.removeAt(this.positionOf[source]!);
  }

  /**
   * Removes the earliest event and returns its source.
   *
   * @throws InvariantError when the queue is empty
   */
  pop(): number {
    invariant(this.pending > 0, "pop from an empty event queue");
    const source = this.heapSource[0]!;
    this.removeAt(0);
    return source;
  }

  private removeAt(at: number): void {
    const last = --this.pending;
    this.positionOf[this.heapSource[at]!] = ABSENT;
    if (at === last) return;
    const source = this.heapSource[last]!;
    const timeUs = this.heapTimeUs[last]!;
    const kind = this.kindOf[source]!;
    const hole = at === 0 ? 0 : this.siftUp(at, timeUs, kind, source);
    if (hole === at) this.siftDown(at, timeUs, kind, source);
  }

  /**
   * Moves the hole at `at` towards the root while its parent is later; fills it; returns its place.
   */
  private siftUp(at: number, timeUs: number, kind: number, source: number): number {
    const times = this.heapTimeUs;
    const sources = this.heapSource;
    const positions = this.positionOf;
    let hole = at;
    while (hole > 0) {
      const parent = (hole - 1) >> ARITY_SHIFT;
      const parentTimeUs = times[parent]!;
      const parentSource = sources[parent]!;
      if (timeUs > parentTimeUs) break;
      if (timeUs === parentTimeUs && !this.tieBefore(kind, source, parentSource)) break;
      times[hole] = parentTimeUs;
      sources[hole] = parentSource;
      positions[parentSource] = hole;
      hole = parent;
    }
    times[hole] = timeUs;
    sources[hole] = source;
    positions[source] = hole;
    return hole;
  }

  /** Moves the hole at `at` away from the root while a child is earlier; fills it. */
  private siftDown(at: number, timeUs: number, kind: number, source: number): void {
    const times = this.heapTimeUs;
    const sources = this.heapSource;
    const positions = this.positionOf;
    const pending = this.pending;
    let hole = at;
    for (;;) {
      const first = (hole << ARITY_SHIFT) + 1;
      if (first >= pending) break;
      const end = Math.min(first + (1 << ARITY_SHIFT), pending);
      let best = first;
      let bestTimeUs = times[first]!;
      for (let child = first + 1; child < end; child++) {
        const childTimeUs = times[child]!;
        if (childTimeUs > bestTimeUs) continue;
        if (childTimeUs === bestTimeUs) {
          const childSource = sources[child]!;
          if (!this.tieBefore(this.kindOf[childSource]!, childSource, sources[best]!)) continue;
        }
        best = child;
        bestTimeUs = childTimeUs;
      }
      if (timeUs < bestTimeUs) break;
      const bestSource = sources[best]!;
      if (timeUs === bestTimeUs && this.tieBefore(kind, source, bestSource)) break;
      times[hole] = bestTimeUs;
      sources[hole] = bestSource;
      positions[bestSource] = hole;
      hole = best;
    }
    times[hole] = timeUs;
    sources[hole] = source;
    positions[source] = hole;
  }

  /** Order of two events at the same time: kind, then source. */
  private tieBefore(kind: number, source: number, otherSource: number): boolean {
    const otherKind = this.kindOf[otherSource]!;
    return kind < otherKind || (kind === otherKind && source < otherSource);
  }

  private grow(source: number): void {
    invariant(
      Number.isInteger(source) && source >= 0 && source < 0x4000_0000,
      `event source ${source} is not an integer from 0 to 2^30 − 1`,
    );
    const room = Math.max(2 * this.positionOf.length, source + 1);
    const heapTimeUs = new Float64Array(room);
    const heapSource = new Int32Array(room);
    const kindOf = new Int32Array(room);
    const positionOf = new Int32Array(room).fill(ABSENT);
    heapTimeUs.set(this.heapTimeUs);
    heapSource.set(this.heapSource);
    kindOf.set(this.kindOf);
    positionOf.set(this.positionOf);
    this.heapTimeUs = heapTimeUs;
    this.heapSource = heapSource;
    this.kindOf = kindOf;
    this.positionOf = positionOf;
  }
}
