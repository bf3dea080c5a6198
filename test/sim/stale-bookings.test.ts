/** Routers that forget what is too old, worked out by hand: a step with a prompt takes 10 ms, one without 1 ms. */

import { expect, test } from "vitest";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { runBoth, scenarioOf, TEN_AND_ONE, traceOf } from "../support/small-runs.ts";

/** A long answer, and short ones that come later. */
const TRACE = traceOf([
  { at: 0, input: 10, output: 3000 },
  { at: 1_000_000, input: 10, output: 1 },
  { at: 1_500_000, input: 10, output: 1 },
  { at: 2_500_000, input: 10, output: 1 },
]);

function run(router: NonNullable<ScenarioInput["router"]>) {
  const scenario = scenarioOf(
    { step_time: TEN_AND_ONE },
    { cluster: { workers: 2 }, router: { policy: "least_loaded", ...router } },
  );
  return runBoth({ scenario, trace: TRACE });
}

test("a request that is still under way counts until it is too old", () => {
  expect([...run({}).requests.worker]).toEqual([0, 1, 1, 1]);
  const { requests, report } = run({ stale_after_s: 1.2 });
  // Forgotten at 1.2 s: from then on both workers look idle, and the first is taken.
  expect([...requests.worker]).toEqual([0, 1, 0, 0]);
  expect(report.warnings).toContain(
    "routers took 1 ends for lost: of requests that were still under way after 1.2 s",
  );
  expect(report.requests.completed).toBe(4);
});

test("exactly at its age it is forgotten", () => {
  expect([...run({ stale_after_s: 1 }).requests.worker]).toEqual([0, 0, 0, 0]);
  expect([...run({ stale_after_s: 1.000001 }).requests.worker]).toEqual([0, 1, 0, 0]);
});

test("peers forget what they were told of, too", () => {
  const both = { replicas: 2, replica_sync_s: 0 };
  expect([...run({ ...both, stale_after_s: 1.2 }).requests.worker]).toEqual([0, 1, 0, 0]);
  expect([...run(both).requests.worker]).toEqual([0, 1, 1, 1]);
});

test("who waits at the router is served when what kept the worker busy is forgotten", () => {
  const scenario = (stale_after_s: number | null) =>
    scenarioOf(
      { max_num_seqs: 4, step_time: { type: "fixed", prefill_ms: 900, decode_ms: 1 } },
      { router: { policy: "dynamo_kv", stale_after_s, queue: { prefill_busy_threshold: 0 } } },
    );
  const trace = traceOf([
    { at: 0, input: 10, output: 1 },
    { at: 1000, input: 10, output: 1 },
  ]);
  const decidedAt = (after: number | null): number =>
    runBoth({ scenario: scenario(after), trace }, { witness: { row: 1 } }).decisions[0]!.timeUs;
  expect(decidedAt(null)).toBe(900_000);
  expect(decidedAt(0.4)).toBe(400_000);
});
