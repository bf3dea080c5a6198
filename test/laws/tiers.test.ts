/** KV tiers change no law: both modes agree to the bit, looking does not disturb, every block is accounted for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Report } from "../../src/sim/index.ts";
import { randomTierRuns } from "../support/random-tiers.ts";
import { simulate } from "../support/simulate.ts";

const RUNS = Number(process.env["HEADWORKS_LAW_RUNS"] ?? 400);
const SEED = Number(process.env["HEADWORKS_LAW_SEED"] ?? 20261120);

function comparable(report: Report): unknown {
  return { ...report, events: 0 };
}

test(`with tiers, fast and step by step agree on ${RUNS} random scenarios`, () => {
  let fetched = 0;
  let fromPeers = 0;
  let cancelled = 0;
  fc.assert(
    fc.property(randomTierRuns, fc.constantFrom(undefined, 30_000), (run, interval) => {
      const watch = {
        requests: true,
        slices: 10_000,
        auditEvery: 10,
        ...(interval === undefined ? {} : { seriesIntervalUs: interval }),
      };
      const fast = simulate(run, watch);
      const steps = simulate(run, { ...watch, stepByStep: true });
      expect(comparable(fast.report)).toEqual(comparable(steps.report));
      expect(fast.requests).toEqual(steps.requests);
      expect(fast.series).toEqual(steps.series);
      expect(fast.slices).toEqual(steps.slices);
      expect(simulate(run).report.digest).toBe(fast.report.digest);
      const { tokensBySource: tokens } = fast.report.kv;
      if (tokens === undefined) return;
      const { computed, g1, g2, g3, g4, peer } = tokens;
      expect(computed + g1 + g2 + g3 + g4 + peer).toBe(fast.report.tokens.input);
      for (const count of Object.values(tokens)) expect(count).toBeGreaterThanOrEqual(0);
      fetched += g2 + g3 + g4;
      fromPeers += peer;
      cancelled += fast.report.requests.cancelled;
      for (const level of fast.report.kv.tiers ?? []) {
        const missed = Object.values(level.missedTokens).reduce((sum, count) => sum + count, 0);
        expect(level.hitTokens + missed).toBe(level.askedTokens);
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // The scenarios must reach the hard parts, or the test proves little.
  expect(fetched).toBeGreaterThan(RUNS);
  expect(fromPeers).toBeGreaterThan(RUNS / 4);
  expect(cancelled).toBeGreaterThan(RUNS / 4);
}, 180_000);
