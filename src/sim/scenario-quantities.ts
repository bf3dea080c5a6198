/**
 * Quantities with units in scenario files: a text such as "50 ms" under a key that names its unit
 * (`warmup_s`, `base_us`, `prefill_ms`, `capacity_bytes`, `usd_per_gpu_hour`) becomes a plain number in that unit.
 */

import { fail, ok } from "../core/index.ts";
import type { QuantityParser, QuantityUnit, Result } from "../core/index.ts";

type KeyQuantity = {
  readonly unit: QuantityUnit;
  /** Units of the key per unit of the parser. */
  readonly scale: number;
};

/** The quantity that a key's name promises; `undefined` for keys without a unit in their name. */
export function quantityOf(key: string): KeyQuantity | undefined {
  if (key.endsWith("usd_per_gpu_hour")) return { unit: "usd/hour", scale: 1 };
  if (key.endsWith("_bytes_per_s")) return { unit: "byte/s", scale: 1 };
  if (key.endsWith("_bytes")) return { unit: "byte", scale: 1 };
  // Any other rate is a count per second, not a time.
  if (key.endsWith("_per_s")) return undefined;
  if (key.endsWith("_us")) return { unit: "us", scale: 1 };
  if (key.endsWith("_ms")) return { unit: "us", scale: 1e-3 };
  if (key.endsWith("_s")) return { unit: "s", scale: 1 };
  return undefined;
}

/** Deeper nesting than any scenario has; guards the walks below against cyclic YAML aliases. */
const DEPTH_LIMIT = 16;

/** Whether the document holds a text with a unit, so that the (slow to load) parser is needed. */
export function hasQuantities(document: unknown, depth = 0): boolean {
  if (typeof document !== "object" || document === null || depth > DEPTH_LIMIT) return false;
  return Object.entries(document).some(([key, value]) =>
    typeof value === "string"
      ? quantityOf(key) !== undefined && !isPlainNumber(value)
      : hasQuantities(value, depth + 1),
  );
}

function isPlainNumber(text: string): boolean {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text);
}

/**
 * A copy of the document with every quantity turned into a number.
 * Errors: a text that the parser refuses, with the key's path; nesting deeper than any scenario.
 */
export function resolveQuantities(
  document: unknown,
  parse: QuantityParser | undefined,
  path: readonly string[] = [],
): Result<unknown> {
  if (typeof document !== "object" || document === null) return ok(document);
  if (path.length > DEPTH_LIMIT) {
    return fail({
      what: `nested more than ${String(DEPTH_LIMIT)} levels deep`,
      where: path.slice(0, 4).join("."),
      remedy: "remove the nesting; no section of a scenario is that deep",
    });
  }
  const list = Array.isArray(document);
  const copy: [string, unknown][] = [];
  for (const [key, value] of Object.entries(document)) {
    const quantity = list || typeof value !== "string" ? undefined : quantityOf(key);
    const resolved =
      quantity === undefined
        ? resolveQuantities(value, parse, [...path, key])
        : resolveOne(value as string, quantity, parse, [...path, key].join("."));
    if (!resolved.ok) return resolved;
    copy.push([key, resolved.value]);
  }
  return ok(list ? copy.map(([, value]) => value) : Object.fromEntries(copy));
}

function resolveOne(
  text: string,
  quantity: KeyQuantity,
  parse: QuantityParser | undefined,
  where: string,
): Result<unknown> {
  if (isPlainNumber(text)) return ok(Number(text));
  // Without a parser the text stays, and the schema says that a number was expected.
  if (parse === undefined) return ok(text);
  const parsed = parse(text, quantity.unit);
  if (!parsed.ok) return fail({ ...parsed.problem, where });
  return ok(parsed.value * quantity.scale);
}
