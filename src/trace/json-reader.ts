/** JSON Lines rows into a draft: one scanner for every order of keys, spacing and unknown key. */

import {
  bomLength,
  bytesOf,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LF,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  quotation,
  SPACE,
  textOf,
  ZERO,
} from "./bytes.ts";
import { timeReason } from "./csv-reader.ts";
import { EXPONENT_TO_US } from "./csv-shape.ts";
import { LATEST_US, type Draft } from "./draft.ts";
import { KeyTable, type JsonKey, type JsonShape } from "./json-shape.ts";
import { countFault, TIME_EXPECTED, type RowFault } from "./row-faults.ts";
import { hintExponent, isHint, setHint, type HintRole } from "./row-hints.ts";
import { isPin, scanAllowed, type PinRole } from "./row-pins.ts";
import { JsonCursor, wordEnd } from "./scan-json.ts";
import { scanCount, scanDecimal } from "./scan-number.ts";
import { IsoScanner } from "./scan-time.ts";
import { TextInterner } from "./text-interner.ts";

/** Unknown keys named in the import log (assumption: more would not be read). */
const UNUSED_KEYS_NAMED = 16;

/** Numbers of so many digits fit 32 bits. */
const FAST_DIGITS = 9;

/** Fills a draft from JSON Lines; false when too many rows are bad. */
export function readJsonLines(bytes: Uint8Array, shape: JsonShape, draft: Draft): boolean {
  const reader = new JsonRow(bytes, shape, draft);
  let line = 0;
  let from = bomLength(bytes);
  while (from < bytes.length && !draft.full) {
    const found = bytes.indexOf(LF, from);
    const to = found < 0 ? bytes.length : found;
    line++;
    const fault = reader.read(from, to, line);
    if (fault !== undefined && !draft.faults.reject(line, fault)) return false;
    from = to + 1;
  }
  reader.noteUnused();
  return true;
}

class JsonRow {
  readonly #cursor: JsonCursor;
  readonly #keys: readonly JsonKey[];
  readonly #table: KeyTable;
  readonly #draft: Draft;
  readonly #iso = new IsoScanner();
  readonly #unused = new TextInterner();
  readonly #unusedRows = new Uint32Array(UNUSED_KEYS_NAMED);

  constructor(bytes: Uint8Array, shape: JsonShape, draft: Draft) {
    this.#cursor = new JsonCursor(bytes);
    this.#keys = shape.keys;
    this.#table = new KeyTable(shape.keys.map((key) => key.name));
    this.#draft = draft;
  }

  /** Leaves a remark for each of the first unknown keys, with the rows that have it. */
  noteUnused(): void {
    for (let code = 0; code < Math.min(this.#unused.size, UNUSED_KEYS_NAMED); code++) {
      const name = JSON.stringify(this.#unused.textOf(code));
      this.#draft.faults.note(`noted: key ${name} is not used`, undefined, this.#unusedRows[code]);
    }
  }

  /** Reads one line; blank lines are passed over. */
  read(from: number, to: number, line: number): RowFault | undefined {
    const cursor = this.#cursor;
    cursor.open(from, to);
    if (cursor.peek() < 0) return undefined;
    this.#draft.clearRow();
    this.#table.restart();
    if (!cursor.take(OPEN_BRACE, "an object")) return this.#syntax(from);
    if (cursor.peek() === CLOSE_BRACE) cursor.at++;
    else {
      for (;;) {
        if (!cursor.string()) return this.#syntax(from);
        const key = this.#key();
        if (!cursor.take(COLON, '":"')) return this.#syntax(from);
        if (key === undefined) {
          if (!cursor.skipValue()) return this.#syntax(from);
        } else {
          const fault = this.#value(key);
          if (fault !== undefined) return cursor.fault === "" ? fault : this.#syntax(from);
        }
        const next = cursor.peek();
        if (next === CLOSE_BRACE) break;
        if (!cursor.take(COMMA, '"," or "}"')) return this.#syntax(from);
      }
      cursor.at++;
    }
    if (cursor.peek() >= 0)
      return { reason: "has text after the object", byte: cursor.at - from + 1 };
    return this.#draft.commit(line);
  }

  #syntax(from: number): RowFault {
    const { fault, at } = this.#cursor;
    return { reason: fault, byte: at - from + 1, expected: "one JSON object per line" };
  }

  /** The known key whose name the cursor just read. */
  #key(): JsonKey | undefined {
    const { bytes, tokenFrom, tokenTo, escaped } = this.#cursor;
    const index = this.#table.indexOf(bytes, tokenFrom, tokenTo);
    if (index >= 0) return this.#keys[index];
    if (escaped) {
      const name = decodedText(bytes, tokenFrom, tokenTo);
      const known = this.#keys.find((key) => key.name === name);
      if (known !== undefined) return known;
    }
    const code = this.#unused.codeOf(bytes, tokenFrom, tokenTo);
    if (code < UNUSED_KEYS_NAMED) this.#unusedRows[code]!++;
    return undefined;
  }

  #value(key: JsonKey): RowFault | undefined {
    const cursor = this.#cursor;
    const draft = this.#draft;
    if (cursor.peek() === 0x6e && cursor.bytes[cursor.at + 1] === 0x75) return this.#null(key);
    if (isHint(key.role) || isPin(key.role)) return this.#hint(key, key.role);
    switch (key.role) {
      case "input":
      case "output":
        return this.#count(key);
      case "arrival":
      case "delay":
      case "elapsed":
        return this.#time(key);
      case "hashes":
        return this.#ids(key);
      case "session":
        return this.#text(key, draft.sessionNames);
      case "model":
        return this.#text(key, draft.labelNames.model);
      case "tenant":
        return this.#text(key, draft.labelNames.tenant);
      case "class":
        return this.#text(key, draft.labelNames.class);
      case "priority":
        if (!this.#numberToken()) return this.#notANumber(key);
        draft.rowPriority = scanDecimal(cursor.bytes, cursor.tokenFrom, cursor.tokenTo, 0);
        return Number.isFinite(draft.rowPriority) ? undefined : this.#notANumber(key);
      case "allowed_workers":
        return scanAllowed(cursor, draft.pins, key.name);
    }
  }

  /** null is an absent value, as Python writers put it. */
  #null(key: JsonKey): RowFault | undefined {
    const draft = this.#draft;
    if (!this.#cursor.word("null")) return { reason: "" };
    if (key.role === "arrival") draft.rowTimeUs = NaN;
    else if (key.role === "input") draft.rowInput = NaN;
    else if (key.role === "output") draft.rowOutput = NaN;
    else if (key.role === "delay") draft.rowDelayUs = NaN;
    else if (key.role === "elapsed") draft.rowElapsedUs = NaN;
    else if (key.role === "hashes") draft.rowIds = -1;
    else if (key.role === "priority") draft.rowPriority = 0;
    else if (isHint(key.role)) setHint(draft, key.role, 0);
    else if (isPin(key.role)) draft.pins.set(key.role, NaN);
    else if (key.role === "allowed_workers") draft.pins.allow(null);
    else this.#setCode(key, -1);
    return undefined;
  }

  /** A number at the cursor; a quoted one or a word is passed over, for the message, and false. */
  #numberToken(): boolean {
    const cursor = this.#cursor;
    const byte = cursor.peek();
    const from = cursor.at;
    if ((byte >= ZERO && byte <= 0x39) || byte === MINUS) {
      if (cursor.number()) return true;
      // "-Infinity", "01", "1.": not JSON, and better named as the value they are.
      cursor.fault = "";
      cursor.tokenFrom = from;
      cursor.tokenTo = wordEnd(cursor.bytes, from, cursor.end);
      return false;
    }
    cursor.tokenFrom = from;
    if (byte === QUOTE || byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (cursor.skipValue()) cursor.tokenFrom = from;
      cursor.tokenTo = cursor.at;
    } else {
      cursor.tokenTo = wordEnd(cursor.bytes, from, cursor.end);
      if (cursor.tokenTo === from) cursor.number();
    }
    return false;
  }

  #notANumber(key: JsonKey): RowFault {
    const { bytes, tokenFrom, tokenTo } = this.#cursor;
    return {
      column: key.name,
      reason: "is not a number",
      quote: quotation(bytes, tokenFrom, tokenTo),
      expected: "a JSON number",
    };
  }

  #count(key: JsonKey): RowFault | undefined {
    const cursor = this.#cursor;
    if (!this.#numberToken()) return this.#notANumber(key);
    const { bytes, tokenFrom, tokenTo } = cursor;
    const count = scanCount(bytes, tokenFrom, tokenTo);
    if (count < 0) return countFault(key.name, count, quotation(bytes, tokenFrom, tokenTo));
    if (key.role === "input") this.#draft.rowInput = count;
    else this.#draft.rowOutput = count;
    return undefined;
  }

  #hint(key: JsonKey, role: HintRole | PinRole): RowFault | undefined {
    if (!this.#numberToken()) return this.#notANumber(key);
    const { bytes, tokenFrom, tokenTo } = this.#cursor;
    const draft = this.#draft;
    const value = scanDecimal(bytes, tokenFrom, tokenTo, isPin(role) ? 0 : hintExponent(role));
    const expected = isPin(role) ? draft.pins.set(role, value) : setHint(draft, role, value);
    if (expected === "") return undefined;
    const quote = quotation(bytes, tokenFrom, tokenTo);
    return { column: key.name, reason: "cannot be", quote, expected };
  }

  #time(key: JsonKey): RowFault | undefined {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    let value: number;
    if (key.unit === "iso") {
      if (cursor.peek() !== QUOTE) {
        this.#numberToken();
        if (cursor.fault !== "") return { reason: "" };
        value = NaN;
      } else {
        if (!cursor.string()) return { reason: "" };
        value = this.#iso.scan(bytes, cursor.tokenFrom, cursor.tokenTo);
      }
    } else {
      if (!this.#numberToken()) return this.#notANumber(key);
      const exponent = EXPONENT_TO_US[key.unit];
      value = Math.round(scanDecimal(bytes, cursor.tokenFrom, cursor.tokenTo, exponent));
    }
    if (!(value >= 0 && value <= LATEST_US)) {
      return {
        column: key.name,
        reason: timeReason(value, key.unit === "iso"),
        quote: quotation(bytes, cursor.tokenFrom, cursor.tokenTo),
        expected: `${TIME_EXPECTED} (in ${key.unit})`,
      };
    }
    if (key.role === "arrival") this.#draft.rowTimeUs = value;
    else if (key.role === "delay") this.#draft.rowDelayUs = value;
    else this.#draft.rowElapsedUs = value;
    return undefined;
  }

  /** A name: a string, or a number as it is written. */
  #text(key: JsonKey, names: TextInterner): RowFault | undefined {
    const cursor = this.#cursor;
    if (cursor.peek() !== QUOTE) {
      if (!this.#numberToken()) {
        return { ...this.#notANumber(key), reason: "is not a name", expected: "a string" };
      }
    } else if (!cursor.string()) {
      return { reason: "" };
    } else if (cursor.escaped) {
      const text = bytesOf(decodedText(cursor.bytes, cursor.tokenFrom, cursor.tokenTo));
      this.#setCode(key, names.codeOf(text, 0, text.length));
      return undefined;
    }
    this.#setCode(key, names.codeOf(cursor.bytes, cursor.tokenFrom, cursor.tokenTo));
    return undefined;
  }

  #setCode(key: JsonKey, code: number): void {
    const draft = this.#draft;
    if (key.role === "session") draft.rowSession = code;
    else if (key.role === "model") draft.rowModel = code;
    else if (key.role === "tenant") draft.rowTenant = code;
    else draft.rowClass = code;
  }

  #ids(key: JsonKey): RowFault | undefined {
    const cursor = this.#cursor;
    const draft = this.#draft;
    if (!cursor.take(OPEN_BRACKET, 'a list of ids ("[")')) return { reason: "" };
    const { bytes, end } = cursor;
    // An id takes a digit and a comma at least.
    draft.beginIds((end - cursor.at) / 2 + 1);
    if (cursor.peek() === CLOSE_BRACKET) {
      cursor.at++;
      return undefined;
    }
    const lows = draft.idLows;
    const highs = draft.idHighs;
    let count = 0;
    let at = cursor.at;
    for (;;) {
      while (at < end && bytes[at] === SPACE) at++;
      const first = at;
      let value = 0;
      for (; at < end; at++) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
      const next = at < end ? bytes[at]! : -1;
      const digits = at - first;
      const plain = digits === 1 || (digits <= FAST_DIGITS && digits > 1 && bytes[first] !== ZERO);
      if (plain && (next === COMMA || next === CLOSE_BRACKET)) {
        lows[count] = value;
        highs[count++] = 0;
        at++;
        if (next === COMMA) continue;
        cursor.at = at;
        break;
      }
      cursor.at = first;
      const fault = this.#slowId(key, count++);
      if (fault !== undefined) return fault;
      if (cursor.peek() === CLOSE_BRACKET) {
        cursor.at++;
        break;
      }
      if (!cursor.take(COMMA, '"," or "]"')) return { reason: "" };
      at = cursor.at;
    }
    draft.rowIds = count;
    return undefined;
  }

  /** One id that is long, oddly spaced, a string, or wrong. */
  #slowId(key: JsonKey, index: number): RowFault | undefined {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const { idLows, idHighs } = this.#draft;
    if (cursor.peek() === QUOTE) {
      if (!cursor.string()) return { reason: "" };
      // Texts take the top 2^32 of the range: a file has one kind of id.
      idLows[index] = this.#draft.textId(bytes, cursor.tokenFrom, cursor.tokenTo);
      idHighs[index] = 0xffffffff;
      return undefined;
    }
    if (!this.#numberToken()) return this.#badId(key);
    // Past 2^53 a float64 merges neighbours: two 32-bit halves keep all 64 bits.
    let low = 0;
    let high = 0;
    for (let at = cursor.tokenFrom; at < cursor.tokenTo; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) return this.#badId(key);
      const product = low * 10 + digit;
      low = product >>> 0;
      high = high * 10 + Math.floor(product / 4294967296);
      if (high > 0xffffffff) return this.#badId(key);
    }
    idLows[index] = low;
    idHighs[index] = high;
    return undefined;
  }

  #badId(key: JsonKey): RowFault {
    const { bytes, tokenFrom, tokenTo } = this.#cursor;
    return {
      column: key.name,
      reason: "has an entry that is no block id",
      quote: quotation(bytes, tokenFrom, tokenTo),
      expected: "whole numbers from 0 to 2^64 − 1, or strings",
    };
  }
}

/** Text of a JSON string with escapes. The scanner has checked its grammar. */
function decodedText(bytes: Uint8Array, from: number, to: number): string {
  return JSON.parse(`"${textOf(bytes, from, to)}"`) as string;
}
