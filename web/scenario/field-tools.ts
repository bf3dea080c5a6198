/** Searching fields and telling which differ from their defaults. */

import { valueAt } from "./document.ts";
import type { Path } from "./document.ts";
import { labelOf } from "./fields.ts";
import type { Field } from "./fields.ts";
import { isPolicyKnobs } from "./policy-places.ts";

/** Fields whose name, words or section contain every word searched for. */
export function matching(fields: readonly Field[], search: string): readonly Field[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return fields;
  return fields.flatMap((field): Field[] => {
    const text = `${field.path.join(".")} ${labelOf(field.key)} ${field.description}`.toLowerCase();
    // Knobs have no row of their own: the policy's shows them.
    if (isPolicyKnobs(field)) return [];
    if (words.every((word) => text.includes(word))) return [field];
    if (field.kind !== "group") return [];
    const inside = matching(field.fields, search);
    return inside.length === 0 ? [] : [{ ...field, fields: inside }];
  });
}

/** Fields under this one whose value is set and not the default. */
export function countChanged(field: Field, document: unknown): number {
  if (field.kind === "group") {
    return field.fields.reduce((sum, child) => sum + countChanged(child, document), 0);
  }
  return isChanged(field, document) ? 1 : 0;
}

export function isChanged(field: Field, document: unknown): boolean {
  const value = valueAt(document, field.path);
  return value !== undefined && JSON.stringify(value) !== JSON.stringify(field.default);
}

/** The field at a path, sections and the cases that are chosen included. */
export function fieldAt(fields: readonly Field[], path: Path): Field | undefined {
  for (const field of fields) {
    if (field.path.join(".") === path.join(".")) return field;
    if (field.kind === "group") {
      const found = fieldAt(field.fields, path);
      if (found !== undefined) return found;
    }
    if (field.kind === "variant") {
      for (const one of field.cases) {
        const found = fieldAt(one.fields, path);
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}
