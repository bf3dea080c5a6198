/** What fetching from the tiers of a pool takes when nothing else moves: what a router may know of them. */

import type { FetchTimes, WorkerFacts } from "../../policies/index.ts";
import type { TierWays } from "./tier-links.ts";
import type { TierSettings } from "./tier-settings.ts";

/** Blocks by which the rate is told: far beyond any set-up. */
const PROBE_BLOCKS = 1 << 16;
/** Tiers that are not there hold nothing; their time is never asked for. */
const NOWHERE: FetchTimes = { firstUs: 0, blockUs: 0 };

/** Times from host memory, and from the slowest of what lies behind it; undefined: nothing is below the workers' memory. */
export function fetchTimesOf(settings: TierSettings, ways: TierWays): WorkerFacts["lower"] {
  const { levels, setupUs } = settings;
  if (levels.length === 0) return undefined;
  const times = levels.map((level, index): FetchTimes => {
    const route = ways.fetch(index, 0);
    const aloneUs = (blocks: number): number =>
      ways.network.times.aloneUs(route, blocks * level.blockBytes, 0, setupUs);
    const firstUs = aloneUs(0);
    const movedUs = (aloneUs(PROBE_BLOCKS) - firstUs) / PROBE_BLOCKS;
    return { firstUs, blockUs: Math.max(movedUs, level.blockBytes / level.codecBytesPerUs) };
  });
  const at = (index: number): FetchTimes => times[index] ?? NOWHERE;
  const host = at(levels.findIndex(({ name }) => name === "g2"));
  const [slowest] = times
    .filter((_, index) => levels[index]!.name !== "g2")
    .toSorted((a, b) => b.blockUs - a.blockUs);
  return { host, disk: slowest ?? NOWHERE };
}
