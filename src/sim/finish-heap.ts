/**
 * The decoding requests of a worker by the step at which they finish, then by order of admission: a binary heap
 * that answers "when does the batch shrink next" without walking the batch.
 */

export class FinishHeap {
  size = 0;
  private step = new Float64Array(8);
  private order = new Float64Array(8);
  private slot = new Int32Array(8);

  /** Step of the earliest finish; Infinity when empty. */
  get firstStep(): number {
    return this.size === 0 ? Infinity : this.step[0]!;
  }

  push(slot: number, step: number, order: number): void {
    if (this.size === this.slot.length) this.grow();
    this.siftUp(this.size++, slot, step, order);
  }

  /** Removes the earliest and returns its slot. */
  pop(): number {
    const slot = this.slot[0]!;
    this.removeAt(0);
    return slot;
  }

  /** Removes a request that leaves early; O(size), which only preemption pays. */
  remove(slot: number): void {
    for (let i = 0; i < this.size; i++) {
      if (this.slot[i] === slot) {
        this.removeAt(i);
        return;
      }
    }
  }

  private removeAt(index: number): void {
    const last = --this.size;
    if (index === last) return;
    const slot = this.slot[last]!;
    const step = this.step[last]!;
    const order = this.order[last]!;
    if (index > 0 && this.before(step, order, (index - 1) >> 1)) {
      this.siftUp(index, slot, step, order);
    } else this.siftDown(index, slot, step, order);
  }

  private before(step: number, order: number, index: number): boolean {
    const other = this.step[index]!;
    return step < other || (step === other && order < this.order[index]!);
  }

  private place(index: number, slot: number, step: number, order: number): void {
    this.slot[index] = slot;
    this.step[index] = step;
    this.order[index] = order;
  }

  private siftUp(from: number, slot: number, step: number, order: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.before(step, order, parent)) break;
      this.place(index, this.slot[parent]!, this.step[parent]!, this.order[parent]!);
      index = parent;
    }
    this.place(index, slot, step, order);
  }

  private siftDown(from: number, slot: number, step: number, order: number): void {
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.size) break;
      if (
        child + 1 < this.size &&
        this.before(this.step[child + 1]!, this.order[child + 1]!, child)
      ) {
        child++;
      }
      if (this.before(step, order, child)) break;
      this.place(index, this.slot[child]!, this.step[child]!, this.order[child]!);
      index = child;
    }
    this.place(index, slot, step, order);
  }

  private grow(): void {
    const capacity = this.slot.length * 2;
    const step = new Float64Array(capacity);
    const order = new Float64Array(capacity);
    const slot = new Int32Array(capacity);
    step.set(this.step);
    order.set(this.order);
    slot.set(this.slot);
    this.step = step;
    this.order = order;
    this.slot = slot;
  }
}
