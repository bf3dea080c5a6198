/** The prefix forest against prompts taken apart block by block. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { buildPrefixForest } from "../../src/sim/prefix-forest.ts";
import type { PrefixForest } from "../../src/sim/prefix-forest.ts";
import { randomTraces } from "../laws/naive-traces.ts";
import { keysOf } from "../laws/naive-engine.ts";
import { traceOf } from "../support/small-runs.ts";

/** The engine blocks of a row's path, each as "node/number". */
function blocksOf(forest: PrefixForest, row: number): string[] {
  const blocks: string[] = [];
  for (let at = forest.pathStart[row]!; at < forest.pathStart[row + 1]!; at++) {
    const node = forest.path[at]!;
    expect(forest.nodeBegin[node]).toBe(blocks.length);
    expect(forest.nodeEnd[node]).toBeGreaterThan(blocks.length);
    while (blocks.length < forest.nodeEnd[node]!) blocks.push(`${node}/${blocks.length}`);
  }
  return blocks;
}

test("two rows share a leading block in the forest exactly when the ids say so", () => {
  let shared = 0;
  fc.assert(
    fc.property(
      randomTraces.filter((trace) => trace.hashes !== undefined),
      fc.constantFrom(1, 3, 8, 16, 48, 64, 512),
      (trace, engineBlock) => {
        const forest = buildPrefixForest(trace, engineBlock);
        const names = new Map<string, string>();
        for (let row = 0; row < trace.rows; row++) {
          const keys = keysOf(trace, row, engineBlock);
          const known = keys.findIndex((key) => key === null);
          const wanted = known < 0 ? keys : keys.slice(0, known);
          const blocks = blocksOf(forest, row);
          expect(blocks.length).toBe(wanted.length);
          blocks.forEach((block, i) => {
            // One name for one key, throughout the trace and both ways.
            const key = wanted[i]!;
            if (names.has(key)) shared++;
            expect(names.get(key) ?? block).toBe(block);
            names.set(key, block);
          });
        }
        expect(new Set(names.values()).size).toBe(names.size);
      },
    ),
    { numRuns: 120, seed: 6 },
  );
  expect(shared).toBeGreaterThan(500);
});

test("paths cost runs, not blocks: a prompt of 2,048 engine blocks is one node", () => {
  const ids = Array.from({ length: 64 }, (_, i) => i);
  const rows = [
    { at: 0, input: 64 * 512, output: 1, ids },
    { at: 1, input: 64 * 512, output: 1, ids },
    { at: 2, input: 32 * 512, output: 1, ids: ids.slice(0, 32) },
  ];
  const whole = buildPrefixForest(traceOf(rows.slice(0, 2), 512), 16);
  expect([...whole.pathStart]).toEqual([0, 1, 2]);
  expect(whole.nodeEnd[whole.path[0]!]).toBe(2048);
  // A third prompt that stops halfway cuts it in two.
  expect([...buildPrefixForest(traceOf(rows, 512), 16).pathStart]).toEqual([0, 2, 4, 5]);
});

test("a trace without ids has no forest", () => {
  expect(buildPrefixForest(traceOf([{ at: 0, input: 99, output: 1 }]), 16).nodes).toBe(0);
});
