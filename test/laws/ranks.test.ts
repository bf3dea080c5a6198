/** Ranks in lock step: both modes of the engine agree, and every request, block and token is accounted for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { RandomRun } from "../support/random-scenario.ts";
import { randomRankClusters, randomRankRuns, randomRankTiers } from "../support/random-ranks.ts";
import { randomRankStorms } from "../support/random-storm.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

/** Runs a scenario in both modes, and holds it to the laws. */
function checked(run: RandomRun) {
  const watch = { requests: true, slices: 10_000, auditEvery: 7, seriesIntervalUs: 70_000 };
  const fast = simulate(run, watch);
  const steps = simulate(run, { ...watch, stepByStep: true });
  expect({ ...fast.report, events: 0 }).toEqual({ ...steps.report, events: 0 });
  expect(fast.requests).toEqual(steps.requests);
  expect(fast.series).toEqual(steps.series);
  expect(fast.slices).toEqual(steps.slices);
  // Looking does not disturb.
  expect(simulate(run).report.digest).toBe(fast.report.digest);
  const { offered, completed, rejected, failed, cancelled, unfinished } = fast.report.requests;
  expect(completed + rejected + failed + cancelled + unfinished).toBe(offered);
  if (fast.report.stopped === null) expect(unfinished).toBe(0);
  return fast;
}

test(
  "fast and step by step agree with ranks apart",
  () => {
    const reached = { completed: 0, preempted: 0, cancelled: 0, cached: 0 };
    fc.assert(
      fc.property(randomRankRuns, (run) => {
        const { report } = checked(run);
        const { data } = run.scenario.cluster.parallelism;
        expect(report.workers).toHaveLength(run.scenario.cluster.workers * data);
        reached.completed += report.requests.completed;
        reached.cancelled += report.requests.cancelled;
        reached.preempted += report.kv.preemptions;
        reached.cached += report.tokens.cached;
      }),
      lawRuns(400),
    );
    expect(reached.completed).toBeGreaterThan(3000);
    expect(reached.cancelled).toBeGreaterThan(100);
    expect(reached.preempted).toBeGreaterThan(100);
    expect(reached.cached).toBeGreaterThan(1000);
  },
  LAW_TIMEOUT_MS,
);

test(
  "the same with prefill and decode pools, over links and fabrics",
  () => {
    let completed = 0;
    fc.assert(
      fc.property(randomRankClusters, (run) => {
        completed += checked(run).report.requests.completed;
      }),
      lawRuns(200),
    );
    expect(completed).toBeGreaterThan(1500);
  },
  LAW_TIMEOUT_MS,
);

test(
  "the same with KV tiers",
  () => {
    let completed = 0;
    fc.assert(
      fc.property(randomRankTiers, (run) => {
        completed += checked(run).report.requests.completed;
      }),
      lawRuns(200),
    );
    expect(completed).toBeGreaterThan(1500);
  },
  LAW_TIMEOUT_MS,
);

test(
  "the same when workers die, all their ranks at once",
  () => {
    const reached = { moved: 0, tokens: 0, survived: 0 };
    fc.assert(
      fc.property(randomRankStorms, (run) => {
        const { report } = checked(run);
        reached.moved += report.faults!.moved;
        reached.tokens += report.faults!.tokensLost;
        reached.survived += report.requests.completed;
      }),
      lawRuns(200),
    );
    expect(reached.moved).toBeGreaterThan(100);
    expect(reached.tokens).toBeGreaterThan(1000);
    expect(reached.survived).toBeGreaterThan(500);
  },
  LAW_TIMEOUT_MS,
);
