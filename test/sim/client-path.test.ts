/** What a client sees and what the engine measures: two numbers, worked out by hand. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Report, ScenarioInput } from "../../src/sim/index.ts";
import { hardwareFor } from "../support/hardware.ts";
import { runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

const one = (input: number, output: number, at = 0): Row => ({ at, input, output });

/** One worker; steps of 10 ms with a prompt, 1 ms without. */
function run(pathMs: number, rows: readonly Row[], more: ScenarioInput = {}): Report {
  const { traffic, ...rest } = more;
  const input = { ...rest, traffic: { ...traffic, client_path_ms: pathMs } };
  return runBoth({ scenario: scenarioOf({}, input), trace: traceOf(rows) }).report;
}

describe("latency", () => {
  test("TTFT and end to end of a client are longer by the path, TPOT and the server's TTFT are not", () => {
    const { latency, engine } = run(25, [one(100, 5)]);
    expect(engine.clientPathMs).toBe(25);
    expect(latency.ttftMs).toMatchObject({ mean: 35, p50: 35, max: 35 });
    expect(latency.serverTtftMs).toMatchObject({ mean: 10, p50: 10, max: 10 });
    expect(latency.e2eMs.mean).toBe(39);
    expect(latency.tpotMs.mean).toBe(1);
    expect(latency.queueMs.mean).toBe(0);
  });

  test("targets are the client's: 34.9 ms are missed, 35 ms are met", () => {
    const attained = (slo: ScenarioInput["slo"]): number | null =>
      run(25, [one(100, 5)], { slo }).slo.attainment;
    expect(attained({ ttft_s: 0.0349 })).toBe(0);
    expect(attained({ ttft_s: 0.035 })).toBe(1);
    expect(attained({ e2e_s: 0.0389 })).toBe(0);
    expect(attained({ e2e_s: 0.039 })).toBe(1);
  });
});

describe("closed loop", () => {
  test("a lane sends again when the client has its answer: two requests of 14 ms, 25 ms apart", () => {
    const traffic = { arrivals: { mode: "closed", concurrency: 1 } } as const;
    const { simS } = run(25, [one(100, 5), one(100, 5)], { traffic });
    expect(simS).toBe((14 + 25 + 14) / 1000);
  });

  test("lanes freed at different times follow up at their own times", () => {
    // Lane 1 is free at 11 ms, lane 2 at 13 ms: the third and fourth prompts come at 31 and 33 ms, not both at 33.
    const traffic = { arrivals: { mode: "closed", concurrency: 2 } } as const;
    const rows = [one(100, 2), one(100, 4), one(100, 1), one(100, 1)];
    const scenario = scenarioOf({}, { traffic: { ...traffic, client_path_ms: 20 } });
    const { requests } = runBoth({ scenario, trace: traceOf(rows) });
    expect([...requests.arrivalUs]).toEqual([0, 0, 31_000, 33_000]);
  });

  test("without a path nothing changes, whatever the concurrency", () => {
    const rows = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 9 })),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 7 }), (pairs, concurrency) => {
        const trace = pairs.map(([input, output]) => one(input, output));
        const traffic = { arrivals: { mode: "closed", concurrency } } as const;
        const { requests } = runBoth({
          scenario: scenarioOf({}, { traffic }),
          trace: traceOf(trace),
        });
        // At every arrival after the first ones, somebody has just left.
        const ends = new Set(requests.finishUs);
        for (let i = concurrency; i < requests.rows; i++) {
          expect(ends.has(requests.arrivalUs[i]!)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test("an engine profile brings its path, and the scenario may set it", () => {
  const hardware = hardwareFor("llama-3.1-8b", "h100-sxm");
  const { clientRequestUs, clientTokenUs } = hardware.timing;
  const named = { model: "llama-3.1-8b", gpu: "h100-sxm" };
  const trace = traceOf([one(1000, 10)]);
  const scenario = (input: ScenarioInput) =>
    scenarioOf({ step_time: null }, { ...named, ...input });
  const { latency, engine, digest } = simulate({ scenario: scenario({}), trace, hardware }).report;
  const pathMs = (clientRequestUs + clientTokenUs) / 1000;
  expect(engine.clientPathMs).toBe(pathMs);
  expect(latency.ttftMs.mean! - latency.serverTtftMs.mean!).toBeCloseTo(pathMs, 9);
  const bare = simulate({
    scenario: scenario({ traffic: { client_path_ms: 0 } }),
    trace,
    hardware,
  });
  expect(bare.report.latency.ttftMs).toEqual(latency.serverTtftMs);
  expect(bare.report.digest).toBe(digest);
});
