/** Which key of a JSON Lines row means what. */

import { bytesOf } from "./bytes.ts";
import type { FormatName, Role, TimeUnit } from "./import-options.ts";
import type { HintRole } from "./row-hints.ts";
import { ALLOWED_NAME, PIN_NAMES, PIN_ROLES } from "./row-pins.ts";

export type JsonKey = {
  readonly name: string;
  readonly role: Role | HintRole;
  /** Unit of a time; of no meaning for other roles. */
  readonly unit: TimeUnit;
};

export type JsonShape = {
  readonly format: FormatName;
  readonly keys: readonly JsonKey[];
  readonly dropZeroOutput: boolean;
  readonly remarks: readonly string[];
};

/** Plain Mooncake rows, the aliases that Dynamo and AIPerf accept, and tenants as ours; times are milliseconds. */
export const MOONCAKE_SHAPE: JsonShape = {
  format: "mooncake",
  keys: [
    { name: "timestamp", role: "arrival", unit: "ms" },
    { name: "created_time", role: "arrival", unit: "ms" },
    { name: "input_length", role: "input", unit: "ms" },
    { name: "input_tokens", role: "input", unit: "ms" },
    { name: "output_length", role: "output", unit: "ms" },
    { name: "output_tokens", role: "output", unit: "ms" },
    { name: "hash_ids", role: "hashes", unit: "ms" },
    { name: "session_id", role: "session", unit: "ms" },
    { name: "delay", role: "delay", unit: "ms" },
    { name: "delay_ms", role: "delay", unit: "ms" },
    { name: "priority", role: "priority", unit: "ms" },
    { name: "strict_priority", role: "strict", unit: "ms" },
    { name: "osl", role: "expected", unit: "ms" },
    { name: "keep_ms", role: "keep", unit: "ms" },
    { name: "policy_class", role: "class", unit: "ms" },
    { name: "tenant", role: "tenant", unit: "ms" },
    { name: "model", role: "model", unit: "ms" },
    ...PIN_ROLES.map((role) => ({ name: PIN_NAMES[role], role, unit: "ms" as const })),
    { name: ALLOWED_NAME, role: "allowed_workers", unit: "ms" },
  ],
  dropZeroOutput: false,
  remarks: [],
};

/** Finds keys by their bytes. Rows repeat their keys in one order, so that order is tried first. */
export class KeyTable {
  readonly #names: readonly Uint8Array[];
  /** Key found at each place of the last row. */
  readonly #order: number[] = [];
  #place = 0;

  constructor(names: readonly string[]) {
    this.#names = names.map(bytesOf);
  }

  /** A new row begins. */
  restart(): void {
    this.#place = 0;
  }

  /** Index of the name between two offsets, −1 when it is unknown. */
  indexOf(bytes: Uint8Array, from: number, to: number): number {
    const place = this.#place++;
    const likely = this.#order[place];
    if (likely !== undefined && likely >= 0 && this.#matches(likely, bytes, from, to)) {
      return likely;
    }
    const index = this.#names.findIndex((_, candidate) =>
      this.#matches(candidate, bytes, from, to),
    );
    if (place < KEY_PLACES) this.#order[place] = index;
    return index;
  }

  #matches(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    const name = this.#names[index]!;
    if (name.length !== to - from) return false;
    for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
    return true;
  }
}

/** Places remembered in a row (assumption: a request has fewer keys). */
const KEY_PLACES = 32;
