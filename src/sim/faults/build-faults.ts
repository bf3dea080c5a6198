/** From a scenario to its faults. */

import { isOfEncoders } from "../encoders/encoder-checks.ts";
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
  const events = knobs.events.filter((event) => !isOfEncoders(scenario, event));
  const planned = events.map((event) => {
    if (takesNodes(event) && parts.net !== undefined) {
      const there = workersInNodes(scenario, event, parts.net);
      // Encoder workers, numbered behind all others, see to themselves.
      return { event, workers: there.filter((id) => id < parts.workers.length) };
    }
    const targets = targetsOf(scenario, event);
    return { event, workers: targets.map(({ pool, row }) => pools[pool]!.workers[row]!.id) };
  });
  const script = new FaultScript(knobs, planned, parts.workers.length, seed);
  return new Faults({ ...parts, knobs, script });
}
