/** Clients that give up, at instants at which other things happen too. */

import { expect, test } from "vitest";
import { REQUEST_CANCELLED, REQUEST_COMPLETED } from "../../src/sim/index.ts";
import { runBoth, scenarioOf, timesOf, traceOf } from "../support/small-runs.ts";

test("who gives up in the middle of a prompt when others' prompts have just ended leaves nothing behind", () => {
  const base = scenarioOf({
    num_gpu_blocks: 1000,
    max_num_batched_tokens: 300,
    step_time: { type: "fixed", prefill_ms: 20, decode_ms: 1, mixed: "fused" },
  });
  const scenario = { ...base, clients: { ...base.clients, ttft_timeout_s: 0.02 } };
  const trace = traceOf([
    { at: 0, input: 100, output: 3 },
    { at: 0, input: 100, output: 3 },
    { at: 0, input: 500, output: 3 },
  ]);
  const { report, requests } = runBoth({ scenario, trace });
  expect([...requests.status]).toEqual([REQUEST_COMPLETED, REQUEST_COMPLETED, REQUEST_CANCELLED]);
  expect(timesOf(requests)).toEqual([
    [20_000, 22_000],
    [20_000, 22_000],
    [NaN, 20_000],
  ]);
  // The third request had no step of its own.
  expect(report.batch.steps).toBe(3);
});
