/** Edits of a scenario document: immutable, and without keys that hold nothing. */

import type { ScenarioDocument } from "../workers/protocol.ts";

export type Path = readonly string[];

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path, list positions included; `undefined` where there is none. */
export function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** A copy with the value at the path; `undefined` removes it, and mappings that this leaves empty. */
export function withValue(
  document: ScenarioDocument,
  path: Path,
  value: unknown,
): ScenarioDocument {
  const changed = changedAt(document, path, value);
  return isMapping(changed) ? changed : {};
}

function changedAt(node: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(node)) {
    const items: unknown[] = [...node];
    const index = Number(key);
    const child = changedAt(items[index], rest, value);
    if (child === undefined) items.splice(index, 1);
    else items[index] = child;
    return items;
  }
  const mapping = isMapping(node) ? node : {};
  const child = changedAt(mapping[key], rest, value);
  const { [key]: _old, ...others } = mapping;
  if (child !== undefined) return { ...mapping, [key]: child };
  return Object.keys(others).length === 0 && rest.length > 0 ? undefined : others;
}

export type Difference = {
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
};

/** Where two documents differ, leaf by leaf, in the order of their keys. */
export function differences(a: unknown, b: unknown, prefix = ""): Difference[] {
  if (!isMapping(a) && !isMapping(b)) {
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ path: prefix, a, b }];
  }
  const left = isMapping(a) ? a : {};
  const right = isMapping(b) ? b : {};
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return keys.flatMap((key) =>
    differences(left[key], right[key], prefix === "" ? key : `${prefix}.${key}`),
  );
}
