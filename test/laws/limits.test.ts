/** Everything has a limit, and reaching one is a result with a reason; a run can be interrupted and still adds up. */

import { describe, expect, test } from "vitest";
import { problemText } from "../../src/core/index.ts";
import { createSimulation } from "../../src/sim/index.ts";
import type { Report, Scenario, Simulation } from "../../src/sim/index.ts";
import { simulate } from "../support/simulate.ts";
import { scenarioOf, traceOf } from "../support/small-scenarios.ts";

const trace = traceOf(
  Array.from({ length: 200 }, (_, i) => ({ at: 30_000 * i, input: 400, output: 30 })),
);

function reportOf(limits: Partial<Scenario["limits"]>): Report {
  return simulate({ trace, scenario: scenarioOf({ max_num_seqs: 1 }, { limits }) }).report;
}

function addsUp({ requests }: Report): void {
  const { offered, completed, rejected, unfinished } = requests;
  expect(completed + rejected + unfinished).toBe(offered);
}

describe("a limit", () => {
  test("on events", () => {
    const report = reportOf({ events: 100 });
    expect(report.stopped).toBe("the limit of 100 events was reached");
    expect(report.events).toBe(100);
    expect(report.requests.offered).toBeLessThan(100);
    expect(report.warnings.join()).toContain("the limit of 100 events was reached");
    addsUp(report);
  });

  test("on requests in flight", () => {
    // One place, 39 ms each, one every 30 ms: the queue grows without end.
    const report = reportOf({ in_flight: 10 });
    expect(report.stopped).toBe("the limit of 10 requests in flight was reached");
    expect(report.requests.unfinished).toBe(11);
    addsUp(report);
  });

  test("not reached leaves no trace", () => {
    const report = reportOf({ events: 1_000_000, in_flight: 200 });
    expect(report.stopped).toBeNull();
    expect(report.warnings).toEqual([]);
    expect(report.requests.completed).toBe(200);
    expect(report.digest).toBe(reportOf({}).digest);
  });
});

describe("an interruption", () => {
  const started = (): Simulation => {
    const simulation = createSimulation(
      { trace, scenario: scenarioOf({}) },
      { requests: true, seriesIntervalUs: 100_000 },
    );
    if (!simulation.ok) throw new Error(problemText(simulation.problem));
    return simulation.value;
  };

  test("keeps what was done and says so", () => {
    const simulation = started();
    simulation.advance(150);
    const { report, requests, series } = simulation.finish(1.5, "interrupted by the user");
    expect(report.stopped).toBe("interrupted by the user");
    expect(report.wallS).toBe(1.5);
    expect(report.requests.completed).toBeGreaterThan(20);
    expect(requests!.rows).toBe(report.requests.offered);
    expect(series!.timeUs[series!.rows - 1]).toBe(report.simS * 1e6);
    addsUp(report);
  });

  test("before the first event is an empty report", () => {
    const { report } = started().finish(0);
    expect(report.requests.offered).toBe(0);
    expect(report.stopped).toBe("interrupted");
    expect(report.simS).toBe(0);
  });
});

test("without traffic a simulation is refused in words", () => {
  const simulation = createSimulation({ scenario: scenarioOf({}) });
  expect(simulation.ok).toBe(false);
  if (!simulation.ok) expect(problemText(simulation.problem)).toContain("no traffic");
});
