/** One line of JSON at a time, as byte offsets: strict JSON grammar, no objects, no strings. */

import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  CR,
  DOT,
  LF,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLUS,
  QUOTE,
  SPACE,
  TAB,
  ZERO,
} from "./bytes.ts";

/** Deeper nesting than any request row has (assumption). */
const DEPTH_LIMIT = 64;

/**
 * A cursor over a stretch of JSON. Methods return false at a fault and leave `fault` and `at` telling
 * what and where; tokens leave their offsets in `tokenFrom` and `tokenTo`.
 */
export class JsonCursor {
  readonly bytes: Uint8Array;
  at = 0;
  end = 0;
  fault = "";
  /** Content of the last string (without its quotes) or number. */
  tokenFrom = 0;
  tokenTo = 0;
  /** Whether the last string holds escapes, so that its bytes are not its text. */
  escaped = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Looks at the bytes between two offsets next. */
  open(from: number, to: number): void {
    this.at = from;
    this.end = to;
    this.fault = "";
  }

  skipSpace(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte !== SPACE && byte !== TAB && byte !== CR && byte !== LF) break;
      at++;
    }
    this.at = at;
  }

  /** The byte at the cursor after blanks, −1 at the end. */
  peek(): number {
    this.skipSpace();
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  /** Passes one expected byte after blanks. */
  take(byte: number, name: string): boolean {
    if (this.peek() !== byte) return this.#fail(name);
    this.at++;
    return true;
  }

  /** A string token. */
  string(): boolean {
    if (!this.take(QUOTE, "a string")) return false;
    const { bytes, end } = this;
    this.tokenFrom = this.at;
    this.escaped = false;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.tokenTo = at;
        this.at = at + 1;
        return true;
      }
      if (byte < SPACE) break;
      if (byte === BACKSLASH) {
        this.escaped = true;
        const length = escapeLength(bytes, at, end);
        if (length === 0) break;
        at += length;
      } else at++;
    }
    this.at = at;
    return this.#fail("the end of a string");
  }

  /** A number token in JSON's grammar. */
  number(): boolean {
    this.skipSpace();
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    if (at < end && bytes[at] === MINUS) at++;
    const whole = at;
    at = skipDigits(bytes, at, end);
    let sound = at > whole && (at === whole + 1 || bytes[whole] !== ZERO);
    if (sound && at < end && bytes[at] === DOT) {
      const fraction = at + 1;
      at = skipDigits(bytes, fraction, end);
      sound = at > fraction;
    }
    if (sound && at < end && (bytes[at]! | 0x20) === 0x65) {
      let power = at + 1;
      if (power < end && (bytes[power] === MINUS || bytes[power] === PLUS)) power++;
      at = skipDigits(bytes, power, end);
      sound = at > power;
    }
    this.at = at;
    if (!sound) return this.#fail("a number");
    this.tokenFrom = start;
    this.tokenTo = at;
    return true;
  }

  /** Passes over any value. */
  skipValue(depth = 0): boolean {
    const byte = this.peek();
    if (byte === QUOTE) return this.string();
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === DEPTH_LIMIT) return this.#fail(`nesting of at most ${DEPTH_LIMIT}`);
      return byte === OPEN_BRACE ? this.#skipObject(depth + 1) : this.#skipArray(depth + 1);
    }
    if (byte === 0x74) return this.word("true");
    if (byte === 0x66) return this.word("false");
    if (byte === 0x6e) return this.word("null");
    return this.number();
  }

  /** Passes a literal word at the cursor. */
  word(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.at + i >= this.end || this.bytes[this.at + i] !== word.charCodeAt(i)) {
        return this.#fail("a value");
      }
    }
    this.at += word.length;
    return true;
  }

  #skipObject(depth: number): boolean {
    this.at++;
    if (this.peek() === CLOSE_BRACE) {
      this.at++;
      return true;
    }
    for (;;) {
      if (!this.string() || !this.take(COLON, '":"') || !this.skipValue(depth)) return false;
      if (this.peek() === CLOSE_BRACE) {
        this.at++;
        return true;
      }
      if (!this.take(COMMA, '"," or "}"')) return false;
    }
  }

  #skipArray(depth: number): boolean {
    this.at++;
    if (this.peek() === CLOSE_BRACKET) {
      this.at++;
      return true;
    }
    for (;;) {
      if (!this.skipValue(depth)) return false;
      if (this.peek() === CLOSE_BRACKET) {
        this.at++;
        return true;
      }
      if (!this.take(COMMA, '"," or "]"')) return false;
    }
  }

  #fail(expected: string): false {
    this.fault = this.at >= this.end ? "is cut off" : "is not JSON";
    this.fault += `: expected ${expected}`;
    return false;
  }
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at]! >= ZERO && bytes[at]! <= 0x39) at++;
  return at;
}

/** Length of an escape such as \n or \u00e9, 0 when it is none of JSON's. */
function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  const kind = at + 1 < end ? bytes[at + 1]! : -1;
  if (kind === 0x75) {
    if (at + 6 > end) return 0;
    for (let i = at + 2; i < at + 6; i++) if (!isHex(bytes[i]!)) return 0;
    return 6;
  }
  // " \ / b f n r t
  return kind >= 0 && '"\\/bfnrt'.includes(String.fromCharCode(kind)) ? 2 : 0;
}

function isHex(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= ZERO && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66);
}

/** End of a run of letters, digits and signs. */
export function wordEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    const letter = byte | 0x20;
    const inWord =
      (letter >= 0x61 && letter <= 0x7a) ||
      (byte >= ZERO && byte <= 0x39) ||
      byte === MINUS ||
      byte === PLUS ||
      byte === DOT;
    if (!inWord) break;
    at++;
  }
  return at;
}
