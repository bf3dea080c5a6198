/** Numbers as people type them into a field: "2k", "1.5 s", "80%", "250 ms". */

import { fail, ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";

/** Powers of a thousand for counts and rates. */
const SCALES: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", 1e3],
  ["K", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["B", 1e9],
  ["%", 1e-2],
]);

/** Seconds per unit of time. */
const TIMES: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-9],
  ["us", 1e-6],
  ["µs", 1e-6],
  ["ms", 1e-3],
  ["s", 1],
  ["min", 60],
  ["h", 3600],
  ["d", 86_400],
]);

/** The number in the field's unit. Errors: no number, a unit of something else. */
export function parseAmount(text: string, unit: string): Result<number> {
  const [, digits, suffix = ""] =
    /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*$/.exec(text) ?? [];
  if (digits === undefined) return fail({ what: `${JSON.stringify(text)} is no number` });
  const own = TIMES.get(unit);
  const time = TIMES.get(suffix);
  if (own !== undefined && time !== undefined) return ok(rounded((Number(digits) * time) / own));
  const scale = SCALES.get(suffix) ?? (suffix === unit ? 1 : undefined);
  if (scale !== undefined) return ok(rounded(Number(digits) * scale));
  const units = own === undefined ? "k, M, G or %" : [...TIMES.keys()].join(", ");
  return fail({ what: `unknown unit ${JSON.stringify(suffix)}`, expected: units });
}

/** Without the last bits that a change of unit leaves. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

/** A number as it is typed back: plain, without noise in its last digits. */
export function amountText(value: number): string {
  return String(rounded(value));
}
