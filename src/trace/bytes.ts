/** ASCII bytes the scanners look for, and text ↔ bytes without the host's text codecs. */

export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const TAB = 0x09;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const PLUS = 0x2b;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const COLON = 0x3a;
export const ZERO = 0x30;
export const BACKSLASH = 0x5c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

const REPLACEMENT = 0xfffd;

/** Length of a UTF-8 byte-order mark at the start, 0 or 3. */
export function bomLength(bytes: Uint8Array): number {
  return bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** UTF-8 bytes as text; a malformed sequence becomes U+FFFD. Never throws. */
export function textOf(bytes: Uint8Array, from = 0, to = bytes.length): string {
  const parts: string[] = [];
  let units: number[] = [];
  let at = from;
  while (at < to) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      units.push(lead);
      at++;
    } else {
      const extra = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
      let point = lead & (0x3f >> extra);
      let read = 1;
      while (read <= extra && at + read < to && (bytes[at + read]! & 0xc0) === 0x80) {
        point = (point << 6) | (bytes[at + read]! & 0x3f);
        read++;
      }
      const whole = read === extra + 1 && lead >= 0xc2 && lead <= 0xf4;
      // Each code point has one encoding: the shortest.
      const shortest = extra === 1 || point >= (extra === 2 ? 0x800 : 0x10000);
      const isScalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
      const legal = whole && shortest && isScalar;
      pushPoint(units, legal ? point : REPLACEMENT);
      at += read;
    }
    // Argument lists are limited: hand over some thousand units at a time.
    if (units.length >= 8192) {
      parts.push(String.fromCharCode(...units));
      units = [];
    }
  }
  parts.push(String.fromCharCode(...units));
  return parts.length === 1 ? parts[0]! : parts.join("");
}

function pushPoint(units: number[], point: number): void {
  if (point < 0x10000) {
    units.push(point);
    return;
  }
  units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
}

/** Text as UTF-8 bytes; a lone surrogate becomes U+FFFD. */
export function bytesOf(text: string): Uint8Array {
  // A UTF-16 unit takes at most three bytes of UTF-8 (a pair takes four for two units).
  const bytes = new Uint8Array(text.length * 3);
  return bytes.slice(0, writeText(bytes, 0, text));
}

/** Writes text as UTF-8 at an offset and returns the offset after it; the room must suffice. */
export function writeText(bytes: Uint8Array, offset: number, text: string): number {
  let at = offset;
  for (let i = 0; i < text.length; i++) {
    let point = text.codePointAt(i)!;
    if (point < 0x80) {
      bytes[at++] = point;
      continue;
    }
    if (point >= 0xd800 && point <= 0xdfff) point = REPLACEMENT;
    if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
    } else if (point < 0x10000) {
      bytes[at++] = 0xe0 | (point >> 12);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
    } else {
      i++;
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (point & 0x3f);
  }
  return at;
}

/** A short, printable quotation of a stretch of bytes for a message. */
export function quotation(bytes: Uint8Array, from: number, to: number): string {
  const limit = 40;
  const text = textOf(bytes, from, Math.min(to, from + limit));
  const printable = JSON.stringify(text);
  return to - from > limit ? `${printable.slice(0, -1)}…"` : printable;
}
