/** The tiers of all pools as one source of events. */

import type { TierSystem } from "./tier-system.ts";

export class TierGroup {
  private readonly systems: readonly TierSystem[];

  constructor(systems: readonly TierSystem[]) {
    this.systems = systems;
  }

  /**
   * Time of the next event when that of all other sources is `otherUs`, µs. Copies that nobody waits for do not keep a run
   * alive that is over otherwise.
   */
  nextUs(otherUs: number): number {
    let nextUs = otherUs;
    for (const system of this.systems) {
      if (otherUs < Infinity || system.loads.live > 0) nextUs = Math.min(nextUs, system.nextUs);
    }
    return nextUs;
  }

  /**
   * Ends the transfers that are over at `nowUs`; `landed` is told the worker of each load that is complete. Returns how many
   * ended.
   */
  advance(nowUs: number, landed: (worker: number) => void): number {
    let ended = 0;
    for (const system of this.systems) {
      if (system.nextUs <= nowUs) ended += system.advance(nowUs, landed);
    }
    return ended;
  }
}

/** Undefined when no pool has tiers, so that runs without them pay nothing. */
export function tierGroup(
  pools: readonly { readonly tiers: TierSystem | undefined }[],
): TierGroup | undefined {
  const built = pools.map(({ tiers }) => tiers).filter((tiers) => tiers !== undefined);
  return built.length === 0 ? undefined : new TierGroup(built);
}
