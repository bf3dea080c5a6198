/** Text built as bytes: no strings joined, numbers written digit by digit. */

import { DOT, MINUS, ZERO } from "./bytes.ts";
import { writeText } from "./bytes.ts";

/** Digits of the largest whole number written, 2^53. */
const DIGITS_MAX = 16;

export class ByteWriter {
  #bytes: Uint8Array;
  #at = 0;
  readonly #digits = new Uint8Array(DIGITS_MAX);

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(256, capacity));
  }

  /** Everything written, as bytes of its own. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  /** ASCII text. */
  ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#at++] = text.charCodeAt(i);
  }

  /** Any text, as UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#at = writeText(this.#bytes, this.#at, text);
  }

  /** A whole number from 0 to 2^53. */
  whole(value: number): void {
    this.#reserve(DIGITS_MAX);
    let count = 0;
    let rest = value;
    do {
      const tenth = Math.floor(rest / 10);
      this.#digits[count++] = ZERO + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
    while (count > 0) this.#bytes[this.#at++] = this.#digits[--count]!;
  }

  /** A whole number with its sign. */
  signed(value: number): void {
    this.#reserve(1);
    if (value < 0) this.#bytes[this.#at++] = MINUS;
    this.whole(Math.abs(value));
  }

  /** A whole number of thousandths, as a decimal without trailing zeros: 1500 is "1.5". */
  thousandths(value: number): void {
    const units = Math.floor(value / 1000);
    this.whole(units);
    let rest = value - units * 1000;
    if (rest === 0) return;
    this.#reserve(4);
    this.#bytes[this.#at++] = DOT;
    for (let place = 100; rest > 0; place = Math.trunc(place / 10)) {
      const digit = Math.floor(rest / place);
      this.#bytes[this.#at++] = ZERO + digit;
      rest -= digit * place;
    }
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#at + count, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
