/** The tiers' part of the samples over time: blocks in use at each level, over all its stores and all pools. */

import { F64Column } from "../../core/index.ts";
import type { TierSystem } from "./tier-system.ts";

export class TierSeries {
  private readonly systems: readonly TierSystem[];
  /** By level's name, in the order in which pools have them. */
  private readonly used = new Map<string, F64Column>();

  constructor(systems: readonly TierSystem[]) {
    this.systems = systems;
    for (const { settings } of systems) {
      for (const { name } of settings.levels) this.used.set(name, new F64Column());
    }
  }

  /** Reads all stores as the last event has left them: what is past its retention goes with the next. */
  sample(): void {
    for (const [name, column] of this.used) {
      let blocks = 0;
      for (const system of this.systems) {
        const level = system.settings.levels.findIndex((one) => one.name === name);
        if (level >= 0) blocks += system.usedBlocks(level);
      }
      column.push(blocks);
    }
  }

  columns(): Readonly<Record<string, Float64Array>> {
    return Object.fromEntries([...this.used].map(([name, column]) => [name, column.view()]));
  }
}
