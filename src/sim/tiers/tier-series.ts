/** The tiers' part of the samples over time: blocks and bytes of each level, over all its stores and all pools. */

import { F64Column } from "../../core/index.ts";
import type { TierSeriesColumns } from "../series-columns.ts";
import type { TierSystem } from "./tier-system.ts";

type LevelColumns = {
  readonly blocksUsed: F64Column;
  readonly bytesIn: F64Column;
  readonly bytesOut: F64Column;
  /** The pools that have the level, and which of theirs it is. */
  readonly at: readonly { readonly system: TierSystem; readonly level: number }[];
};

export class TierSeries {
  private readonly systems: readonly TierSystem[];
  /** By level's name, in the order in which pools have them. */
  private readonly levels = new Map<string, LevelColumns>();
  private readonly peerBytes: F64Column | undefined;

  constructor(systems: readonly TierSystem[]) {
    this.systems = systems;
    for (const { settings } of systems) {
      for (const { name } of settings.levels) {
        if (!this.levels.has(name)) this.levels.set(name, this.columnsOf(name));
      }
    }
    if (systems.some(({ settings }) => settings.peer !== undefined)) {
      this.peerBytes = new F64Column();
    }
  }

  /** Reads all stores as the last event has left them: what is past its retention goes with the next. */
  sample(): void {
    for (const { blocksUsed, bytesIn, bytesOut, at } of this.levels.values()) {
      let blocks = 0;
      let sent = 0;
      let fetched = 0;
      for (const { system, level } of at) {
        blocks += system.usedBlocks(level);
        for (const queue of system.offloads.queues[level]!) sent += queue.sentBytes;
        fetched += system.fetchedBytes[level]!;
      }
      blocksUsed.push(blocks);
      bytesIn.push(sent);
      bytesOut.push(fetched);
    }
    if (this.peerBytes === undefined) return;
    let bytes = 0;
    for (const { fetchedBytes } of this.systems) bytes += fetchedBytes.at(-1)!;
    this.peerBytes.push(bytes);
  }

  columns(): {
    readonly tiers: Readonly<Record<string, TierSeriesColumns>>;
    readonly peerBytes?: Float64Array;
  } {
    const tiers = Object.fromEntries(
      [...this.levels].map(([name, { blocksUsed, bytesIn, bytesOut, at }]) => {
        const capacityBlocks = at.reduce((sum, { system, level }) => {
          const stores = system.stores.levels[level]!.length;
          return sum + stores * system.settings.levels[level]!.capacityBlocks;
        }, 0);
        const columns = {
          capacityBlocks,
          blocksUsed: blocksUsed.view(),
          bytesIn: bytesIn.view(),
          bytesOut: bytesOut.view(),
        };
        return [name, columns];
      }),
    );
    const { peerBytes } = this;
    return { tiers, ...(peerBytes === undefined ? {} : { peerBytes: peerBytes.view() }) };
  }

  private columnsOf(name: string): LevelColumns {
    return {
      blocksUsed: new F64Column(),
      bytesIn: new F64Column(),
      bytesOut: new F64Column(),
      at: this.systems.flatMap((system) => {
        const level = system.settings.levels.findIndex((one) => one.name === name);
        return level < 0 ? [] : [{ system, level }];
      }),
    };
  }
}
