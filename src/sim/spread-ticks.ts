/** Arrivals that a source's coarse clock put on one instant, spread over its tick where the scenario asks for it. */

import { spreadTicks } from "../trace/index.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";

/** The inputs with their arrivals spread, or as they are. */
export function withSpreadTicks(inputs: SimulationInputs): SimulationInputs {
  const { scenario, trace } = inputs;
  if (trace === undefined || !scenario.traffic.spread_ticks) return inputs;
  return { ...inputs, trace: spreadTicks(trace, scenario.seed) };
}
