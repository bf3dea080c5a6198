/**
 * Workers that rows ask for: pins with the names of Dynamo's `nvext` (dynamo-policies.md 5.5), and lists of workers that
 * are allowed. Numbers are those of the scenario's workers; whether they are there is known only when the trace meets one.
 */

import { CLOSE_BRACKET, COMMA, OPEN_BRACKET, quotation, SPACE, textOf } from "./bytes.ts";
import { OptionalColumn } from "./optional-column.ts";
import type { RowFault } from "./row-faults.ts";
import { wordEnd, type JsonCursor } from "./scan-json.ts";
import { scanDecimal } from "./scan-number.ts";
import type { AllowedWorkers, RowPins } from "./trace.ts";

/** Keys in rows, and columns of our CSV, by what they mean. */
export const PIN_NAMES = {
  worker: "backend_instance_id",
  prefill_worker: "prefill_worker_id",
  decode_worker: "decode_worker_id",
} as const;
export const ALLOWED_NAME = "allowed_workers";

export type PinRole = keyof typeof PIN_NAMES;
export const PIN_ROLES = Object.keys(PIN_NAMES) as readonly PinRole[];

/** What was expected in place of a value that is no worker's number. */
export const WORKER_EXPECTED = "a worker's number in the scenario, from 0";
export const WORKERS_EXPECTED = "numbers of workers in the scenario, from 0, one at least";

/** Workers of a scenario are numbered by 32-bit integers. */
const WORKER_LAST = 0x7ffffffe;
/** Codes are 16 bits wide. */
const LISTS_MOST = 0xffff;

export function isPin(role: string): role is PinRole {
  return role in PIN_NAMES;
}

export function isWorker(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= WORKER_LAST;
}

/** Pins of a draft's rows. */
export class PinDraft {
  readonly #columns = {
    worker: new OptionalColumn(),
    prefill_worker: new OptionalColumn(),
    decode_worker: new OptionalColumn(),
  };
  readonly #codes = new OptionalColumn();
  readonly #lists: (readonly number[])[] = [[]];
  readonly #codeOf = new Map<string, number>();
  /** The open row: numbers from 1, 0: none. */
  readonly #row = { worker: 0, prefill_worker: 0, decode_worker: 0 };
  #list = 0;
  #isOpen = false;

  /** Forgets the open row. */
  clear(): void {
    if (!this.#isOpen) return;
    for (const role of PIN_ROLES) this.#row[role] = 0;
    this.#list = 0;
    this.#isOpen = false;
  }

  /** Pins the open row; NaN: not. Returns what was expected instead of a value that cannot be, "" when all is well. */
  set(role: PinRole, worker: number): string {
    if (!Number.isNaN(worker) && !isWorker(worker)) return WORKER_EXPECTED;
    this.#row[role] = Number.isNaN(worker) ? 0 : worker + 1;
    this.#isOpen = true;
    return "";
  }

  /** The workers that the open row allows; null: all. Returns as `set`. */
  allow(workers: readonly number[] | null): string {
    this.#isOpen = true;
    this.#list = 0;
    if (workers === null) return "";
    if (workers.length === 0 || !workers.every(isWorker)) return WORKERS_EXPECTED;
    const list = [...new Set(workers)].sort((a, b) => a - b);
    const key = list.join(" ");
    const known = this.#codeOf.get(key);
    if (known === undefined && this.#lists.length > LISTS_MOST) {
      return `at most ${String(LISTS_MOST)} different lists in a file`;
    }
    this.#list = known ?? this.#lists.push(list) - 1;
    if (known === undefined) this.#codeOf.set(key, this.#list);
    return "";
  }

  /** The open row becomes this one. */
  put(row: number): void {
    if (!this.#isOpen) return;
    for (const role of PIN_ROLES) this.#columns[role].put(row, this.#row[role]);
    this.#codes.put(row, this.#list);
  }

  /** Pins of the kept rows; undefined: no row of the draft has any. */
  gather(order: Uint32Array): RowPins | undefined {
    const found: { -readonly [key in keyof RowPins]: RowPins[key] } = {};
    for (const role of PIN_ROLES) {
      const column = this.#columns[role];
      const name = PIN_FIELDS[role];
      if (column.isUsed) found[name] = Int32Array.from(column.gather(order), (one) => one - 1);
    }
    if (this.#codes.isUsed) {
      found.allowed = { lists: this.#lists, codes: new Uint16Array(this.#codes.gather(order)) };
    }
    return Object.keys(found).length === 0 ? undefined : found;
  }
}

const PIN_FIELDS = { worker: "any", prefill_worker: "prefill", decode_worker: "decode" } as const;

/** Names of the pin columns that a trace has, with their columns. */
export function pinColumnsOf(pins: RowPins): readonly (readonly [string, Int32Array])[] {
  return PIN_ROLES.flatMap((role) => {
    const column = pins[PIN_FIELDS[role]];
    return column === undefined ? [] : [[PIN_NAMES[role], column] as const];
  });
}

/** The workers that a row allows; undefined: all. */
export function allowedOf(
  allowed: AllowedWorkers | undefined,
  row: number,
): readonly number[] | undefined {
  const code = allowed?.codes[row] ?? 0;
  return code === 0 ? undefined : allowed!.lists[code];
}

/** Reads the list of workers at a cursor into a draft's open row. */
export function scanAllowed(
  cursor: JsonCursor,
  pins: PinDraft,
  name: string,
): RowFault | undefined {
  const { at: from, bytes } = cursor;
  const workers = scanWorkers(cursor);
  // A word or an open list is better named as what it is no list of than by the grammar that it breaks.
  cursor.fault = "";
  const expected = pins.allow(workers ?? []);
  if (expected === "") return undefined;
  const quote = quotation(bytes, from, Math.max(cursor.at, wordEnd(bytes, from, cursor.end)));
  return { column: name, reason: "is no list of workers", quote, expected };
}

/** The list of numbers at a cursor; undefined: there is none. */
function scanWorkers(cursor: JsonCursor): readonly number[] | undefined {
  if (cursor.peek() !== OPEN_BRACKET) return undefined;
  cursor.at++;
  const workers: number[] = [];
  if (cursor.peek() === CLOSE_BRACKET) {
    cursor.at++;
    return workers;
  }
  for (;;) {
    if (!cursor.number()) return undefined;
    workers.push(Number(textOf(cursor.bytes, cursor.tokenFrom, cursor.tokenTo)));
    if (cursor.peek() === CLOSE_BRACKET) {
      cursor.at++;
      return workers;
    }
    if (!cursor.take(COMMA, '"," or "]"')) return undefined;
  }
}

/** Numbers between two offsets with blanks between them, as a field of CSV has them; what is no number is NaN. */
export function spacedWorkers(bytes: Uint8Array, from: number, to: number): readonly number[] {
  const workers: number[] = [];
  let at = from;
  while (at < to) {
    if (bytes[at] === SPACE) {
      at++;
      continue;
    }
    const first = at;
    while (at < to && bytes[at] !== SPACE) at++;
    workers.push(scanDecimal(bytes, first, at, 0));
  }
  return workers;
}
