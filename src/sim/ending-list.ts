/** The requests whose prompts end with the step that is being built or in progress, in order of scheduling: a list through the table. */

import { AT_NEXT_ENDING } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";

export class EndingList {
  /** −1: none. */
  head = -1;
  private tail = -1;
  private readonly table: RequestTable;

  constructor(table: RequestTable) {
    this.table = table;
  }

  push(slot: number): void {
    const { data } = this.table;
    data[slot + AT_NEXT_ENDING] = -1;
    if (this.tail >= 0) data[this.tail + AT_NEXT_ENDING] = slot;
    else this.head = slot;
    this.tail = slot;
  }

  /** The one behind `slot`, −1: it is the last. */
  after(slot: number): number {
    return this.table.data[slot + AT_NEXT_ENDING]!;
  }

  /** Takes a request out; false: it is not among them. */
  remove(slot: number): boolean {
    let before = -1;
    for (let at = this.head; at >= 0; before = at, at = this.after(at)) {
      if (at !== slot) continue;
      if (before < 0) this.head = this.after(slot);
      else this.table.data[before + AT_NEXT_ENDING] = this.after(slot);
      if (this.tail === slot) this.tail = before;
      return true;
    }
    return false;
  }

  clear(): void {
    this.head = -1;
    this.tail = -1;
  }

  /** Empties the list, for the step is over; returns its first request. Read who comes after one before that one goes on. */
  take(): number {
    const { head } = this;
    this.clear();
    return head;
  }
}
