/** Runs of small scenarios in both modes, and their results as plain objects. */

import { expect } from "vitest";
import type { ProfileTable } from "../../src/hardware/index.ts";
import type {
  HardwareInputs,
  RequestColumns,
  Scenario,
  SimulationOptions,
  SimulationResult,
} from "../../src/sim/index.ts";
import type { RowSource, Trace } from "../../src/trace/index.ts";
import { simulate } from "./simulate.ts";

export { scenarioOf, TEN_AND_ONE, traceOf } from "./small-scenarios.ts";
export type { Row } from "./small-scenarios.ts";

export type Inputs = {
  readonly scenario: Scenario;
  readonly trace?: Trace;
  readonly rows?: () => RowSource;
  readonly table?: ProfileTable;
  readonly hardware?: HardwareInputs;
};

/** Runs both modes, which must agree, and returns the fast one's result with all its columns. */
export function runBoth(
  inputs: Inputs,
  options: SimulationOptions = {},
): Required<SimulationResult> {
  const watch = { requests: true, slices: 100_000, seriesIntervalUs: 1_000_000, auditEvery: 1 };
  const { rows, ...fixed } = inputs;
  const once = (more: SimulationOptions): Required<SimulationResult> => {
    const source = rows === undefined ? {} : { rows: rows() };
    return simulate(
      { ...fixed, ...source },
      { ...watch, ...options, ...more },
    ) as Required<SimulationResult>;
  };
  const fast = once({});
  const steps = once({ stepByStep: true });
  expect(steps.report.digest).toBe(fast.report.digest);
  expect(steps.requests).toEqual(fast.requests);
  return fast;
}

/** One request's results, times in µs. */
export type Outcome = {
  readonly admitted: number;
  readonly first: number;
  readonly finish: number;
  readonly cached: number;
  readonly preemptions: number;
};

export function outcomesOf(requests: RequestColumns): Outcome[] {
  return Array.from({ length: requests.rows }, (_, i) => ({
    admitted: requests.admittedUs[i]!,
    first: requests.firstTokenUs[i]!,
    finish: requests.finishUs[i]!,
    cached: requests.cachedTokens[i]!,
    preemptions: requests.preemptions[i]!,
  }));
}

/** First-token and finish times of every request, µs. */
export function timesOf(requests: RequestColumns): [first: number, finish: number][] {
  return outcomesOf(requests).map(({ first, finish }) => [first, finish]);
}
