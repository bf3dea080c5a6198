/** How many random scenarios a law is tried on: few in CI, `npm run laws` many; `HEADWORKS_LAW_SEED` draws others. */

import type {
  Scenario,
  ScenarioInput,
  SimulationOptions,
  SimulationResult,
} from "../../src/sim/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { simulate } from "../support/simulate.ts";

/** Parameters of `fc.assert`: `runs` scenarios, or more when the environment says so. */
export function lawRuns(runs: number): { numRuns: number; seed: number } {
  const { HEADWORKS_LAW_RUNS: given, HEADWORKS_LAW_SEED: seed } = process.env;
  return { numRuns: Math.max(runs, Number(given ?? 0)), seed: Number(seed ?? 20261122) };
}

/** Generous: the long runs take minutes. */
export const LAW_TIMEOUT_MS = 1_800_000;

/** Runs a scenario with all it can record. */
export function record(
  run: RandomRun,
  options: SimulationOptions = {},
): Required<SimulationResult> {
  const watch = { requests: true, slices: 1_000_000, seriesIntervalUs: 150_000, ...options };
  return simulate(run, watch) as Required<SimulationResult>;
}

/** The scenario with some of its sections replaced. */
export function withSections(scenario: Scenario, sections: Partial<ScenarioInput>): Scenario {
  return scenarioSchema.parse({ ...scenario, ...sections });
}

/** Whether requests may wait at the router. */
export function waitsAtRouter(queue: Scenario["router"]["queue"]): boolean {
  return [queue, ...queue.classes].some(
    ({ prefill_busy_threshold: tokens, prefill_busy_threshold_frac: share }) =>
      (tokens ?? share ?? null) !== null,
  );
}

/** The trace without its sessions, whose turns depend on completions. */
export function withoutSessions(trace: Trace): Trace {
  const { sessions: _, ...rest } = trace;
  return rest;
}

/** Every request's times and counts as rows of numbers, in order of arrival. */
export function rowsOf({ requests }: SimulationResult): number[][] {
  const columns = requests!;
  return Array.from({ length: columns.rows }, (_, i) => [
    columns.row[i]!,
    columns.arrivalUs[i]!,
    columns.admittedUs[i]!,
    columns.firstTokenUs[i]!,
    columns.finishUs[i]!,
    columns.cachedTokens[i]!,
    columns.preemptions[i]!,
    columns.worker[i]!,
    columns.status[i]!,
  ]);
}

/** Places of the times in a row of `rowsOf`. */
export const TIMES = [1, 2, 3, 4] as const;
