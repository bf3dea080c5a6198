/** Watching a request disturbs nothing, sees what the router saw, and can send it elsewhere. */

import { expect, test } from "vitest";
import { explainRequest } from "../../src/plan/index.ts";
import { ok } from "../../src/core/index.ts";
import { scenarioOf, traceOf } from "../support/small-scenarios.ts";
import { simulate } from "../support/simulate.ts";

const ids = (from: number, blocks: number): number[] =>
  Array.from({ length: blocks }, (_, i) => from + i);

/** Row 2 shares row 0's prompt; rows 0 and 1 start on workers of their own. */
const trace = traceOf(
  [
    { at: 0, input: 160, output: 3, ids: ids(0, 10) },
    { at: 0, input: 160, output: 1000, ids: ids(20, 10) },
    { at: 2_000_000, input: 176, output: 3, ids: [...ids(0, 10), 40] },
  ],
  16,
);
const scenario = scenarioOf(
  {
    num_gpu_blocks: 1000,
    step_time: { type: "linear", base_us: 6000, token_us: 40, decode_context_us: 0.05 },
  },
  { cluster: { workers: 2 }, router: { policy: "dynamo_kv" }, slo: { ttft_s: 1 } },
);
const inputs = { scenario, trace };

test("a witness writes down the router's view and changes nothing", () => {
  const plain = simulate(inputs);
  const seen = simulate(inputs, { requests: true, witness: { row: 2 } });
  expect(seen.report.digest).toBe(plain.report.digest);
  expect(simulate(inputs, { requests: true }).decisions).toBeUndefined();
  const [decision] = seen.decisions!;
  const [first] = simulate(inputs, { witness: { row: 0 } }).decisions!;
  expect(decision).toMatchObject({
    timeUs: 2_000_000,
    role: "mixed",
    rule: "least cost",
    inputTokens: 176,
    blocks: 11,
    worker: first!.worker,
  });
  // 11 blocks, ten of them cached; and 11 − 0 of prefill on the other, which decodes ten blocks.
  expect(decision!.candidates.map(({ score, cachedBlocks }) => [score, cachedBlocks])).toEqual([
    [1 + 11, [10, 10, 10]],
    [11 + 10 + 11, [0, 0, 0]],
  ]);
  expect(seen.requests!.cachedTokens[2]).toBe(160);
});

test("hindsight sends it to the others, and finds the choice best", async () => {
  const report = simulate(inputs).report;
  const run = async (force?: number) =>
    ok(
      simulate(inputs, {
        requests: true,
        witness: force === undefined ? { row: 2 } : { row: 2, force },
      }),
    );
  const explained = await explainRequest(report, 2, 5, run);
  expect(explained.ok && explained.value.sameDigest).toBe(true);
  if (!explained.ok) return;
  const { hindsight, fate } = explained.value;
  expect(hindsight.map(({ chosen }) => chosen)).toEqual([true, false]);
  expect(hindsight[1]!.fate.cachedTokens).toBe(0);
  expect(hindsight[1]!.fate.ttftMs!).toBeGreaterThan(fate.ttftMs!);
  const missing = await explainRequest(report, 77, 5, run);
  expect(missing.ok).toBe(false);
});

test("who waits at the router is seen to, and what it waits behind", () => {
  const rows = [160, 320, 480].map((input) => ({ at: 0, input, output: 2 }));
  const router = { queue: { prefill_busy_threshold: 0 } };
  const engine = { step_time: { type: "linear", base_us: 1000, token_us: 10 } } as const;
  const queued = {
    scenario: scenarioOf(
      { ...engine, step_time: { ...engine.step_time, decode_context_us: 0 } },
      { router },
    ),
    trace: traceOf(rows),
  };
  const plain = simulate(queued).report.digest;
  const waits = [0, 1, 2].map((row) => {
    const seen = simulate(queued, { witness: { row } });
    expect(seen.report.digest).toBe(plain);
    return seen.decisions!.map(({ timeUs, waited }) => ({ timeUs, waited }));
  });
  const underWay = { sinceUs: 0, underWayLeast: 160, underWayMost: 160 };
  // The first prompt takes 1000 + 160 · 10 µs, the second 1000 + 320 · 10 and 10 for a token of the first beside it.
  expect(waits).toEqual([
    [{ timeUs: 0, waited: null }],
    [{ timeUs: 2600, waited: { ...underWay, ahead: 0, aheadTokens: 0 } }],
    [{ timeUs: 6810, waited: { ...underWay, ahead: 1, aheadTokens: 320 } }],
  ]);
});
