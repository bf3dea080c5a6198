/** The report against the columns: every figure is worked out again from the rows of requests, slices and samples. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REQUEST_COMPLETED, REQUEST_REJECTED, REQUEST_UNFINISHED } from "../../src/sim/index.ts";
import type { LatencySummary, Report, SimulationResult } from "../../src/sim/index.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { simulate } from "../support/simulate.ts";
import { scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";

type Columns = Required<SimulationResult>;
const S = 1e6;

/** Quantiles (the value nearest to rank q·(n − 1)) and the mean of values in µs, in ms. */
function summaryOf(values: number[]): LatencySummary {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (q: number): number | null =>
    sorted.length === 0 ? null : sorted[Math.round((sorted.length - 1) * q)]! / 1e3;
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    mean: sorted.length === 0 ? null : sum / sorted.length / 1e3,
    p50: rank(0.5),
    p90: rank(0.9),
    p95: rank(0.95),
    p99: rank(0.99),
    p999: rank(0.999),
    max: rank(1),
  };
}

/** Equal but for the rounding of sums. */
function expectNear(got: number | null, want: number): void {
  expect(Math.abs(got! - want)).toBeLessThanOrEqual(1e-9 * Math.max(1, want));
}

function expectSummary(got: LatencySummary, want: LatencySummary): void {
  for (const key of Object.keys(want) as (keyof LatencySummary)[]) {
    const value = want[key];
    if (value === null) expect(got[key]).toBeNull();
    else expectNear(got[key], value);
  }
}

type Request = {
  arrival: number;
  admitted: number;
  first: number;
  finish: number;
  input: number;
  output: number;
  status: number;
  /** Index of its class; undefined: the scenario has none. */
  sloClass: number | undefined;
};

function requestsOf({ requests }: Columns): Request[] {
  return Array.from({ length: requests.rows }, (_, i) => ({
    arrival: requests.arrivalUs[i]!,
    admitted: requests.admittedUs[i]!,
    first: requests.firstTokenUs[i]!,
    finish: requests.finishUs[i]!,
    sloClass: requests.sloClass?.[i],
    input: requests.inputTokens[i]!,
    output: requests.outputTokens[i]!,
    status: requests.status[i]!,
  }));
}

function checkLatencies(report: Report, completed: readonly Request[]): void {
  const of = (pick: (request: Request) => number, some = completed): LatencySummary =>
    summaryOf(some.map(pick));
  const { latency } = report;
  const pathUs = report.engine.clientPathMs * 1e3;
  expectSummary(
    latency.e2eMs,
    of((r) => r.finish - r.arrival + pathUs),
  );
  expectSummary(
    latency.queueMs,
    of((r) => r.admitted - r.arrival),
  );
  const speaking = completed.filter((r) => r.output > 0);
  expectSummary(
    latency.ttftMs,
    of((r) => r.first - r.arrival + pathUs, speaking),
  );
  expectSummary(
    latency.serverTtftMs,
    of((r) => r.first - r.arrival, speaking),
  );
  const going = completed.filter((r) => r.output > 1);
  expectSummary(
    latency.tpotMs,
    of((r) => (r.finish - r.first) / (r.output - 1), going),
  );
}

function checkSlo(report: Report, measured: readonly Request[], windowS: number): void {
  const { slo } = report.scenario;
  const pathUs = report.engine.clientPathMs * 1e3;
  const good = measured.filter((r) => {
    // The law of classes has them from the trace.
    const own = r.sloClass === undefined ? undefined : slo.classes[r.sloClass];
    const most = (key: "ttft_s" | "tpot_s" | "e2e_s"): number =>
      ((own?.[key] === undefined ? slo[key] : own[key]) ?? Infinity) * S;
    return (
      r.status === REQUEST_COMPLETED &&
      r.finish - r.arrival + pathUs <= most("e2e_s") &&
      (r.output === 0 || r.first - r.arrival + pathUs <= most("ttft_s")) &&
      (r.output < 2 || (r.finish - r.first) / (r.output - 1) <= most("tpot_s"))
    );
  });
  expect(report.slo.attainment).toBe(measured.length === 0 ? null : good.length / measured.length);
  expectNear(report.slo.goodputPerS, windowS > 0 ? good.length / windowS : 0);
}

function checkSlices(report: Report, { slices }: Columns): void {
  const sum = (column: ArrayLike<number>): number =>
    Array.from(column).reduce((total, value) => total + value, 0);
  expect(slices.truncated).toBe(false);
  expect(sum(slices.steps)).toBe(report.batch.steps);
  expect(slices.kind.filter((kind) => kind === 0).length).toBe(report.batch.mixedSteps);
  const busyUs = sum(slices.endUs) - sum(slices.startUs);
  const reported = report.workers.reduce((total, worker) => total + worker.busyS, 0) * S;
  expect(Math.abs(busyUs - reported)).toBeLessThan(1e-3 + 1e-12 * busyUs);
  let size = 0;
  for (let i = 0; i < slices.rows; i++)
    size += slices.steps[i]! * (slices.prefillRequests[i]! + slices.decodeRequests[i]!);
  if (report.batch.steps > 0) expect(report.batch.meanSize).toBe(size / report.batch.steps);
}

test("every figure follows from the rows, on random scenarios", () => {
  const reached = { completed: 0, rejected: 0, unfinished: 0, warm: 0 };
  fc.assert(
    fc.property(randomRuns, (run) => {
      const watch = { requests: true, slices: 100_000, seriesIntervalUs: 100_000 };
      const result = simulate(run, watch) as Columns;
      const { report } = result;
      const all = requestsOf(result);
      const of = (status: number): Request[] => all.filter((r) => r.status === status);
      const warmupUs = report.scenario.traffic.warmup_s * S;
      const measured = all.filter((r) => r.arrival >= warmupUs);
      const completed = measured.filter((r) => r.status === REQUEST_COMPLETED);
      expect(report.requests).toMatchObject({
        offered: all.length,
        completed: of(REQUEST_COMPLETED).length,
        rejected: of(REQUEST_REJECTED).length,
        unfinished: of(REQUEST_UNFINISHED).length,
        measured: measured.length,
      });
      const refused = report.rejections.reduce((sum, { count }) => sum + count, 0);
      expect(refused).toBe(report.requests.rejected);
      checkLatencies(report, completed);

      const firstUs = all.length === 0 ? 0 : all[0]!.arrival;
      const endUs = firstUs + report.simS * S;
      const windowS = Math.max(0, endUs - Math.max(firstUs, warmupUs)) / S;
      const perS = (pick: (r: Request) => number): number =>
        windowS > 0 ? completed.reduce((sum, r) => sum + pick(r), 0) / windowS : 0;
      const { throughput } = report;
      expectNear(
        throughput.requestsPerS,
        perS(() => 1),
      );
      expectNear(
        throughput.inputTokensPerS,
        perS((r) => r.input),
      );
      expectNear(
        throughput.outputTokensPerS,
        perS((r) => r.output),
      );
      checkSlo(report, measured, windowS);
      checkSlices(report, result);
      reached.completed += completed.length;
      reached.rejected += report.requests.rejected;
      reached.unfinished += report.requests.unfinished;
      reached.warm += all.length - measured.length;
    }),
    { numRuns: 150, seed: 8 },
  );
  expect(Math.min(...Object.values(reached))).toBeGreaterThan(50);
});

describe("by hand", () => {
  const rows: Row[] = [
    { at: 0, input: 30, output: 3 },
    { at: 0, input: 50, output: 1 },
    { at: 40_000, input: 9, output: 2 },
  ];
  const report = simulate({
    scenario: scenarioOf(
      {},
      {
        cluster: { workers: 2 },
        cost: { usd_per_gpu_hour: 3.6 },
        slo: { e2e_s: 0.011 },
      },
    ),
    trace: traceOf(rows),
  }).report;

  test("times, rates, cost and targets", () => {
    // Worker 0: 0–10–12 ms and 40–50–51 ms; worker 1: 0–10 ms. The run ends at 51 ms.
    expect(report.simS).toBe(0.051);
    expect(report.throughput.requestsPerS).toBeCloseTo(3 / 0.051, 9);
    expect(report.throughput.outputTokensPerS).toBeCloseTo(6 / 0.051, 9);
    expect(report.throughput.outputTokensPerSPerGpu).toBeCloseTo(3 / 0.051, 9);
    expect(report.batch).toMatchObject({ steps: 6, mixedSteps: 3, meanSize: 1 });
    expect(report.batch.busyShare).toBeCloseTo((12 + 11 + 10) / 102, 12);
    expect(report.gpuHours).toBeCloseTo((2 * 0.051) / 3600, 12);
    expect(report.cost!.totalUsd).toBeCloseTo((2 * 0.051 * 3.6) / 3600, 12);
    expect(report.slo.attainment).toBe(2 / 3);
    expect(report.latency.tpotMs).toMatchObject({ mean: 1, max: 1 });
    expect(report.workers.map(({ completed, steps, busyS }) => [completed, steps, busyS])).toEqual([
      [2, 5, 0.023],
      [1, 1, 0.01],
    ]);
  });

  test("no data is null, never zero", () => {
    const empty = simulate({ scenario: scenarioOf({}), trace: traceOf([]) }).report;
    expect(empty.latency.ttftMs.mean).toBeNull();
    expect(empty.latency.itlMs.p99).toBeNull();
    expect(empty.kv.hitRate).toBeNull();
    expect(empty.slo).toEqual({
      targets: {},
      goodputPerS: null,
      attainment: null,
      attainmentMin: 0.99,
      classes: null,
      tenants: null,
    });
    expect(empty.requests.offered).toBe(0);
    expect(empty.stopped).toBeNull();
  });

  test("a hit rate needs ids that could have been found", () => {
    const hitRate = (engine: object, blockSize: number): number | null =>
      simulate({
        scenario: scenarioOf(engine),
        trace: traceOf([{ at: 0, input: 40, output: 1, ids: [0, 1, 2] }], blockSize),
      }).report.kv.hitRate;
    expect(hitRate({}, 16)).toBe(0);
    expect(hitRate({ enable_prefix_caching: false }, 16)).toBeNull();
    expect(hitRate({}, 0)).toBeNull();
    expect(hitRate({ scheduler: "static" }, 16)).toBeNull();
  });
});
