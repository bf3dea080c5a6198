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
  const groups = groupsOf(parts.workers);
  // Ranks in lock step live and die together. Encoder workers, numbered behind all others, see to themselves.
  const withMates = (ids: readonly number[]): readonly number[] => {
    return groups.filter((group) => group.some((id) => ids.includes(id))).flat();
  };
  const planned = events.map((event) => {
    if (takesNodes(event) && parts.net !== undefined) {
      return { event, workers: withMates(workersInNodes(scenario, event, parts.net)) };
    }
    const targets = targetsOf(scenario, event);
    const struck = targets.map(({ pool: index, row }) => {
      const { workers, ranks } = pools[index]!;
      return workers[row * ranks]!.id;
    });
    return { event, workers: withMates(struck) };
  });
  const script = new FaultScript(knobs, planned, groups, seed);
  return new Faults({ ...parts, knobs, script });
}

/** Workers that are one engine, by their numbers; most are by themselves. */
function groupsOf(workers: FaultParts["workers"]): readonly (readonly number[])[] {
  return workers
    .filter(({ id, lockStep }) => lockStep === undefined || lockStep.id === id)
    .map(({ id, lockStep }) => lockStep?.ranks.map((rank) => rank.id) ?? [id]);
}
