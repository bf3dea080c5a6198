/** Requests for a simulation, and about how long they arrive. */

import type { Trace } from "../trace/index.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";

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
