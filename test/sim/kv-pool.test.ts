/**
 * The KV pool through the engine: with one place in the batch and answers of one token the pool is a plain LRU cache of
 * blocks, which a list models for long traces. (With many places: test/laws/naive.test.ts.)
 */

import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { keysOf } from "../laws/naive-engine.ts";
import { outcomesOf, runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";

/** Conversations that grow turn by turn and come back at random, far more than a pool holds. */
function conversations(seed: number, rows: number, blockSize: number): Trace {
  const random = stream(seed, "conversations");
  const paths: number[][] = Array.from({ length: 40 }, () => []);
  let ids = 0;
  const made = Array.from({ length: rows }, (_, r): Row => {
    const path = paths[Math.floor(40 * random.next() * random.next())]!;
    const whole = path.length;
    const tokens = 1 + random.int(6 * blockSize);
    const input = whole * blockSize + tokens;
    const own = path.slice();
    while (own.length * blockSize < input) own.push(ids++);
    path.push(...own.slice(whole, Math.floor(input / blockSize)));
    if (path.length > 30) path.length = random.int(8);
    return { at: r, input, output: 1, ids: own };
  });
  return traceOf(made, blockSize);
}

type Lru = { cached: number[]; evicted: number };

/** Oldest first; a request takes what it finds out of the list and leaves its full blocks at the end, leaf first. */
function modelLru(trace: Trace, blockSize: number, blocks: number): Lru {
  const order = new Set<string>();
  const result: Lru = { cached: [], evicted: 0 };
  for (let row = 0; row < trace.rows; row++) {
    const input = trace.inputTokens[row]!;
    const keys = keysOf(trace, row, blockSize).map((key, i) => key ?? `own ${row}/${i}`);
    let hits = 0;
    while (hits < keys.length && order.has(keys[hits]!)) hits++;
    result.cached.push(Math.min(hits, Math.floor((input - 1) / blockSize)) * blockSize);
    for (const key of keys.slice(0, hits)) order.delete(key);
    const held = Math.ceil(input / blockSize);
    for (const oldest of order) {
      if (order.size + held <= blocks) break;
      order.delete(oldest);
      result.evicted++;
    }
    for (const key of keys.toReversed()) order.add(key);
  }
  return result;
}

function runLru(trace: Trace, blockSize: number, blocks: number): Lru {
  const { requests, report } = runBoth(
    {
      scenario: scenarioOf({
        block_size: blockSize,
        num_gpu_blocks: blocks,
        max_num_seqs: 1,
        max_num_batched_tokens: 100_000,
      }),
      trace,
    },
    { auditEvery: 100 },
  );
  expect(report.requests.completed).toBe(trace.rows);
  const cached = outcomesOf(requests).map((outcome) => outcome.cached);
  return { cached, evicted: report.kv.evictedBlocks };
}

describe("one request at a time", () => {
  test.each([
    [16, 16],
    [64, 16],
    [64, 48],
    [16, 64],
    [512, 16],
  ])(
    "trace blocks of %d on engine blocks of %d: an LRU list of blocks",
    (traceBlock, engineBlock) => {
      const trace = conversations(traceBlock + engineBlock, 1200, traceBlock);
      const longest = Math.ceil(Math.max(...trace.inputTokens) / engineBlock);
      for (const times of [1, 4, 20]) {
        const got = runLru(trace, engineBlock, longest * times);
        const want = modelLru(trace, engineBlock, longest * times);
        expect(got).toEqual(want);
        // The pool must be worked hard at least once.
        if (times !== 4) continue;
        expect(want.evicted).toBeGreaterThan(100);
        expect(want.cached.filter((cached) => cached > 0).length).toBeGreaterThan(100);
      }
    },
  );

  test("a larger pool never finds less: LRU keeps a subset of what more room would keep", () => {
    const trace = conversations(3, 1000, 32);
    const longest = Math.ceil(Math.max(...trace.inputTokens) / 16);
    let before = runLru(trace, 16, longest).cached;
    for (const times of [1.5, 2, 4, 8, 100]) {
      const now = runLru(trace, 16, Math.ceil(longest * times)).cached;
      now.forEach((cached, row) => expect(cached).toBeGreaterThanOrEqual(before[row]!));
      before = now;
    }
  });
});

test("an endless pool finds what an unlimited cache would", () => {
  const trace = conversations(4, 800, 16);
  const seen = new Set<string>();
  const want = Array.from({ length: trace.rows }, (_, row) => {
    const keys = keysOf(trace, row, 16);
    let hits = 0;
    while (hits < keys.length && seen.has(keys[hits] ?? "")) hits++;
    for (const key of keys) if (key !== null) seen.add(key);
    return Math.min(hits, Math.floor((trace.inputTokens[row]! - 1) / 16)) * 16;
  });
  expect(runLru(trace, 16, 10_000_000)).toEqual({ cached: want, evicted: 0 });
});
