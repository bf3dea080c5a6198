/** Numbers on the command line, checked as strictly as those in files. */

import { fail, ok } from "../core/index.ts";
import type { Problem, Result } from "../core/index.ts";

/** A whole number ≥ 0. Errors: anything else. */
export function wholeFlag(text: string | undefined, name: string): Result<number | undefined> {
  if (text === undefined) return ok(undefined);
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return ok(value);
  return fail({
    what: `${JSON.stringify(text)} is no count`,
    where: name,
    expected: "a whole number ≥ 0",
    remedy: `write for example ${name} 100`,
  });
}

const UNIT_US: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1e3,
  s: 1e6,
  min: 60e6,
  h: 3600e6,
};

/** A time with its unit (10s, 500 ms, 1 min) in whole µs. Errors: anything else, zero, > 1 year. */
export function durationFlag(text: string | undefined, name: string): Result<number | undefined> {
  if (text === undefined) return ok(undefined);
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/.exec(text);
  const us = Math.round(Number(match?.[1]) * (UNIT_US[match?.[2] ?? ""] ?? Number.NaN));
  if (us >= 1 && us <= 366 * 86_400e6) return ok(us);
  return fail({
    what: `${JSON.stringify(text)} is no length of time`,
    where: name,
    expected: `a number and a unit (${Object.keys(UNIT_US).join(", ")}) between 1 us and a year`,
    remedy: `write for example ${name} 10s`,
  });
}

/** A share: 0.99 or 99%. Errors: anything outside 0 … 1. */
export function shareFlag(text: string | undefined, name: string): Result<number | undefined> {
  if (text === undefined) return ok(undefined);
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*$/.exec(text);
  const value = Number(match?.[1] ?? Number.NaN) / (match?.[2] === "%" ? 100 : 1);
  if (value >= 0 && value <= 1) return ok(value);
  return fail({
    what: `${JSON.stringify(text)} is no share`,
    where: name,
    expected: "a number from 0 to 1, or a percentage",
    remedy: `write for example ${name} 99%`,
  });
}

/** A problem of a setting, at the flag that gives it: maxNumSeqs is --max-num-seqs. */
export function atFlag(problem: Problem): Problem {
  const { where } = problem;
  if (where === undefined || !/^[a-zA-Z]+$/.test(where)) return problem;
  const name = where.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { ...problem, where: `--${name}` };
}

/** A repeatable option: each use adds one. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
