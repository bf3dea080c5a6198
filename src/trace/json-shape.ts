/** Which key of a JSON Lines row means what. */

import { bytesOf } from "./bytes.ts";
import type { FormatName, Role, TimeUnit } from "./import-options.ts";

export type JsonKey = {
  readonly name: string;
  readonly role: Role;
  /** Unit of a time; of no meaning for other roles. */
  readonly unit: TimeUnit;
};

export type JsonShape = {
  readonly format: FormatName;
  readonly keys: readonly JsonKey[];
  readonly dropZeroOutput: boolean;
  readonly remarks: readonly string[];
};

/** Plain Mooncake rows and the aliases that Dynamo and AIPerf accept; times are milliseconds. */
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
    { name: "policy_class", role: "class", unit: "ms" },
    { name: "model", role: "model", unit: "ms" },
  ],
  dropZeroOutput: false,
  remarks: [],
};

/** Finds keys by their bytes: the few known names of the same length are compared. */
export class KeyTable {
  readonly #byLength = new Map<number, { readonly bytes: Uint8Array; readonly index: number }[]>();

  constructor(names: readonly string[]) {
    names.forEach((name, index) => {
      const bytes = bytesOf(name);
      const same = this.#byLength.get(bytes.length);
      if (same === undefined) this.#byLength.set(bytes.length, [{ bytes, index }]);
      else same.push({ bytes, index });
    });
  }

  /** Index of the name between two offsets, −1 when it is unknown. */
  indexOf(bytes: Uint8Array, from: number, to: number): number {
    const same = this.#byLength.get(to - from);
    if (same === undefined) return -1;
    for (const { bytes: name, index } of same) {
      let i = 0;
      while (i < name.length && name[i] === bytes[from + i]) i++;
      if (i === name.length) return index;
    }
    return -1;
  }
}
