/** `--set PATH=VALUE`: one value of a scenario document replaced, through sections and lists. */

import { fail, ok } from "../core/index.ts";
import type { Problem, Result } from "../core/index.ts";
import { parseDocument } from "./scenario-document.ts";

/** A path of keys, and of elements of lists; and a YAML value. */
export type Override = { readonly path: readonly string[]; readonly value: unknown };

/** Stands for all elements of a list. */
const EVERY = "[]";
/** Keys by which an element of a list is called, where it has one: pools, and tiers. */
const NAME_KEYS = ["name", "level"] as const;

/**
 * Reads one override. An element of a list is a number from 0 or its name (`kv.tiers.1.x`, `kv.tiers[1].x`, `kv.tiers.g3.x`);
 * `[]` is every one. Errors: no `=`, an empty path, a value that is no YAML.
 */
export async function parseOverride(text: string): Promise<Result<Override>> {
  const equals = text.indexOf("=");
  const written = text.slice(0, Math.max(equals, 0)).trim();
  const path = written
    .replaceAll(/\[(\d*)\]/g, (_, index: string) => `.${index || EVERY}`)
    .split(".");
  const isSound = path.every((segment) => segment === EVERY || /^\w[\w-]*$/.test(segment));
  if (equals < 0 || !isSound || path[0] === EVERY) {
    return fail({
      what: `the override ${JSON.stringify(text)} cannot be read`,
      where: "--set",
      expected: "PATH=VALUE, for example engine.max_num_seqs=512 or kv.tiers.1.promote=false",
      remedy: "join the keys with dots, and put the value after =",
    });
  }
  const raw = text.slice(equals + 1).trim();
  const value = await parseValue(raw, text);
  return value.ok ? ok({ path, value: value.value }) : value;
}

async function parseValue(raw: string, text: string): Promise<Result<unknown>> {
  // The common cases without loading the YAML parser, which costs a quarter of a cold start.
  if (raw === "true" || raw === "false") return ok(raw === "true");
  if (/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/.test(raw)) return ok(Number(raw));
  if (/^[A-Za-z_][\w./-]*$/.test(raw) && !/^(null|true|false)$/i.test(raw)) return ok(raw);
  const parsed = await parseDocument(raw, `--set ${text}`);
  return parsed;
}

/** A copy of the document with the override in place; missing sections are made, elements of lists are not. */
export function applyOverride(document: unknown, override: Override): Result<unknown> {
  return setAt(document, override.path, override.value, []);
}

function setAt(
  node: unknown,
  path: readonly string[],
  value: unknown,
  walked: readonly string[],
): Result<unknown> {
  const [key, ...rest] = path;
  if (key === undefined) return ok(value);
  if (Array.isArray(node)) return setInList(node, path, value, walked);
  const absent = node === undefined || node === null;
  if (key === EVERY || (absent && /^\d+$/.test(key))) return fail(noList(absent, path, walked));
  if (!absent && typeof node !== "object") {
    const at = walked.join(".");
    return fail({
      what: `${at} is no section, so ${key} cannot be set in it`,
      where: whereOf(path, walked),
      expected: "a path through sections to one key",
      remedy: `set ${at} itself, or correct the path`,
    });
  }
  const section = absent ? {} : (node as Record<string, unknown>);
  const before = Object.hasOwn(section, key) ? section[key] : undefined;
  const child = setAt(before, rest, value, [...walked, key]);
  if (!child.ok) return child;
  // Built from entries: a key called __proto__ stays a key, and the schema refuses it.
  const entries = Object.entries(section).filter(([name]) => name !== key);
  return ok(Object.fromEntries([...entries, [key, child.value]]));
}

function setInList(
  list: readonly unknown[],
  path: readonly string[],
  value: unknown,
  walked: readonly string[],
): Result<unknown> {
  const [key = "", ...rest] = path;
  const chosen = list.map((item, index) => key === EVERY || isCalled(item, index, key));
  if (!chosen.includes(true)) return fail(noElement(list, path, walked));
  const changed: unknown[] = [];
  for (const [index, item] of list.entries()) {
    const made = chosen[index]! ? setAt(item, rest, value, [...walked, String(index)]) : ok(item);
    if (!made.ok) return made;
    changed.push(made.value);
  }
  return ok(changed);
}

function isCalled(item: unknown, index: number, key: string): boolean {
  return String(index) === key || nameOf(item) === key;
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const named = item as Readonly<Record<string, unknown>>;
  const name = NAME_KEYS.map((key) => named[key]).find((one) => typeof one === "string");
  return name as string | undefined;
}

function noElement(
  list: readonly unknown[],
  path: readonly string[],
  walked: readonly string[],
): Problem {
  const at = walked.join(".");
  const known = list.map((item, index) => {
    const name = nameOf(item);
    return name === undefined ? String(index) : `${String(index)} (${name})`;
  });
  return {
    what: `the list ${at} has no element ${path[0] ?? ""}`,
    where: whereOf(path, walked),
    expected: known.length === 0 ? "a list with elements; it is empty" : known.join(", "),
    remedy: `set ${at} to a whole list, or correct the path`,
  };
}

function noList(absent: boolean, path: readonly string[], walked: readonly string[]): Problem {
  const at = walked.join(".");
  return {
    what: absent ? `${at} is not there, so it has no elements` : `${at} is no list`,
    where: whereOf(path, walked),
    expected: `a list before ${path[0] ?? EVERY}`,
    remedy: `set ${at} to a whole list first, or correct the path`,
  };
}

function whereOf(path: readonly string[], walked: readonly string[]): string {
  return `--set ${[...walked, ...path].join(".").replaceAll(`.${EVERY}`, EVERY)}`;
}
