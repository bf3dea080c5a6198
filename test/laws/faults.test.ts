/** Storms of faults: both modes agree, no run hangs, and every request is accounted for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUEST_COMPLETED } from "../../src/sim/index.ts";
import type { SimulationResult } from "../../src/sim/index.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { randomFabricStorms, randomStorms, randomTierStorms } from "../support/random-storm.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

/** Runs a storm in both modes, and holds it to the laws. */
function checked(run: RandomRun): SimulationResult {
  const watch = { requests: true, slices: 10_000, auditEvery: 5, seriesIntervalUs: 90_000 };
  const fast = simulate(run, watch);
  const steps = simulate(run, { ...watch, stepByStep: true });
  expect({ ...fast.report, events: 0 }).toEqual({ ...steps.report, events: 0 });
  expect(fast.requests).toEqual(steps.requests);
  expect(fast.series).toEqual(steps.series);
  expect(fast.slices).toEqual(steps.slices);
  expect(simulate(run).report.digest).toBe(fast.report.digest);

  const { report, requests } = fast;
  const { offered, completed, rejected, failed, cancelled, unfinished } = report.requests;
  expect(completed + rejected + failed + cancelled + unfinished).toBe(offered);
  expect(requests!.rows).toBe(offered);
  if (report.stopped === null) expect(unfinished).toBe(0);
  const done = requests!.status.filter((status) => status === REQUEST_COMPLETED).length;
  expect(done).toBe(completed);
  // Who failed has used up its attempts, or came back too late for its client.
  const { max } = report.scenario.clients.retry;
  expect(report.admission?.retries ?? 0).toBeLessThanOrEqual(max * offered);
  // Moved requests keep what the client has: no token is told twice, none is missing.
  for (let i = 0; i < offered; i++) {
    if (requests!.status[i] !== REQUEST_COMPLETED) continue;
    expect(requests!.finishUs[i]).toBeGreaterThanOrEqual(requests!.firstTokenUs[i]! || 0);
  }
  return fast;
}

test(
  "fast and step by step agree in random storms, and every request ends once",
  () => {
    const reached = { moved: 0, failed: 0, again: 0, tokens: 0, survived: 0 };
    fc.assert(
      fc.property(randomStorms, (run) => {
        const { report } = checked(run);
        const { completed } = report.requests;
        const { faults } = report;
        for (const event of faults!.events) {
          expect(event.moved + event.failed).toBeLessThanOrEqual(event.touched);
        }
        reached.moved += faults!.moved;
        reached.failed += faults!.failed;
        reached.again += report.admission?.retries ?? 0;
        reached.tokens += faults!.tokensLost;
        reached.survived += completed;
      }),
      lawRuns(400),
    );
    expect(reached.moved).toBeGreaterThan(300);
    expect(reached.failed).toBeGreaterThan(300);
    expect(reached.again).toBeGreaterThan(300);
    expect(reached.tokens).toBeGreaterThan(10_000);
    expect(reached.survived).toBeGreaterThan(1000);
  },
  LAW_TIMEOUT_MS,
);

test(
  "the same on fabrics whose links are cut and mended",
  () => {
    const reached = { moved: 0, timeouts: 0, cut: 0, met: 0, survived: 0 };
    fc.assert(
      fc.property(randomFabricStorms, (run) => {
        const { report } = checked(run);
        reached.moved += report.faults!.moved;
        reached.timeouts += report.disagg!.timeouts;
        reached.survived += report.requests.completed;
        const cuts = report.faults!.events.filter(({ kind }) => kind === "link");
        // A fault of links touches a request once, however many transfers of it meet it.
        for (const { touched } of cuts) {
          expect(touched).toBeLessThanOrEqual(report.requests.offered);
          reached.met += touched;
        }
        reached.cut += cuts.length;
      }),
      lawRuns(200),
    );
    expect(reached.moved).toBeGreaterThan(50);
    expect(reached.timeouts).toBeGreaterThan(10);
    expect(reached.cut).toBeGreaterThan(25);
    expect(reached.met).toBeGreaterThan(25);
    expect(reached.survived).toBeGreaterThan(500);
  },
  LAW_TIMEOUT_MS,
);

test(
  "the same where workers have KV tiers and peers",
  () => {
    const reached = { moved: 0, missed: 0, fetched: 0, survived: 0 };
    fc.assert(
      fc.property(randomTierStorms, (run) => {
        const { report } = checked(run);
        reached.moved += report.faults!.moved;
        reached.survived += report.requests.completed;
        const { tokensBySource: tokens, tiers } = report.kv;
        if (tokens === undefined) return;
        reached.fetched += tokens.g2 + tokens.g3 + tokens.g4 + tokens.peer;
        for (const level of tiers ?? []) {
          const missed = Object.values(level.missedTokens).reduce((sum, count) => sum + count, 0);
          expect(level.hitTokens + missed).toBe(level.askedTokens);
          reached.missed += level.missedTokens.fault;
        }
      }),
      lawRuns(300),
    );
    expect(reached.moved).toBeGreaterThan(100);
    expect(reached.missed).toBeGreaterThan(10);
    expect(reached.fetched).toBeGreaterThan(1000);
    expect(reached.survived).toBeGreaterThan(500);
  },
  LAW_TIMEOUT_MS,
);
