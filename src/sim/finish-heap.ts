/**
 * The decoding requests of a worker by the step at which they finish, then by order of admission: a binary heap
 * that answers "when does the batch shrink next" without walking the batch. Nodes lie side by side in one array, so
 * that a worker among thousands costs few cache lines.
 */

/** Numbers per node: step, order, slot. */
const STRIDE = 3;
const ORDER = 1;
const SLOT = 2;

export class FinishHeap {
  size = 0;
  private nodes = new Float64Array(2 * STRIDE);

  /** Step of the earliest finish; Infinity when empty. */
  get firstStep(): number {
    return this.size === 0 ? Infinity : this.nodes[0]!;
  }

  push(slot: number, step: number, order: number): void {
    if ((this.size + 1) * STRIDE > this.nodes.length) {
      const grown = new Float64Array(this.nodes.length * 2);
      grown.set(this.nodes);
      this.nodes = grown;
    }
    this.siftUp(this.size++, slot, step, order);
  }

  /** Removes the earliest and returns its slot. */
  pop(): number {
    const slot = this.nodes[SLOT]!;
    this.removeAt(0);
    return slot;
  }

  /** Removes a request that leaves early; O(size), which only preemption pays. */
  remove(slot: number): void {
    for (let i = 0; i < this.size; i++) {
      if (this.nodes[i * STRIDE + SLOT] === slot) {
        this.removeAt(i);
        return;
      }
    }
  }

  private removeAt(index: number): void {
    const { nodes } = this;
    const last = --this.size;
    if (index === last) return;
    const from = last * STRIDE;
    const step = nodes[from]!;
    const order = nodes[from + ORDER]!;
    const slot = nodes[from + SLOT]!;
    if (index > 0 && this.before(step, order, (index - 1) >> 1)) {
      this.siftUp(index, slot, step, order);
    } else this.siftDown(index, slot, step, order);
  }

  private before(step: number, order: number, index: number): boolean {
    const at = index * STRIDE;
    const other = this.nodes[at]!;
    return step < other || (step === other && order < this.nodes[at + ORDER]!);
  }

  private place(index: number, slot: number, step: number, order: number): void {
    const at = index * STRIDE;
    this.nodes[at] = step;
    this.nodes[at + ORDER] = order;
    this.nodes[at + SLOT] = slot;
  }

  private move(from: number, to: number): void {
    const { nodes } = this;
    const source = from * STRIDE;
    const target = to * STRIDE;
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
    const { nodes } = this;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.size) break;
      const right = (child + 1) * STRIDE;
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
