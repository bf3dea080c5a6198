/** What a simulation is made of, and what it is asked to keep. */

import type { Problem, Result } from "../core/index.ts";
import type { Router, RouterSetting } from "../policies/index.ts";
import type { RowSource, Trace } from "../trace/index.ts";
import type { EngineInputs } from "./resolve-engine.ts";
import type { Scenario } from "./scenario.ts";
import type { WitnessOptions } from "./witness.ts";

export type SimulationInputs = EngineInputs & {
  readonly scenario: Scenario;
  /** For each of the scenario's pools what its engine depends on; absent: the same for all. */
  readonly pools?: readonly EngineInputs[];
  /** The trace to replay, or … */
  readonly trace?: Trace;
  /** … a generator that is read as the simulation goes. */
  readonly rows?: RowSource;
  /** Makes the router of a process in place of the policy that the scenario names: a user's own. */
  readonly router?: (setting: RouterSetting) => Result<Router>;
};

/** The problem of inputs without requests. */
const NO_TRAFFIC: Problem = {
  what: "the scenario has no traffic",
  where: "traffic.source",
  expected: "a trace or a synthesizer",
  remedy: "give --trace FILE, or set traffic.source.trace or traffic.source.synth",
};

/** Why inputs cannot be replayed as the scenario says; undefined: they can. */
export function trafficProblem({ scenario, trace, rows }: SimulationInputs): Problem | undefined {
  if (trace === undefined && rows === undefined) return NO_TRAFFIC;
  const isTimed = scenario.traffic.arrivals.mode === "timestamps";
  if (trace?.header.untimed !== true || !isTimed) return undefined;
  return {
    what: `${trace.header.name} tells no times of arrival: all its tasks would start at once`,
    where: "traffic.arrivals.mode",
    expected: "closed, poisson or gamma",
    remedy: "set for example traffic.arrivals: {mode: closed, concurrency: 16}, tasks at a time",
  };
}

export type SimulationOptions = {
  /** Run every forward pass as an event: the reference mode, same digest. */
  readonly stepByStep?: boolean;
  /** Keep a row of results for every request. */
  readonly requests?: boolean;
  /** Sample the cluster's state at this interval, µs. */
  readonly seriesIntervalUs?: number;
  /** Most slices of worker time to record; 0 or absent: none. */
  readonly slices?: number;
  /** Recount pools and decode groups every so many events; they are always recounted at the end. */
  readonly auditEvery?: number;
  /** Write down the decisions of one request. */
  readonly witness?: WitnessOptions;
  /** Version of the program, for the report. */
  readonly version?: string;
};
