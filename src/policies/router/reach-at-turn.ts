/**
 * What of a prompt a worker will have when its turn comes, rather than now: between the two lie the requests that
 * are there already.
 *
 * Caches keep what was used last (all engines simulated here evict by least recent use): a block is gone once as many other blocks
 * as there is room for have been used since (Mattson et al., "Evaluation techniques for storage hierarchies", 1970).
 * The prompts under way are used before the new one, so that what they hold is there for it, be it computed yet or not, and
 * what nobody holds only lasts as far as they leave room: the front of the prompt, as tails are let go first.
 *
 * Looking only at what is cached now sends a conversation back to a worker whose queue will have pushed its prefix out by then: it
 * waits for the queue and is computed again all the same. Measured with 24 coding agents on eight workers, where memory was
 * short: first tokens came after 3.5 times the predicted time before, 1.1 times since.
 */

import type { TierReach } from "../prefix/event-index.ts";
import type { WorkerFacts } from "./router.ts";

/** What the device has been found to have, the tiers below it have too: each column includes the one before. */
export function raiseLowerTiers([device, host, disk]: TierReach): void {
  for (let worker = 0; worker < device.length; worker++) {
    const blocks = device[worker]!;
    if (blocks > host[worker]!) host[worker] = blocks;
    if (blocks > disk[worker]!) disk[worker] = blocks;
  }
}

/**
 * Changes `reach`, leading blocks of a prompt that workers have, to what they will have at its turn: at least
 * `activeReach`, those that prompts under way hold; beyond that as far as there is room beside the `held` blocks of all prompts under
 * way. What leaves the device stays in lower tiers, where fetching from them is known (assumption: it was written there).
 */
export function reachAtTurn(
  [device, host, disk]: TierReach,
  activeReach: Int32Array,
  held: Float64Array,
  facts: readonly WorkerFacts[],
): void {
  for (let worker = 0; worker < activeReach.length; worker++) {
    const active = activeReach[worker]!;
    const cached = device[worker]!;
    if (cached === active) continue;
    if (cached > active) {
      const { blocks, lower } = facts[worker]!;
      const lasting = active + Math.max(0, Math.floor(blocks - held[worker]!));
      if (cached <= lasting) continue;
      device[worker] = lasting;
      if (lower !== undefined) continue;
      if (host[worker]! > lasting) host[worker] = lasting;
      if (disk[worker]! > lasting) disk[worker] = lasting;
    } else {
      device[worker] = active;
      if (host[worker]! < active) host[worker] = active;
      if (disk[worker]! < active) disk[worker] = active;
    }
  }
}
