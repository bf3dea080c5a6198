/** Runs a simulation to its end; a problem of the scenario is an error of the test. */

import { problemText } from "../../src/core/index.ts";
import { createSimulation } from "../../src/sim/index.ts";
import type { SimulationInputs, SimulationOptions, SimulationResult } from "../../src/sim/index.ts";

export function simulate(inputs: SimulationInputs, options?: SimulationOptions): SimulationResult {
  const simulation = createSimulation(inputs, options);
  if (!simulation.ok) throw new Error(problemText(simulation.problem));
  while (simulation.value.advance(1_000_000));
  return simulation.value.finish(0);
}
