/** Hints of agents in rows of Mooncake's format, with the names and units of Dynamo's `agent_hints`. */

import { LATEST_US, type Draft } from "./draft.ts";

/** Decimal exponents that bring a hint to the unit of its column: a number of tokens, a tier, µs. */
const EXPONENTS = { strict: 0, expected: 0, keep: 3 } as const;

export type HintRole = keyof typeof EXPONENTS;

export function isHint(role: string): role is HintRole {
  return role in EXPONENTS;
}

export function hintExponent(role: HintRole): number {
  return EXPONENTS[role];
}

/** Puts a hint into the draft's open row; 0: none. Returns what was expected instead of a value that cannot be, "" when all is well. */
export function setHint(draft: Draft, role: HintRole, value: number): string {
  if (role === "keep") {
    const us = Math.round(value);
    if (!(us >= 0 && us <= LATEST_US)) return "a time of at least 0 (in ms)";
    draft.rowKeepUs = us;
    return "";
  }
  if (!(Number.isInteger(value) && value >= 0 && value <= 0xffffffff)) {
    return "a whole number of 32 bits, at least 0";
  }
  if (role === "strict") draft.rowStrictPriority = value;
  else draft.rowOutputHint = value;
  return "";
}
