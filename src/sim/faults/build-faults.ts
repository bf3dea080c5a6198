/** From a scenario to its faults. */

import type { Pool } from "../pool.ts";
import type { Scenario } from "../scenario.ts";
import { hasFaults } from "./fault-schema.ts";
import { FaultScript } from "./fault-script.ts";
import { takesNodes, targetsOf, workersInNodes } from "./fault-targets.ts";
import { Faults } from "./faults.ts";
import type { FaultParts } from "./faults.ts";

/** The faults of a scenario; undefined: nothing breaks, and nothing is paid for it. */
export function faultsOf(
  scenario: Scenario,
  pools: readonly Pool[],
  parts: Omit<FaultParts, "knobs" | "script">,
): Faults | undefined {
  const { faults: knobs, seed } = scenario;
  if (!hasFaults(knobs)) return undefined;
  const planned = knobs.events.map((event) => {
    if (takesNodes(event) && parts.net !== undefined) {
      return { event, workers: workersInNodes(scenario, event, parts.net) };
    }
    const targets = targetsOf(scenario, event);
    return { event, workers: targets.map(({ pool, row }) => pools[pool]!.workers[row]!.id) };
  });
  const script = new FaultScript(knobs, planned, parts.workers.length, seed);
  return new Faults({ ...parts, knobs, script });
}
