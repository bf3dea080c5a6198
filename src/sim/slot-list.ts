/** Doubly linked list of request slots through the table's `previous` and `next` columns. */

import type { RequestTable } from "./request-table.ts";

export class SlotList {
  head = -1;
  tail = -1;
  length = 0;
  private readonly table: RequestTable;

  constructor(table: RequestTable) {
    this.table = table;
  }

  pushBack(slot: number): void {
    const { previous, next } = this.table;
    previous[slot] = this.tail;
    next[slot] = -1;
    if (this.tail >= 0) next[this.tail] = slot;
    else this.head = slot;
    this.tail = slot;
    this.length++;
  }

  pushFront(slot: number): void {
    const { previous, next } = this.table;
    previous[slot] = -1;
    next[slot] = this.head;
    if (this.head >= 0) previous[this.head] = slot;
    else this.tail = slot;
    this.head = slot;
    this.length++;
  }

  remove(slot: number): void {
    const { previous, next } = this.table;
    const before = previous[slot]!;
    const after = next[slot]!;
    if (before >= 0) next[before] = after;
    else this.head = after;
    if (after >= 0) previous[after] = before;
    else this.tail = before;
    this.length--;
  }
}
