/** The traffic of one replication of a study. */

import { ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { replicated } from "../plan/index.ts";
import type { SimulationInputs } from "../sim/index.ts";
import { loadInputs } from "./load-inputs.ts";
import type { LoadedScenario } from "./load-scenario.ts";

/**
 * What a scenario names, for replication `replication` of a study: a recorded trace with its gaps (in a closed loop: its waits) in
 * another order, a generator with another seed. Replication 0 is the traffic as it is. Errors: those of `loadInputs`.
 */
export async function loadReplication(
  loaded: LoadedScenario,
  replication: number,
  cards: readonly string[] | undefined,
): Promise<Result<SimulationInputs>> {
  const { scenario } = loaded;
  const seeded = { ...loaded, scenario: { ...scenario, seed: scenario.seed + replication } };
  const ready = await loadInputs(seeded, cards === undefined ? {} : { cards });
  if (!ready.ok) return ready;
  const { inputs } = ready.value;
  const isRecorded = scenario.traffic.source.synth === undefined;
  if (inputs.trace === undefined || !isRecorded) return ok(inputs);
  const { mode } = scenario.traffic.arrivals;
  return ok({ ...inputs, trace: replicated(inputs.trace, mode, replication) });
}
