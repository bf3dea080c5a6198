/** The parts of every request's time add up to it, none is negative, and each is what the rest of the run says. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUEST_COMPLETED, TIME_PARTS, timesAt } from "../../src/sim/index.ts";
import type { RequestTimes, SimulationResult, TimePart } from "../../src/sim/index.ts";
import { randomClusters } from "../support/random-cluster.ts";
import { randomRuns } from "../support/random-scenario.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { randomStorms, randomTierStorms } from "../support/random-storm.ts";
import { randomTierRuns } from "../support/random-tiers.ts";
import { LAW_TIMEOUT_MS, lawRuns, record } from "./law-runs.ts";

const US_PER_MS = 1e3;

type Parts = Readonly<Record<TimePart, number>>;

/** The definition, written out once more: the parts of one request, µs. */
function partsOf(one: RequestTimes, by: "ttft" | "e2e", pathUs: number): Parts {
  const firstUs = Number.isNaN(one.firstTokenUs) ? one.finishUs : one.firstTokenUs;
  const isWhole = by === "e2e";
  return {
    path: pathUs,
    queue: one.admittedUs - one.onboardUs - one.arrivalUs,
    onboard: one.onboardUs,
    prefill: firstUs - one.settleUs - one.transferUs - one.redoFirstUs - one.admittedUs,
    transfer: one.transferUs,
    preemption: one.redoFirstUs + (isWhole ? one.redoUs : 0),
    decode: one.settleUs + (isWhole ? one.finishUs - firstUs - one.redoUs : 0),
  };
}

/** Completed requests after the warm-up that have the time, in order of arrival. */
function measured({ report, requests }: SimulationResult, by: "ttft" | "e2e"): number[] {
  const columns = requests!;
  const warmupUs = report.scenario.traffic.warmup_s * 1e6;
  return Array.from({ length: columns.rows }, (_, row) => row).filter(
    (row) =>
      columns.status[row] === REQUEST_COMPLETED &&
      columns.arrivalUs[row]! >= warmupUs &&
      (by === "e2e" || columns.outputTokens[row]! > 0),
  );
}

function checkBreakdown(result: SimulationResult): void {
  const { report, requests } = result;
  const columns = requests!;
  const pathUs = report.engine.clientPathMs * US_PER_MS;
  for (const by of ["ttft", "e2e"] as const) {
    const rows = measured(result, by);
    const { meanMs, groups, requests: count } = report.breakdown[by];
    expect(count).toBe(rows.length);
    if (rows.length === 0) {
      expect(meanMs).toBeNull();
      expect(groups).toEqual([]);
      continue;
    }
    const end = by === "e2e" ? columns.finishUs : columns.firstTokenUs;
    const whole = (row: number): number => end[row]! - columns.arrivalUs[row]!;
    for (const row of rows) {
      const parts = partsOf(timesAt(columns, row), by, pathUs);
      for (const part of TIME_PARTS)
        expect(parts[part], `${part} of ${row}`).toBeGreaterThanOrEqual(0);
    }
    const meanOf = (of: readonly number[], part: TimePart): number =>
      of.reduce((sum, row) => sum + partsOf(timesAt(columns, row), by, pathUs)[part], 0) /
      (of.length * US_PER_MS);
    for (const part of TIME_PARTS) expect(meanMs![part]).toBeCloseTo(meanOf(rows, part), 6);
    const sum = TIME_PARTS.reduce((total, part) => total + meanMs![part], 0);
    const { ttftMs, e2eMs } = report.latency;
    expect(sum).toBeCloseTo((by === "e2e" ? e2eMs : ttftMs).mean!, 4);
    const sorted = rows.toSorted((a, b) => whole(a) - whole(b) || a - b);
    const shares = { p50: [0.45, 0.55], p90: [0.88, 0.92], p99: [0.985, 0.995] } as const;
    for (const group of groups) {
      const [from, to] = shares[group.label as keyof typeof shares];
      const first = Math.min(sorted.length - 1, Math.floor(from * sorted.length));
      const around = sorted.slice(first, Math.max(first + 1, Math.ceil(to * sorted.length)));
      expect(group.requests).toBe(around.length);
      for (const part of TIME_PARTS) {
        expect(group.ms[part]).toBeCloseTo(meanOf(around, part), 6);
      }
    }
  }
}

/** Requests of a run that did again what they had lost, and the sum of a column of asides, µs. */
function sumOf(
  { requests }: SimulationResult,
  name: "transferUs" | "onboardUs" | "redoUs",
): number {
  const column = requests!.asides?.[name];
  return column === undefined ? 0 : column.reduce((sum, us) => sum + us, 0);
}

test(
  "on random workers of one kind, with preemptions",
  () => {
    let redone = 0;
    fc.assert(
      fc.property(randomRuns, (run: RandomRun) => {
        const result = record(run);
        checkBreakdown(result);
        const { requests } = result;
        for (let row = 0; row < requests.rows; row++) {
          const { redoUs, redoFirstUs } = timesAt(requests, row);
          // A request whose place was never taken does nothing again.
          if (requests.preemptions[row] === 0) expect(redoUs + redoFirstUs).toBe(0);
          else if (requests.status[row] === REQUEST_COMPLETED) {
            expect(redoUs + redoFirstUs).toBeGreaterThan(0);
            redone++;
          }
        }
      }),
      lawRuns(100),
    );
    expect(redone).toBeGreaterThan(20);
  },
  LAW_TIMEOUT_MS,
);

test(
  "on random prefill and decode workers, where transfers are those of the hand-offs",
  () => {
    let compared = 0;
    fc.assert(
      fc.property(randomClusters, (run) => {
        const result = record(run);
        checkBreakdown(result);
        const { disagg, requests } = result.report;
        if (disagg === null || disagg.fallbacks + disagg.timeouts + disagg.transferFailures > 0)
          return;
        if (requests.completed < requests.offered || disagg.heldMs.mean === null) return;
        // The prefill worker holds a prompt exactly as long as its hand-off takes.
        const heldUs = disagg.heldMs.mean * disagg.handoffs * US_PER_MS;
        expect(sumOf(result, "transferUs") / heldUs).toBeCloseTo(1, 3);
        compared++;
      }),
      lawRuns(250),
    );
    expect(compared).toBeGreaterThan(20);
  },
  LAW_TIMEOUT_MS,
);

test(
  "on random workers that load prefixes from lower tiers",
  () => {
    let onboardUs = 0;
    fc.assert(
      fc.property(randomTierRuns, (run) => {
        const result = record(run);
        checkBreakdown(result);
        onboardUs += sumOf(result, "onboardUs");
      }),
      lawRuns(100),
    );
    expect(onboardUs).toBeGreaterThan(0);
  },
  LAW_TIMEOUT_MS,
);

test(
  "in random storms of faults",
  () => {
    let redoUs = 0;
    fc.assert(
      fc.property(randomStorms, (run) => {
        const result = record(run);
        checkBreakdown(result);
        redoUs += sumOf(result, "redoUs");
      }),
      lawRuns(150),
    );
    expect(redoUs).toBeGreaterThan(0);
  },
  LAW_TIMEOUT_MS,
);

test(
  "in storms over workers that load prefixes, whose loads are lost with them",
  () => {
    let onboardUs = 0;
    fc.assert(
      fc.property(randomTierStorms, (run) => {
        const result = record(run);
        checkBreakdown(result);
        onboardUs += sumOf(result, "onboardUs");
      }),
      lawRuns(150),
    );
    expect(onboardUs).toBeGreaterThan(0);
  },
  LAW_TIMEOUT_MS,
);
