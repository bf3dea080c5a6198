/** Answers in the prefix forest: by hand, and against names merged block by block. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withAnswers } from "../../src/sim/answer-forest.ts";
import { buildPrefixForest } from "../../src/sim/prefix-forest.ts";
import type { PrefixForest } from "../../src/sim/prefix-forest.ts";
import { tenantForest } from "../../src/sim/tenant-forest.ts";
import type { Trace } from "../../src/trace/index.ts";
import { textKeys } from "../laws/naive-answers.ts";
import { randomTurns } from "../laws/naive-traces.ts";
import { scenarioOf, traceOf } from "../support/small-scenarios.ts";
import { simulate } from "../support/simulate.ts";

function forestOf(trace: Trace, engineBlock: number): PrefixForest {
  return withAnswers(buildPrefixForest(trace, engineBlock), trace, engineBlock);
}

/** The engine blocks of a path, each as "node/number". */
function blocksOf({ path, nodeBegin, nodeEnd }: PrefixForest, start: number, length: number) {
  const blocks: string[] = [];
  for (const node of path.subarray(start, start + length)) {
    expect(nodeBegin[node]).toBe(blocks.length);
    expect(nodeEnd[node]).toBeGreaterThan(blocks.length);
    while (blocks.length < nodeEnd[node]!) blocks.push(`${node}/${blocks.length}`);
  }
  return blocks;
}

test("blocks of prompts and answers are one in the forest exactly when they are the same text", () => {
  let answered = 0;
  let joined = 0;
  fc.assert(
    fc.property(
      randomTurns.filter((trace) => trace.hashes !== undefined),
      fc.constantFrom(1, 3, 8, 16, 48, 64),
      (trace, engineBlock) => {
        const forest = forestOf(trace, engineBlock);
        const { prompts, answers } = textKeys(trace, engineBlock, true);
        const names = new Map<string, string>();
        const agree = (blocks: readonly string[], keys: readonly (string | null)[]): void => {
          expect(blocks.length).toBe(keys.length);
          blocks.forEach((block, i) => {
            expect(names.get(keys[i]!) ?? block).toBe(block);
            names.set(keys[i]!, block);
          });
        };
        for (let row = 0; row < trace.rows; row++) {
          const start = forest.pathStart[row]!;
          const keys = prompts[row]!;
          const known = keys.indexOf(null);
          const prompt = blocksOf(forest, start, forest.pathStart[row + 1]! - start);
          agree(prompt, known < 0 ? keys : keys.slice(0, known));
          const length = forest.answers?.length[row] ?? 0;
          if (length === 0) {
            expect(answers[row]).toEqual([]);
            continue;
          }
          const all = blocksOf(forest, forest.answers!.start[row]!, length);
          agree(all, answers[row]!);
          expect(all.slice(0, prompt.length)).toEqual(prompt);
          answered++;
          if (all.length > prompt.length) joined++;
        }
        expect(new Set(names.values()).size).toBe(names.size);
      },
    ),
    { numRuns: 400, seed: 8 },
  );
  expect(answered).toBeGreaterThan(500);
  expect(joined).toBeGreaterThan(300);
});

describe("by hand: 40 tokens asked, 20 answered, 30 asked behind them; trace blocks of 16, engine blocks of 8", () => {
  const first = { at: 0, input: 40, output: 20, ids: [0, 1, 2] };
  const second = { at: 1e6, input: 90, output: 2, ids: [0, 1, 3, 4, 5, 6], parent: 0, delayUs: 0 };
  const trace = traceOf([first, second], 16);

  test("the second turn finds the partial block and the answer, but for its last token", () => {
    const forest = forestOf(trace, 8);
    const [prompt, all] = [forest.pathStart[1]!, forest.answers!.length[0]!];
    expect(blocksOf(forest, 0, prompt)).toHaveLength(5);
    // 59 tokens have keys and values.
    expect(blocksOf(forest, forest.answers!.start[0]!, all)).toHaveLength(7);
    const engine = { block_size: 8, num_gpu_blocks: 100, cache_generated_tokens: true };
    const cached = (more: object): number =>
      simulate({ scenario: scenarioOf({ ...engine, ...more }), trace }).report.tokens.cached;
    expect(cached({})).toBe(56);
    expect(cached({ cache_generated_tokens: false })).toBe(32);
  });

  test.each([
    ["a prompt that is too short to hold the answer", { input: 59 }],
    ["a prompt that begins otherwise", { ids: [0, 9, 3, 4, 5, 6] }],
    ["a prompt whose ids end too early", { ids: [0, 1] }],
    ["a turn of another session", { parent: -1 }],
  ])("%s finds no answer", (_, more) => {
    const rows = [first, { ...second, ...more }, { ...second, at: 2e6, parent: -1 }];
    expect(forestOf(traceOf(rows, 16), 8).answers).toBeUndefined();
  });

  test("tenants share no answer", () => {
    const salted = tenantForest(forestOf(trace, 8), [0, 1]);
    const start = salted.answers!.start[0]!;
    const own = salted.path.subarray(start, start + salted.answers!.length[0]!);
    const other = salted.path.subarray(salted.pathStart[1]!, salted.pathStart[2]!);
    expect([...own].filter((node) => other.includes(node))).toEqual([]);
  });
});
