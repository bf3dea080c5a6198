/** Prefill and decode pools: both modes of the engine agree, and every request, block and token is accounted for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUEST_COMPLETED } from "../../src/sim/index.ts";
import { randomClusters } from "../support/random-cluster.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

test(
  "fast and step by step agree on random disaggregated clusters",
  () => {
    let completed = 0;
    let preempted = 0;
    let stayed = 0;
    let vetoed = 0;
    fc.assert(
      fc.property(randomClusters, (run) => {
        const watch = { requests: true, slices: 10_000, auditEvery: 7, seriesIntervalUs: 70_000 };
        const fast = simulate(run, watch);
        const steps = simulate(run, { ...watch, stepByStep: true });
        expect({ ...fast.report, events: 0 }).toEqual({ ...steps.report, events: 0 });
        expect(fast.requests).toEqual(steps.requests);
        expect(fast.series).toEqual(steps.series);
        expect(fast.slices).toEqual(steps.slices);
        // Looking does not disturb.
        expect(simulate(run).report.digest).toBe(fast.report.digest);
        completed += fast.report.requests.completed;
        preempted += fast.report.kv.preemptions;
        const { conditional } = fast.report.disagg!;
        stayed += (conditional?.bypassedShort ?? 0) + (conditional?.bypassedPrefillBusy ?? 0);
        vetoed += conditional?.vetoed ?? 0;
      }),
      lawRuns(400),
    );
    expect(completed).toBeGreaterThan(3000);
    expect(preempted).toBeGreaterThan(100);
    expect(stayed).toBeGreaterThan(300);
    expect(vetoed).toBeGreaterThan(30);
  },
  LAW_TIMEOUT_MS,
);

test(
  "every request ends once, every block comes back, every token is somebody's",
  () => {
    fc.assert(
      fc.property(randomClusters, (run) => {
        const { report, requests, series } = simulate(run, {
          requests: true,
          seriesIntervalUs: 50_000,
        });
        const { offered, completed, rejected, failed, cancelled, unfinished } = report.requests;
        expect(completed + rejected + failed + cancelled + unfinished).toBe(offered);
        expect(requests!.rows).toBe(offered);
        if (report.stopped !== null) return;
        expect(unfinished).toBe(0);
        // All held blocks are back.
        expect(series!.kvBlocksUsed.at(-1) ?? 0).toBe(0);
        let tokens = 0;
        for (let i = 0; i < offered; i++) {
          if (requests!.status[i] !== REQUEST_COMPLETED) continue;
          tokens += requests!.outputTokens[i]!;
          const first = requests!.firstTokenUs[i]!;
          if (requests!.outputTokens[i]! > 0) {
            expect(first).toBeGreaterThan(requests!.admittedUs[i]!);
            expect(requests!.finishUs[i]).toBeGreaterThanOrEqual(first);
          }
        }
        if (failed + cancelled === 0) expect(report.tokens.output).toBe(tokens);
        else expect(report.tokens.output).toBeGreaterThanOrEqual(tokens);
      }),
      lawRuns(200),
    );
  },
  LAW_TIMEOUT_MS,
);
