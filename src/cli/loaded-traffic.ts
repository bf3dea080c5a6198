/** Requests for a simulation, and about how long they arrive. */

import type { SimulationInputs } from "../sim/index.ts";
import type { Trace } from "../trace/index.ts";

export type LoadedTraffic = {
  readonly traffic: Pick<SimulationInputs, "trace" | "rows">;
  /** From the first to the last arrival as the source has them, µs; an estimate when generated. */
  readonly spanUs: number;
};

export function traceTraffic(trace: Trace): LoadedTraffic {
  let spanUs = 0;
  for (const arrival of trace.arrivalUs) if (arrival > spanUs) spanUs = arrival;
  return { traffic: { trace }, spanUs };
}
