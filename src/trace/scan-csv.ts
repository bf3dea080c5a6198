/** Rows of a CSV file as byte offsets of their fields: no strings, no objects per row. */

import { COMMA, CR, LF, QUOTE, bomLength } from "./bytes.ts";

/**
 * Walks a CSV file line by line. A field may be quoted (RFC 4180, quotes doubled inside) but ends on
 * its own line, so that one stray quote costs one row and not the rest of the file. Line ends are LF
 * or CRLF, the last one optional; blank lines are passed over.
 */
export class CsvRows {
  readonly bytes: Uint8Array;
  /** Offsets of the fields of the current row; valid for index < min(fields, capacity). */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Number of fields found in the current row, also beyond the capacity. */
  fields = 0;
  /** Line number of the current row, from 1. */
  line = 0;
  /** What is wrong with the quoting of the current row, if anything. */
  fault: string | undefined;
  /** Whether a doubled quote was seen in any row so far: texts then need un-doubling. */
  escaped = false;
  readonly #delimiter: number;
  readonly #capacity: number;
  #at: number;

  constructor(bytes: Uint8Array, capacity: number, delimiter = COMMA) {
    this.bytes = bytes;
    this.from = new Int32Array(capacity);
    this.to = new Int32Array(capacity);
    this.#capacity = capacity;
    this.#delimiter = delimiter;
    this.#at = bomLength(bytes);
  }

  /** Whether everything was read. */
  get atEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** Moves to the next row that is not blank; false at the end. */
  next(): boolean {
    const bytes = this.bytes;
    const end = bytes.length;
    const delimiter = this.#delimiter;
    const capacity = this.#capacity;
    this.fault = undefined;
    let at = this.#at;
    while (at < end) {
      this.line++;
      let fields = 0;
      const lineStart = at;
      for (;;) {
        let from = at;
        let to: number;
        if (at < end && bytes[at] === QUOTE) {
          from = at + 1;
          to = this.#closingQuote(from);
          if (to < 0) {
            at = this.#lineEnd(from);
            to = at;
          } else {
            at = this.#afterQuote(to);
          }
        } else {
          while (at < end) {
            const byte = bytes[at]!;
            if (byte === delimiter || byte === LF) break;
            at++;
          }
          to = at > from && (at === end || bytes[at] === LF) && bytes[at - 1] === CR ? at - 1 : at;
        }
        if (fields < capacity) {
          this.from[fields] = from;
          this.to[fields] = to;
        }
        fields++;
        if (at >= end || bytes[at] === LF) break;
        at++;
      }
      const blank = fields === 1 && bytes[lineStart] !== QUOTE && this.to[0] === lineStart;
      at++;
      if (blank) continue;
      this.fields = fields;
      this.#at = at;
      return true;
    }
    this.#at = at;
    return false;
  }

  /** Offset of the quote that closes a field, −1 (and a fault) when its line has none. */
  #closingQuote(from: number): number {
    const bytes = this.bytes;
    const end = bytes.length;
    for (let at = from; at < end && bytes[at] !== LF; at++) {
      if (bytes[at] !== QUOTE) continue;
      if (at + 1 === end || bytes[at + 1] !== QUOTE) return at;
      this.escaped = true;
      at++;
    }
    this.fault = "has a quoted field that does not end on its line";
    return -1;
  }

  /** Offset of the delimiter or line end after a closing quote. */
  #afterQuote(quote: number): number {
    const bytes = this.bytes;
    const end = bytes.length;
    let at = quote + 1;
    if (at < end && bytes[at] === CR && (at + 1 === end || bytes[at + 1] === LF)) at++;
    if (at >= end || bytes[at] === LF || bytes[at] === this.#delimiter) return at;
    this.fault = "has text after a closing quote";
    return this.#lineEnd(at);
  }

  #lineEnd(from: number): number {
    const found = this.bytes.indexOf(LF, from);
    return found < 0 ? this.bytes.length : found;
  }
}
