/**
 * JSON values as trees, for the few formats whose rows nest. Lists of block ids never become trees: they are kept as pairs of
 * 32-bit halves, so that 64-bit hashes lose nothing and a hundred million ids cost eight bytes each.
 */

import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET } from "./bytes.ts";
import { bomLength, LF, QUOTE, SPACE, textOf, ZERO } from "./bytes.ts";
import { JsonCursor } from "./scan-json.ts";

/** 64-bit ids as halves. */
export type IdList = {
  readonly count: number;
  readonly lows: Uint32Array;
  readonly highs: Uint32Array;
};

export type JsonObject = { readonly [key: string]: JsonValue };
export type JsonValue =
  null | boolean | number | string | bigint | IdList | readonly JsonValue[] | JsonObject;

/** Deeper nesting than any format has (assumption). */
const DEPTH_LIMIT = 32;
const TWO_32 = 4_294_967_296;

/** Reads the values of a file one after the other, whatever blanks and line ends lie between and within them. */
export class JsonValues {
  /** Line on which the last value begins, from 1. */
  line = 1;
  /** What is wrong where the last value was expected; empty: nothing. */
  fault = "";
  private readonly cursor: JsonCursor;
  private readonly idKeys: ReadonlySet<string>;
  /** Everything before has been counted into `line`. */
  private counted = 0;

  /** `idKeys`: keys whose lists hold block ids. */
  constructor(bytes: Uint8Array, idKeys: readonly string[]) {
    this.cursor = new JsonCursor(bytes);
    this.cursor.open(bomLength(bytes), bytes.length);
    this.idKeys = new Set(idKeys);
  }

  /** The next value; undefined at the end of the file, and at a fault, after which the next line is tried. */
  next(): JsonValue | undefined {
    const { cursor } = this;
    this.fault = "";
    if (cursor.peek() < 0) return undefined;
    this.countLines(cursor.at);
    const value = this.value(0, false);
    if (value !== undefined) return value;
    this.fault = cursor.fault === "" ? "is not JSON" : cursor.fault;
    const end = cursor.bytes.indexOf(LF, cursor.at);
    cursor.open(end < 0 ? cursor.bytes.length : end, cursor.bytes.length);
    return undefined;
  }

  private countLines(to: number): void {
    const { bytes } = this.cursor;
    let { line } = this;
    for (let at = bytes.indexOf(LF, this.counted); at >= 0 && at < to;) {
      line++;
      at = bytes.indexOf(LF, at + 1);
    }
    this.line = line;
    this.counted = to;
  }

  private value(depth: number, holdsIds: boolean): JsonValue | undefined {
    const { cursor } = this;
    const byte = cursor.peek();
    if (byte === QUOTE) return this.text();
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === DEPTH_LIMIT) {
        cursor.fault = `nests more than ${DEPTH_LIMIT} levels deep`;
        return undefined;
      }
      if (byte === OPEN_BRACE) return this.object(depth + 1);
      return holdsIds ? this.ids() : this.list(depth + 1);
    }
    if (byte === 0x74) return cursor.word("true") ? true : undefined;
    if (byte === 0x66) return cursor.word("false") ? false : undefined;
    if (byte === 0x6e) return cursor.word("null") ? null : undefined;
    return this.number();
  }

  private text(): string | undefined {
    const { cursor } = this;
    if (!cursor.string()) return undefined;
    const text = textOf(cursor.bytes, cursor.tokenFrom, cursor.tokenTo);
    return cursor.escaped ? (JSON.parse(`"${text}"`) as string) : text;
  }

  private number(): number | bigint | undefined {
    const { cursor } = this;
    if (!cursor.number()) return undefined;
    const text = textOf(cursor.bytes, cursor.tokenFrom, cursor.tokenTo);
    const value = Number(text);
    // Names may be numbers of 64 bits; longer ones are no names, and slow to read exactly.
    const isExact = Number.isSafeInteger(value) || !/^-?\d{1,20}$/.test(text);
    return isExact ? value : BigInt(text);
  }

  private object(depth: number): JsonObject | undefined {
    const { cursor } = this;
    const object: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
    cursor.at++;
    if (cursor.peek() === CLOSE_BRACE) {
      cursor.at++;
      return object;
    }
    for (;;) {
      const key = this.text();
      if (key === undefined || !cursor.take(COLON, '":"')) return undefined;
      const value = this.value(depth, this.idKeys.has(key));
      if (value === undefined) return undefined;
      object[key] = value;
      if (cursor.peek() === CLOSE_BRACE) {
        cursor.at++;
        return object;
      }
      if (!cursor.take(COMMA, '"," or "}"')) return undefined;
    }
  }

  private list(depth: number): readonly JsonValue[] | undefined {
    const { cursor } = this;
    const list: JsonValue[] = [];
    cursor.at++;
    if (cursor.peek() === CLOSE_BRACKET) {
      cursor.at++;
      return list;
    }
    for (;;) {
      const value = this.value(depth, false);
      if (value === undefined) return undefined;
      list.push(value);
      if (cursor.peek() === CLOSE_BRACKET) {
        cursor.at++;
        return list;
      }
      if (!cursor.take(COMMA, '"," or "]"')) return undefined;
    }
  }

  /** A list of whole numbers from 0 to 2^64 − 1, or of such numbers as texts. */
  private ids(): IdList | undefined {
    const { cursor } = this;
    const { bytes } = cursor;
    let lows = new Uint32Array(64);
    let highs = new Uint32Array(64);
    let count = 0;
    cursor.at++;
    if (cursor.peek() === CLOSE_BRACKET) {
      cursor.at++;
      return { count, lows, highs };
    }
    for (;;) {
      const isQuoted = cursor.peek() === QUOTE;
      if (!(isQuoted ? cursor.string() : cursor.number())) return undefined;
      let low = 0;
      let high = 0;
      for (let at = cursor.tokenFrom; at < cursor.tokenTo; at++) {
        const digit = bytes[at]! - ZERO;
        const product = low * 10 + digit;
        low = product >>> 0;
        high = high * 10 + Math.floor(product / TWO_32);
        if (digit < 0 || digit > 9 || high >= TWO_32) {
          cursor.fault = "has a block id that is no whole number from 0 to 2^64 − 1";
          return undefined;
        }
      }
      if (count === lows.length) {
        lows = widened(lows);
        highs = widened(highs);
      }
      lows[count] = low;
      highs[count++] = high;
      // The usual case, without the general blank skipping.
      if (bytes[cursor.at] === COMMA) cursor.at++;
      else if (cursor.peek() === CLOSE_BRACKET) {
        cursor.at++;
        return { count, lows, highs };
      } else if (!cursor.take(COMMA, '"," or "]"')) return undefined;
      while (bytes[cursor.at] === SPACE) cursor.at++;
    }
  }
}

function widened(list: Uint32Array): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(2 * list.length);
  wider.set(list);
  return wider;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isIds(value);
}

export function isIds(value: JsonValue | undefined): value is IdList {
  return (
    typeof value === "object" &&
    value !== null &&
    "lows" in value &&
    value["lows"] instanceof Uint32Array
  );
}
