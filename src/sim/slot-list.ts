/** Doubly linked list of request slots through the table's `previous` and `next` columns. */

import { AT_NEXT, AT_PREVIOUS } from "./request-table.ts";
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
    const { data } = this.table;
    data[slot + AT_PREVIOUS] = this.tail;
    data[slot + AT_NEXT] = -1;
    if (this.tail >= 0) data[this.tail + AT_NEXT] = slot;
    else this.head = slot;
    this.tail = slot;
    this.length++;
  }

  pushFront(slot: number): void {
    const { data } = this.table;
    data[slot + AT_PREVIOUS] = -1;
    data[slot + AT_NEXT] = this.head;
    if (this.head >= 0) data[this.head + AT_PREVIOUS] = slot;
    else this.tail = slot;
    this.head = slot;
    this.length++;
  }

  forEach(visit: (slot: number) => void): void {
    for (let slot = this.head; slot >= 0; slot = this.table.data[slot + AT_NEXT]!) visit(slot);
  }

  remove(slot: number): void {
    const { data } = this.table;
    const before = data[slot + AT_PREVIOUS]!;
    const after = data[slot + AT_NEXT]!;
    if (before >= 0) data[before + AT_NEXT] = after;
    else this.head = after;
    if (after >= 0) data[after + AT_PREVIOUS] = before;
    else this.tail = before;
    this.length--;
  }
}
