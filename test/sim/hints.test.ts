/** What agents tell beside their prompts: it reaches the router, and the cache keeps what they ask for. */

import { expect, test } from "vitest";
import { ok } from "../../src/core/index.ts";
import type { RouterRequest } from "../../src/policies/index.ts";
import { outcomesOf, runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

test("the router is told tier, priority and expected output of each request", () => {
  const rows = [0, 1, 2].map((at) => ({ at, input: 20, output: 2 }));
  const hints = { strictPriority: Uint32Array.of(0, 7, 0), outputTokens: Uint32Array.of(0, 40, 9) };
  const trace = { ...traceOf(rows), hints, priority: Int16Array.of(0, -3, 2) };
  const seen: RouterRequest[] = [];
  const router = () =>
    ok({
      decide: (_: unknown, request: RouterRequest) => {
        seen.push({ ...request });
        return 0;
      },
    });
  simulate({ scenario: scenarioOf({}), trace, router });
  const told = seen.map(({ strictPriority, priority, expectedOutput }) => [
    strictPriority,
    priority,
    expectedOutput,
  ]);
  expect(told).toEqual([
    [0, 0, NaN],
    [7, -3, 40],
    [0, 2, 9],
  ]);
});

/** Prompts of two blocks in a pool of six: A asks for `keepUs`, B and C come, D pushes two blocks out, A comes again. */
function cachedAtReturn(keepUs: number, returnAt: number, isHeeded = true): number {
  const of = (at: number, id: number) => ({ at, input: 32, output: 1, ids: [id, id + 1] });
  const rows = [of(0, 0), of(20_000, 10), of(40_000, 20), of(60_000, 30), of(returnAt, 0)];
  const trace = { ...traceOf(rows, 16), hints: { keepUs: Float64Array.of(keepUs, 0, 0, 0, 0) } };
  const scenario = scenarioOf({ num_gpu_blocks: 6, kv_retention_hints: isHeeded });
  return outcomesOf(runBoth({ scenario, trace }).requests)[4]!.cached;
}

test("who says that more is to come finds it, until the time is over", () => {
  // A ends at 10 ms; D's pass begins at 60 ms. Without a hint A's blocks are the oldest.
  expect(cachedAtReturn(0, 80_000)).toBe(0);
  expect(cachedAtReturn(50_001, 80_000)).toBe(16);
  expect(cachedAtReturn(50_001, 80_000, false)).toBe(0);
  // At 60 ms the time is just over: A's blocks go behind B's and C's, which are pushed out first.
  expect(cachedAtReturn(50_000, 80_000)).toBe(16);
});

test("kept blocks give way when nothing else is left", () => {
  const of = (at: number, id: number, blocks: number) => ({
    at,
    input: 16 * blocks,
    output: 1,
    ids: Array.from({ length: blocks }, (_, i) => id + i),
  });
  const rows = [of(0, 0, 3), of(20_000, 10, 2), of(40_000, 20, 5), of(60_000, 0, 3)];
  const trace = { ...traceOf(rows, 16), hints: { keepUs: Float64Array.of(1e9, 0, 0, 0) } };
  const scenario = scenarioOf({ num_gpu_blocks: 6, kv_retention_hints: true });
  const { requests, report } = runBoth({ scenario, trace });
  // The third needs five of six: one is free, both of the second go, and two of the first's, leaf first.
  expect(outcomesOf(requests)[3]!.cached).toBe(16);
  expect(report.kv.evictedBlocks).toBe(2 + 2 + 2);
});
