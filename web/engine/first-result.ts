/** The demonstration's result that the build stored in the page, so that an answer stands there at once. */

import { text } from "virtual:headworks/first-result";
import type { Insight } from "../workers/protocol.ts";

const ARRAYS = { Float32Array, Uint32Array, Uint8Array } as const;

type Packed = { readonly $array: keyof typeof ARRAYS; readonly base64: string };

function isPacked(value: unknown): value is Packed {
  return typeof value === "object" && value !== null && "$array" in value;
}

/** Columns come back as they are in the worker's results: 64-bit numbers, 32-bit codes. */
export function firstResult(): Insight {
  return JSON.parse(text, (_key, value: unknown) => {
    if (!isPacked(value)) return value;
    const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
    if (value.$array === "Uint8Array") return bytes;
    const array = new ARRAYS[value.$array](bytes.buffer);
    return array instanceof Float32Array ? Float64Array.from(array) : array;
  }) as Insight;
}
