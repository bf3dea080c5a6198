/** Fast-forward is exact: on any scenario both modes of the engine give the same numbers, to the bit. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Report } from "../../src/sim/index.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { simulate } from "../support/simulate.ts";

/** Random scenarios in CI; `npm run laws` runs more with other seeds. */
const RUNS = Number(process.env["HEADWORKS_LAW_RUNS"] ?? 600);
const SEED = Number(process.env["HEADWORKS_LAW_SEED"] ?? 20261120);

/** What must agree: all but the number of events. */
function comparable(report: Report): unknown {
  return { ...report, events: 0 };
}

test("fast and step by step agree when clients give up", () => {
  let cancelled = 0;
  const timeouts = fc.record({
    timeout_s: fc.constantFrom(null, 0.05, 0.3, 2, 0.123457),
    ttft_timeout_s: fc.constantFrom(null, 0.02, 0.25, 1),
  });
  fc.assert(
    fc.property(randomRuns, timeouts, (run, clients) => {
      const impatient = {
        ...run,
        scenario: { ...run.scenario, clients: { ...run.scenario.clients, ...clients } },
      };
      const watch = { requests: true, slices: 10_000, auditEvery: 25, seriesIntervalUs: 30_000 };
      const fast = simulate(impatient, watch);
      const steps = simulate(impatient, { ...watch, stepByStep: true });
      expect(comparable(fast.report)).toEqual(comparable(steps.report));
      expect(fast.requests).toEqual(steps.requests);
      expect(fast.series).toEqual(steps.series);
      expect(fast.slices).toEqual(steps.slices);
      cancelled += fast.report.requests.cancelled;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(cancelled).toBeGreaterThan(RUNS);
}, 120_000);

test(`fast and step by step agree on ${RUNS} random scenarios`, () => {
  const preemptions = { vllm: 0, sglang: 0, tensorrt_llm: 0, static: 0 };
  let cached = 0;
  fc.assert(
    fc.property(randomRuns, fc.constantFrom(undefined, 30_000, 1_000_000), (run, interval) => {
      const watch = { requests: true, slices: 10_000, auditEvery: 25 };
      const sampled = interval === undefined ? {} : { seriesIntervalUs: interval };
      const fast = simulate(run, { ...watch, ...sampled });
      const steps = simulate(run, { ...watch, ...sampled, stepByStep: true });
      expect(comparable(fast.report)).toEqual(comparable(steps.report));
      expect(fast.requests).toEqual(steps.requests);
      expect(fast.series).toEqual(steps.series);
      expect(fast.slices).toEqual(steps.slices);
      // Looking does not disturb.
      expect(simulate(run).report.digest).toBe(fast.report.digest);
      preemptions[run.scenario.engine.scheduler] += fast.report.kv.preemptions;
      cached += fast.report.tokens.cached;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // The scenarios must reach the hard parts, or the test proves little; so few may miss what is rare.
  if (RUNS < 300) return;
  expect(preemptions.vllm).toBeGreaterThan(RUNS / 4);
  expect(preemptions.tensorrt_llm).toBeGreaterThan(RUNS / 20);
  expect(preemptions.sglang).toBeGreaterThan(RUNS / 40);
  expect(cached).toBeGreaterThan(RUNS);
}, 120_000);
