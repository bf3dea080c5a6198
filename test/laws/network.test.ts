/** A shared network under disaggregated serving: both modes agree, and what started has ended. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { randomFabrics, randomFabricTiers } from "../support/random-fabric.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

test(
  "fast and step by step agree on random fabrics",
  () => {
    let transfers = 0;
    let slowed = 0;
    let cancelled = 0;
    fc.assert(
      fc.property(randomFabrics, (run) => {
        const watch = { requests: true, slices: 10_000, auditEvery: 7, seriesIntervalUs: 70_000 };
        const fast = simulate(run, watch);
        const steps = simulate(run, { ...watch, stepByStep: true });
        expect({ ...fast.report, events: 0 }).toEqual({ ...steps.report, events: 0 });
        expect(fast.requests).toEqual(steps.requests);
        // Looking does not disturb.
        expect(simulate(run).report.digest).toBe(fast.report.digest);
        const { requests, network, stopped } = fast.report;
        if (stopped === null) {
          expect(requests.unfinished).toBe(0);
          const { started, finished, cancelled: lost } = network!.transfers;
          expect(finished + lost).toBe(started);
        }
        transfers += network!.transfers.finished;
        cancelled += network!.transfers.cancelled;
        if ((network!.transfers.slowdown ?? 1) > 1.2) slowed++;
        for (const { utilization } of network!.links) {
          if (run.scenario.cluster.fabric!.sharing === "fair") {
            expect(utilization).toBeLessThanOrEqual(1.000001);
          }
        }
      }),
      lawRuns(350),
    );
    // The scenarios must reach the hard parts, or the test proves little.
    expect(transfers).toBeGreaterThan(2000);
    expect(slowed).toBeGreaterThan(20);
    expect(cancelled).toBeGreaterThan(20);
  },
  LAW_TIMEOUT_MS,
);

test(
  "fast and step by step agree when tiers and hand-offs share a fabric",
  () => {
    let fetched = 0;
    let both = 0;
    let slowed = 0;
    fc.assert(
      fc.property(randomFabricTiers, (run) => {
        const watch = { requests: true, slices: 10_000, auditEvery: 7, seriesIntervalUs: 70_000 };
        const fast = simulate(run, watch);
        const steps = simulate(run, { ...watch, stepByStep: true });
        expect({ ...fast.report, events: 0 }).toEqual({ ...steps.report, events: 0 });
        expect(fast.requests).toEqual(steps.requests);
        expect(simulate(run).report.digest).toBe(fast.report.digest);
        const { kv, network, disagg, requests, stopped } = fast.report;
        if (stopped === null) expect(requests.unfinished).toBe(0);
        const { g2 = 0, g3 = 0, g4 = 0, peer = 0 } = kv.tokensBySource ?? {};
        const tokens = g2 + g3 + g4 + peer;
        fetched += tokens;
        if (disagg !== null) both += tokens;
        if ((network!.transfers.slowdown ?? 1) > 1.2) slowed++;
      }),
      lawRuns(250),
    );
    expect(fetched).toBeGreaterThan(2000);
    expect(both).toBeGreaterThan(200);
    expect(slowed).toBeGreaterThan(20);
  },
  LAW_TIMEOUT_MS,
);
