/**
 * Which blocks of prompts and answers are the same text, block by block: equal ids, and prompts that go on from the prompt and
 * the answer of the turn before. Everything that follows from these follows here by merging sets of names.
 */

import type { Trace } from "../../src/trace/index.ts";
import { idsOf, keysOf } from "./naive-engine.ts";

export type TextKeys = {
  /** By row, names of the prompt's full blocks; null: nobody else has this block. */
  readonly prompts: readonly (readonly (string | null)[])[];
  /** By row, names of the full blocks of prompt and answer, as far as a later turn tells; empty: none does. */
  readonly answers: readonly (readonly string[])[];
};

export function textKeys(trace: Trace, engineBlock: number, hasAnswers: boolean): TextKeys {
  const { rows, sessions, inputTokens, outputTokens } = trace;
  const prompts = Array.from({ length: rows }, (_, row) => keysOf(trace, row, engineBlock));
  const answers: string[][] = prompts.map(() => []);
  if (!hasAnswers || sessions === undefined || trace.hashes === undefined)
    return { prompts, answers };
  const same = new Map<string, string>();
  const find = (key: string): string => {
    const other = same.get(key);
    return other === undefined ? key : find(other);
  };
  const ends: [number, number][] = [];
  for (let row = 0; row < rows; row++) {
    const before = sessions.parent[row]!;
    if (before < 0 || !goesOn(trace, before, row, engineBlock, prompts[row]!)) continue;
    prompts[before]!.forEach((key, i) => {
      prompts[before]![i] = key ?? `tail ${before}/${i}`;
      const [a, b] = [find(prompts[before]![i]!), find(prompts[row]![i]!)];
      if (a !== b) same.set(a, b);
    });
    if (!ends.some(([one]) => one === before)) ends.push([before, row]);
  }
  for (const [before, row] of ends) {
    const blocks = Math.floor((inputTokens[before]! + outputTokens[before]! - 1) / engineBlock);
    const known = prompts[row]!.slice(0, blocks);
    const cut = known.indexOf(null);
    answers[before] = (cut < 0 ? known : known.slice(0, cut)).map((key) => find(key!));
  }
  return {
    prompts: prompts.map((keys) => keys.map((key) => (key === null ? null : find(key)))),
    answers,
  };
}

function goesOn(
  trace: Trace,
  before: number,
  row: number,
  engineBlock: number,
  keys: readonly (string | null)[],
): boolean {
  const { inputTokens, outputTokens, header } = trace;
  const input = inputTokens[before]!;
  const output = outputTokens[before]!;
  if (output === 0 || inputTokens[row]! < input + output) return false;
  const whole = Math.floor(input / header.blockSize);
  if (whole * header.blockSize < engineBlock) return false;
  const [early, late] = [idsOf(trace, before), idsOf(trace, row)];
  for (let i = 0; i < whole; i++) if (early[i] === undefined || early[i] !== late[i]) return false;
  const blocks = Math.floor(input / engineBlock);
  return keys.length >= blocks && !keys.slice(0, blocks).includes(null);
}
