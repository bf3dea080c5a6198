/** Numbers read from bytes: no strings, no `Number()`, one rounding. */

import { DOT, MINUS, PLUS, SPACE, TAB, ZERO } from "./bytes.ts";

/** More than any served context (assumption: ten times the longest million-token window). */
export const TOKENS_LIMIT = 10_000_000;

/** Exact powers of ten in a float64. */
const POWERS_OF_TEN = Float64Array.of(
  1,
  1e1,
  1e2,
  1e3,
  1e4,
  1e5,
  1e6,
  1e7,
  1e8,
  1e9,
  1e10,
  1e11,
  1e12,
  1e13,
  1e14,
  1e15,
  1e16,
  1e17,
  1e18,
  1e19,
  1e20,
  1e21,
  1e22,
);

/** Below this an integer can take one more decimal digit and stay exact in a float64. */
const ROOM_FOR_A_DIGIT = 9e14;

/** Why a token count could not be read, as negative results of `scanCount`. */
export const COUNT_EMPTY = -1;
export const COUNT_NOT_A_NUMBER = -2;
export const COUNT_NEGATIVE = -3;
export const COUNT_FRACTION = -4;
export const COUNT_ABSURD = -5;

/**
 * A whole number of tokens between two offsets: the number, or one of the negative `COUNT_…` codes.
 * Surrounding blanks and an all-zero fraction ("12.0", as data frames write it) are tolerated.
 */
export function scanCount(bytes: Uint8Array, from: number, to: number): number {
  // Seven digits stay within the limit without a check.
  if (to - from <= 7 && to > from) {
    let value = 0;
    let at = from;
    for (; at < to; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === to) return value;
  }
  return scanCountSlowly(bytes, from, to);
}

function scanCountSlowly(bytes: Uint8Array, from: number, to: number): number {
  if (isBlank(bytes, from, to)) return COUNT_EMPTY;
  const value = scanDecimal(bytes, from, to, 0);
  if (value !== value) return COUNT_NOT_A_NUMBER;
  if (value < 0) return COUNT_NEGATIVE;
  if (value > TOKENS_LIMIT) return COUNT_ABSURD;
  if (value !== Math.floor(value)) return COUNT_FRACTION;
  return value;
}

/** Whether nothing but blanks lies between two offsets. */
export function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte !== SPACE && byte !== TAB) return false;
  }
  return true;
}

/**
 * A decimal number times 10^exponent, correctly rounded up to 15 significant digits (later digits of
 * a longer fraction are cut); Infinity from 10^23 on; NaN when the bytes are no finite decimal number. Grammar: blanks, sign,
 * digits with an optional point, optional e±digits.
 */
export function scanDecimal(bytes: Uint8Array, from: number, to: number, exponent: number): number {
  let at = from;
  let end = to;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  while (end > at && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
  let negative = false;
  if (at < end && (bytes[at] === MINUS || bytes[at] === PLUS)) {
    negative = bytes[at] === MINUS;
    at++;
  }
  let mantissa = 0;
  let shift = exponent;
  let digits = 0;
  let afterPoint = 0;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      digits++;
      if (mantissa < ROOM_FOR_A_DIGIT) {
        mantissa = mantissa * 10 + digit;
        shift -= afterPoint;
      } else {
        shift += 1 - afterPoint;
      }
    } else if (byte === DOT && afterPoint === 0) {
      afterPoint = 1;
    } else {
      break;
    }
  }
  if (digits === 0) return NaN;
  if (at < end) {
    const power = scanExponent(bytes, at, end);
    if (power !== power) return NaN;
    shift += power;
  }
  const value = scaleByTen(mantissa, shift);
  return negative && value !== 0 ? -value : value;
}

/** The number after "e" up to the end; NaN when it is malformed. */
function scanExponent(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  if ((bytes[at]! | 0x20) !== 0x65) return NaN;
  at++;
  let negative = false;
  if (at < to && (bytes[at] === MINUS || bytes[at] === PLUS)) {
    negative = bytes[at] === MINUS;
    at++;
  }
  if (at === to) return NaN;
  let value = 0;
  for (; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    // Anything beyond is infinite or zero anyway.
    if (value < 10_000) value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function scaleByTen(mantissa: number, shift: number): number {
  if (mantissa === 0) return 0;
  if (shift >= 0) return shift <= 22 ? mantissa * POWERS_OF_TEN[shift]! : Infinity;
  if (shift >= -22) return mantissa / POWERS_OF_TEN[-shift]!;
  // Below 10^16 / 10^22: nothing is left at the resolution of a microsecond.
  return 0;
}
