/** Columns of what requests spent beside queueing, prefill and decode; they take no room until the first one did. */

import { AT_ONBOARD_US, AT_REDO_FIRST_US, AT_REDO_US, AT_TRANSFER_US } from "./request-table.ts";
import { settleUs } from "./time-asides.ts";
import type { AsideColumns } from "./time-parts.ts";

/** Columns in the order in which they are kept. */
const ONBOARD = 0;
const TRANSFER = 1;
const SETTLE = 2;
const REDO_FIRST = 3;
const REDO = 4;
const COLUMNS = 5;
const FIRST_ROWS = 1024;

export class AsideLog {
  /** COLUMNS numbers per entry; entries beyond its end are zeros. */
  private data: Float64Array | undefined;

  /** What the request in a slot spent, for the given entry. */
  set(entry: number, data: Float64Array, slot: number): void {
    const onboard = data[slot + AT_ONBOARD_US]!;
    const transfer = data[slot + AT_TRANSFER_US]!;
    const redoFirst = data[slot + AT_REDO_FIRST_US]!;
    const redo = data[slot + AT_REDO_US]!;
    const settle = settleUs(data, slot);
    if (onboard + transfer + redoFirst + redo + settle === 0) return;
    const into = this.roomFor(entry);
    const at = entry * COLUMNS;
    into[at + ONBOARD] = onboard;
    into[at + TRANSFER] = transfer;
    into[at + SETTLE] = settle;
    into[at + REDO_FIRST] = redoFirst;
    into[at + REDO] = redo;
  }

  /** The columns with entry i in the place of i; undefined: nobody spent anything. */
  columns(entries: number, place: Uint32Array): AsideColumns | undefined {
    const { data } = this;
    if (data === undefined) return undefined;
    const column = (which: number): Float64Array => {
      const to = new Float64Array(entries);
      for (let entry = 0; entry < entries; entry++) {
        to[place[entry]!] = data[entry * COLUMNS + which] ?? 0;
      }
      return to;
    };
    return {
      onboardUs: column(ONBOARD),
      transferUs: column(TRANSFER),
      settleUs: column(SETTLE),
      redoFirstUs: column(REDO_FIRST),
      redoUs: column(REDO),
    };
  }

  private roomFor(entry: number): Float64Array {
    const { data } = this;
    if (data !== undefined && (entry + 1) * COLUMNS <= data.length) return data;
    const grown = new Float64Array(Math.max(FIRST_ROWS, 2 * (entry + 1)) * COLUMNS);
    if (data !== undefined) grown.set(data);
    this.data = grown;
    return grown;
  }
}
