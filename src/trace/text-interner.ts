/** Names met in a file, as small integers: one byte comparison per row, no string per row. */

import { textOf } from "./bytes.ts";

/** Codes 0, 1, 2 … in order of first appearance. */
export class TextInterner {
  #arena = new Uint8Array(64);
  #ends = new Uint32Array(16);
  /** code + 1 by slot, 0 when free. */
  #slots = new Int32Array(32);
  #count = 0;
  #last = -1;

  get size(): number {
    return this.#count;
  }

  /** The code of the bytes between two offsets, a new one when they were not met before. */
  codeOf(bytes: Uint8Array, from: number, to: number): number {
    if (this.#last >= 0 && this.#holds(this.#last, bytes, from, to)) return this.#last;
    let slot = hashOf(bytes, from, to) & (this.#slots.length - 1);
    for (;;) {
      const code = this.#slots[slot]! - 1;
      if (code < 0) break;
      if (this.#holds(code, bytes, from, to)) {
        this.#last = code;
        return code;
      }
      slot = (slot + 1) & (this.#slots.length - 1);
    }
    const code = this.#append(bytes, from, to);
    this.#slots[slot] = code + 1;
    this.#last = code;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return code;
  }

  /** The name behind a code. */
  textOf(code: number): string {
    return textOf(this.#arena, this.#startOf(code), this.#ends[code]!);
  }

  texts(): string[] {
    return Array.from({ length: this.#count }, (_, code) => this.textOf(code));
  }

  #startOf(code: number): number {
    return code === 0 ? 0 : this.#ends[code - 1]!;
  }

  #holds(code: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#startOf(code);
    const length = to - from;
    if (this.#ends[code]! - start !== length) return false;
    const arena = this.#arena;
    for (let i = 0; i < length; i++) if (arena[start + i] !== bytes[from + i]) return false;
    return true;
  }

  #append(bytes: Uint8Array, from: number, to: number): number {
    const code = this.#count++;
    const start = this.#startOf(code);
    const end = start + to - from;
    if (end > this.#arena.length) {
      const larger = new Uint8Array(Math.max(end, this.#arena.length * 2));
      larger.set(this.#arena);
      this.#arena = larger;
    }
    this.#arena.set(bytes.subarray(from, to), start);
    if (code === this.#ends.length) {
      const larger = new Uint32Array(code * 2);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#ends[code] = end;
    return code;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let code = 0; code < this.#count; code++) {
      let slot = hashOf(this.#arena, this.#startOf(code), this.#ends[code]!) & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = code + 1;
    }
    this.#slots = slots;
  }
}

/** FNV-1a, 32 bits, with its high bits folded in because tables are indexed by the low ones. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
