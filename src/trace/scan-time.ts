/** ISO-8601 times read from bytes to integer microseconds since 1970, rounded once. */

import { COLON, DOT, MINUS, PLUS, SPACE, ZERO } from "./bytes.ts";

const US_PER_DAY = 86_400_000_000;
const US_PER_HOUR = 3_600_000_000;
const US_PER_MINUTE = 60_000_000;
const US_PER_SECOND = 1_000_000;

const DAYS_BEFORE_MONTH = Uint16Array.of(0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334);

/**
 * Reads `YYYY-MM-DD[T ]HH:MM:SS[.fraction][Z|±HH:MM|±HHMM|±HH]` to µs since 1970; NaN when it is
 * malformed or before 1970. No zone means UTC (the Azure 2023 files). Fractions of any length are
 * rounded once, half up, so that 100 ns digits never drift. The day of the last row is remembered:
 * a class, because traces repeat the date on every line.
 */
export class IsoScanner {
  #year = -1;
  #monthDay = -1;
  #dayUs = NaN;

  scan(bytes: Uint8Array, from: number, to: number): number {
    let start = from;
    let end = to;
    while (start < end && bytes[start] === SPACE) start++;
    while (end > start && bytes[end - 1] === SPACE) end--;
    if (end - start < 19) return NaN;
    const separator = bytes[start + 10];
    if (
      bytes[start + 4] !== MINUS ||
      bytes[start + 7] !== MINUS ||
      bytes[start + 13] !== COLON ||
      bytes[start + 16] !== COLON ||
      (separator !== SPACE && separator !== 0x54 && separator !== 0x74)
    ) {
      return NaN;
    }
    const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
    const month = twoDigits(bytes, start + 5);
    const day = twoDigits(bytes, start + 8);
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    // Written so that NaN fails; 60 is a leap second.
    if (!(hour < 24 && minute < 60 && second <= 60)) return NaN;
    const monthDay = month * 100 + day;
    if (year !== this.#year || monthDay !== this.#monthDay) {
      this.#dayUs = daysSince1970(year, month, day) * US_PER_DAY;
      this.#year = year;
      this.#monthDay = monthDay;
    }
    const clock = hour * US_PER_HOUR + minute * US_PER_MINUTE + second * US_PER_SECOND;
    const time = this.#dayUs + clock + scanTail(bytes, start + 19, end);
    return time >= 0 ? time : NaN;
  }
}

/** Whether the bytes start like an ISO date. */
export function looksIso(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= 19 && bytes[from + 4] === MINUS && bytes[from + 13] === COLON;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** Days from 1970-01-01 in the Gregorian calendar; NaN for a date that does not exist. */
function daysSince1970(year: number, month: number, day: number): number {
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1)) return NaN;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const before = DAYS_BEFORE_MONTH[month - 1]!;
  const after = month === 12 ? 365 : DAYS_BEFORE_MONTH[month]!;
  if (day > after - before + (leap && month === 2 ? 1 : 0)) return NaN;
  const last = year - 1;
  const leapsSince1970 =
    Math.floor(last / 4) - Math.floor(last / 100) + Math.floor(last / 400) - 477;
  return (year - 1970) * 365 + leapsSince1970 + before + (leap && month > 2 ? 1 : 0) + day - 1;
}

/** Fraction and zone after the seconds, in µs to add; NaN when malformed. */
function scanTail(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let fractionUs = 0;
  if (at < to && bytes[at] === DOT) {
    at++;
    let place = 100_000;
    let roundUp = 0;
    const first = at;
    for (; at < to; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      const index = at - first;
      if (index < 6) {
        fractionUs += digit * place;
        place = Math.trunc(place / 10);
      } else if (index === 6) {
        roundUp = digit >= 5 ? 1 : 0;
      }
    }
    if (at === first) return NaN;
    fractionUs += roundUp;
  }
  return at === to ? fractionUs : fractionUs - scanZone(bytes, at, to);
}

/** Offset from UTC in µs; NaN when malformed. */
function scanZone(bytes: Uint8Array, from: number, to: number): number {
  const sign = bytes[from];
  if (sign === 0x5a || sign === 0x7a) return from + 1 === to ? 0 : NaN;
  if (sign !== PLUS && sign !== MINUS) return NaN;
  const length = to - from;
  if (length !== 3 && length !== 5 && length !== 6) return NaN;
  if (length === 6 && bytes[from + 3] !== COLON) return NaN;
  const hours = twoDigits(bytes, from + 1);
  const minutes = length === 3 ? 0 : twoDigits(bytes, to - 2);
  if (!(hours <= 14 && minutes < 60)) return NaN;
  const offset = hours * US_PER_HOUR + minutes * US_PER_MINUTE;
  return sign === MINUS ? -offset : offset;
}
