/** Items in order of a key, smallest first: a binary heap that knows where each item is. */

import type { Item } from "./eviction.ts";

const ABSENT = -1;

export class ItemHeap {
  size = 0;
  private items = new Int32Array(64);
  private place = new Int32Array(64).fill(ABSENT);
  private keys = new Float64Array(64);
  private ties = new Float64Array(64);

  /** The item with the smallest key; among equals the one with the smallest tie, then the smallest number; −1: none. */
  get top(): Item {
    return this.size === 0 ? -1 : this.items[0]!;
  }

  has(item: Item): boolean {
    return item < this.place.length && this.place[item]! >= 0;
  }

  keyOf(item: Item): number {
    return this.keys[item]!;
  }

  /** Adds the item, or moves it when it is there. */
  set(item: Item, key: number, tie: number): void {
    if (item >= this.place.length) this.grow(item);
    this.keys[item] = key;
    this.ties[item] = tie;
    let at = this.place[item]!;
    if (at < 0) {
      at = this.size++;
      this.items[at] = item;
      this.place[item] = at;
    }
    this.down(this.up(at));
  }

  remove(item: Item): void {
    if (!this.has(item)) return;
    const at = this.place[item]!;
    this.place[item] = ABSENT;
    const last = this.items[--this.size]!;
    if (last === item) return;
    this.items[at] = last;
    this.place[last] = at;
    this.down(this.up(at));
  }

  private before(a: Item, b: Item): boolean {
    const difference = this.keys[a]! - this.keys[b]!;
    // Two infinite keys are equal, and their difference is NaN.
    if (difference < 0) return true;
    if (difference > 0) return false;
    const tie = this.ties[a]! - this.ties[b]!;
    return tie === 0 ? a < b : tie < 0;
  }

  private up(from: number): number {
    const { items, place } = this;
    const item = items[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = items[parent]!;
      if (!this.before(item, other)) break;
      items[at] = other;
      place[other] = at;
      at = parent;
    }
    items[at] = item;
    place[item] = at;
    return at;
  }

  private down(from: number): void {
    const { items, place, size } = this;
    const item = items[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.before(items[child + 1]!, items[child]!)) child++;
      const other = items[child]!;
      if (!this.before(other, item)) break;
      items[at] = other;
      place[other] = at;
      at = child;
    }
    items[at] = item;
    place[item] = at;
  }

  private grow(item: Item): void {
    const room = Math.max(2 * this.place.length, item + 1);
    const place = new Int32Array(room).fill(ABSENT);
    place.set(this.place);
    this.place = place;
    const items = new Int32Array(room);
    items.set(this.items);
    this.items = items;
    const keys = new Float64Array(room);
    keys.set(this.keys);
    this.keys = keys;
    const ties = new Float64Array(room);
    ties.set(this.ties);
    this.ties = ties;
  }
}
