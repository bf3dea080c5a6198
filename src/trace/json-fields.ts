/** Typed reading of a JSON row's fields; the first fault is kept, with the path of its field. */

import type { Draft } from "./draft.ts";
import { LATEST_US } from "./draft.ts";
import { bytesOf } from "./bytes.ts";
import { isIds, isObject, type IdList, type JsonObject, type JsonValue } from "./json-value.ts";
import { TIME_EXPECTED, type RowFault } from "./row-faults.ts";
import {
  ALLOWED_NAME,
  isWorker,
  PIN_NAMES,
  PIN_ROLES,
  WORKER_EXPECTED,
  WORKERS_EXPECTED,
} from "./row-pins.ts";
import { TOKENS_LIMIT } from "./scan-number.ts";
import type { TextInterner } from "./text-interner.ts";

/** Microseconds per unit of the formats' times. */
export const US_PER_MS = 1e3;
export const US_PER_S = 1e6;

const QUOTE_LIMIT = 40;

export class Fields {
  fault: RowFault | undefined;
  private readonly object: JsonObject;
  private readonly path: string;

  /** `path`: of the object in its row, for messages. */
  constructor(object: JsonObject, path = "") {
    this.object = object;
    this.path = path;
  }

  /** Whether a field is there and not null. */
  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  /** Tokens; NaN when none of the names is there. */
  count(...names: readonly string[]): number {
    return this.number(names, `a whole number of tokens from 0 to ${TOKENS_LIMIT}`, (value) =>
      Number.isInteger(value) && value >= 0 && value <= TOKENS_LIMIT ? value : NaN,
    );
  }

  /** A time in units of `unitUs`, integer µs; NaN when none of the names is there. */
  timeUs(unitUs: number, ...names: readonly string[]): number {
    return this.number(names, TIME_EXPECTED, (value) => {
      const us = Math.round(value * unitUs);
      return us >= 0 && us <= LATEST_US ? us : NaN;
    });
  }

  /** A whole number of 32 bits; 0 when it is not there. */
  whole(name: string, least: number): number {
    const value = this.number([name], `a whole number of 32 bits, at least ${least}`, (number) =>
      Number.isInteger(number) && number >= least && number <= 0xffffffff ? number : NaN,
    );
    return Number.isNaN(value) ? 0 : value;
  }

  /** A whole number of either sign; 0 when it is not there. */
  signed(name: string): number {
    const value = this.number([name], "a whole number", (number) =>
      Number.isInteger(number) ? number : NaN,
    );
    return Number.isNaN(value) ? 0 : value;
  }

  /** A worker's number; NaN when it is not there. */
  worker(name: string): number {
    return this.number([name], WORKER_EXPECTED, (value) => (isWorker(value) ? value : NaN));
  }

  /** Numbers of workers; null when they are not there. */
  workers(name: string): readonly number[] | null {
    const list = this.list(name);
    if (!this.has(name)) return null;
    const workers = list.map((value) => (typeof value === "number" ? value : NaN));
    if (workers.length > 0 && workers.every(isWorker)) return workers;
    this.fail(name, "is no list of workers", WORKERS_EXPECTED);
    return null;
  }

  /** A text, or a number as it is written; undefined when it is not there. */
  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    return nameOf(value) ?? this.wrong(name, value, "a text");
  }

  /** Block ids; undefined when they are not there. */
  ids(name: string): IdList | undefined {
    const value = this.value(name);
    if (value === undefined || isIds(value)) return value;
    return this.wrong(name, value, "a list of block ids");
  }

  /** An object; undefined when it is not there. */
  child(name: string): JsonObject | undefined {
    const value = this.value(name);
    if (value === undefined || isObject(value)) return value;
    return this.wrong(name, value, "an object");
  }

  /** A list; empty when it is not there. */
  list(name: string): readonly JsonValue[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value as readonly JsonValue[];
    return this.wrong(name, value, "a list") ?? [];
  }

  /** Keeps a fault; the first one counts. */
  fail(name: string, reason: string, expected?: string): void {
    this.fault ??= {
      column: this.path === "" ? name : `${this.path}.${name}`,
      reason,
      ...(expected === undefined ? {} : { expected }),
    };
  }

  private value(name: string): JsonValue | undefined {
    return this.object[name] ?? undefined;
  }

  private number(
    names: readonly string[],
    expected: string,
    read: (value: number) => number,
  ): number {
    const name = names.find((one) => this.has(one));
    if (name === undefined) return NaN;
    const value = this.value(name);
    const number = typeof value === "number" ? read(value) : NaN;
    if (Number.isNaN(number)) this.wrong(name, value, expected);
    return number;
  }

  private wrong(name: string, value: JsonValue | undefined, expected: string): undefined {
    this.fail(name, `is ${shown(value)}`, expected);
    return undefined;
  }
}

/** A name as a text, or a number as it is written; undefined when it is neither. */
export function nameOf(value: JsonValue): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

/** A value in a message: short, whatever it is. */
export function shown(value: JsonValue | undefined): string {
  if (value === undefined) return "missing";
  if (isIds(value) || Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > QUOTE_LIMIT ? `${text.slice(0, QUOTE_LIMIT)}…` : text;
}

/** Code of a name in an interner; −1 for none. */
export function codeOf(names: TextInterner, text: string | undefined): number {
  if (text === undefined) return -1;
  const bytes = bytesOf(text);
  return names.codeOf(bytes, 0, bytes.length);
}

/** Puts ids into the draft's open row. */
export function putIds(draft: Draft, ids: IdList): void {
  draft.beginIds(ids.count);
  draft.idLows.set(ids.lows.subarray(0, ids.count));
  draft.idHighs.set(ids.highs.subarray(0, ids.count));
  draft.rowIds = ids.count;
}

/** As `putIds`, for small ids that count from `base`: dense numbers, which are the cheapest to look up. */
export function putLocalIds(draft: Draft, ids: IdList, base: number): void {
  draft.beginIds(ids.count);
  const { idLows, idHighs } = draft;
  for (let i = 0; i < ids.count; i++) {
    const id = base + ids.lows[i]!;
    idLows[i] = id;
    idHighs[i] = Math.floor(id / 4_294_967_296);
  }
  draft.rowIds = ids.count;
}

/** Priority, hints and pins that Dynamo's formats have in common, into the draft's open row. */
export function putHints(draft: Draft, fields: Fields): void {
  draft.rowPriority = fields.signed("priority");
  draft.rowStrictPriority = fields.whole("strict_priority", 0);
  draft.rowOutputHint = fields.whole("osl", 0);
  const keep = fields.timeUs(US_PER_MS, "keep_ms");
  draft.rowKeepUs = Number.isNaN(keep) ? 0 : keep;
  draft.rowClass = codeOf(draft.labelNames.class, fields.text("policy_class"));
  draft.rowTenant = codeOf(draft.labelNames.tenant, fields.text("tenant"));
  draft.rowModel = codeOf(draft.labelNames.model, fields.text("model"));
  for (const role of PIN_ROLES) draft.pins.set(role, fields.worker(PIN_NAMES[role]));
  const expected = draft.pins.allow(fields.workers(ALLOWED_NAME));
  if (expected !== "") fields.fail(ALLOWED_NAME, "is one too many", expected);
}
