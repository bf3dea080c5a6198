/**
 * The decoding requests of a worker by the step at which they finish, then by order of admission: a binary heap
 * that answers "when does the batch shrink next" without walking the batch. The heaps of all workers live in one
 * arena: a typed array of its own would cost each of ten thousand workers more than its heap.
 */

/** Numbers per node: step, order, slot. */
const STRIDE = 3;
const ORDER = 1;
const SLOT = 2;
/** Size classes of regions: capacities of 2^class nodes. */
const CLASSES = 32;
const FIRST_CLASS = 2;
const NONE = -1;

/** Regions of 2^class nodes in one array; given back regions are used again. */
export class HeapArena {
  nodes = new Float64Array(1024);
  private used = 0;
  /** First free region of each class; a free region's first number is the next one. */
  private readonly free = new Float64Array(CLASSES).fill(NONE);

  take(sizeClass: number): number {
    const region = this.free[sizeClass]!;
    if (region !== NONE) {
      this.free[sizeClass] = this.nodes[region]!;
      return region;
    }
    const start = this.used;
    this.used += STRIDE << sizeClass;
    if (this.used > this.nodes.length) {
      const grown = new Float64Array(Math.max(this.used, this.nodes.length * 2));
      grown.set(this.nodes);
      this.nodes = grown;
    }
    return start;
  }

  give(region: number, sizeClass: number): void {
    this.nodes[region] = this.free[sizeClass]!;
    this.free[sizeClass] = region;
  }
}

export class FinishHeap {
  size = 0;
  private readonly arena: HeapArena;
  private base = NONE;
  private sizeClass = FIRST_CLASS - 1;

  constructor(arena: HeapArena) {
    this.arena = arena;
  }

  /** Step of the earliest finish; Infinity when empty. */
  get firstStep(): number {
    return this.size === 0 ? Infinity : this.arena.nodes[this.base]!;
  }

  push(slot: number, step: number, order: number): void {
    if (this.base === NONE || this.size === 1 << this.sizeClass) this.grow();
    this.siftUp(this.size++, slot, step, order);
  }

  /** Removes the earliest and returns its slot. */
  pop(): number {
    const slot = this.arena.nodes[this.base + SLOT]!;
    this.removeAt(0);
    return slot;
  }

  /** Removes a request that leaves early; O(size), which only preemption pays. */
  remove(slot: number): void {
    const { nodes } = this.arena;
    for (let i = 0; i < this.size; i++) {
      if (nodes[this.base + i * STRIDE + SLOT] === slot) {
        this.removeAt(i);
        return;
      }
    }
  }

  private grow(): void {
    const { arena, base } = this;
    const from = this.sizeClass++;
    this.base = arena.take(this.sizeClass);
    if (base === NONE) return;
    arena.nodes.copyWithin(this.base, base, base + (STRIDE << from));
    arena.give(base, from);
  }

  private removeAt(index: number): void {
    const { nodes } = this.arena;
    const last = --this.size;
    if (index === last) return;
    const from = this.base + last * STRIDE;
    const step = nodes[from]!;
    const order = nodes[from + ORDER]!;
    const slot = nodes[from + SLOT]!;
    if (index > 0 && this.before(step, order, (index - 1) >> 1)) {
      this.siftUp(index, slot, step, order);
    } else this.siftDown(index, slot, step, order);
  }

  private before(step: number, order: number, index: number): boolean {
    const { nodes } = this.arena;
    const at = this.base + index * STRIDE;
    const other = nodes[at]!;
    return step < other || (step === other && order < nodes[at + ORDER]!);
  }

  private place(index: number, slot: number, step: number, order: number): void {
    const { nodes } = this.arena;
    const at = this.base + index * STRIDE;
    nodes[at] = step;
    nodes[at + ORDER] = order;
    nodes[at + SLOT] = slot;
  }

  private move(from: number, to: number): void {
    const { nodes } = this.arena;
    const source = this.base + from * STRIDE;
    const target = this.base + to * STRIDE;
    nodes[target] = nodes[source]!;
    nodes[target + ORDER] = nodes[source + ORDER]!;
    nodes[target + SLOT] = nodes[source + SLOT]!;
  }

  private siftUp(from: number, slot: number, step: number, order: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.before(step, order, parent)) break;
      this.move(parent, index);
      index = parent;
    }
    this.place(index, slot, step, order);
  }

  private siftDown(from: number, slot: number, step: number, order: number): void {
    const { nodes } = this.arena;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.size) break;
      const right = this.base + (child + 1) * STRIDE;
      if (child + 1 < this.size && this.before(nodes[right]!, nodes[right + ORDER]!, child)) {
        child++;
      }
      if (this.before(step, order, child)) break;
      this.move(child, index);
      index = child;
    }
    this.place(index, slot, step, order);
  }
}
