/** The pieces of a plan on their way: where they move, how many bytes they are, and what that takes. */

import type { PieceTimes } from "./load-forecast.ts";
import type { PrefixPlan } from "./prefix-plan.ts";
import type { TierWays } from "./tier-links.ts";
import type { TierSettings } from "./tier-settings.ts";

export class PieceRoutes implements PieceTimes {
  private readonly settings: TierSettings;
  private readonly links: TierWays;
  private readonly plan: PrefixPlan;
  /** Of the request that is being planned for. */
  private row = 0;
  private nowUs = 0;

  constructor(settings: TierSettings, links: TierWays, plan: PrefixPlan) {
    this.settings = settings;
    this.links = links;
    this.plan = plan;
  }

  /** From now on the plan is that of a request at a worker. */
  at(row: number, nowUs: number): void {
    this.row = row;
    this.nowUs = nowUs;
  }

  routeOf(piece: number): number {
    const source = this.plan.source[piece]!;
    if (source < this.settings.levels.length) return this.links.fetch(source, this.row);
    return this.links.peer(this.plan.peer[piece]!, this.row);
  }

  bytesOf(piece: number): number {
    const { plan, settings } = this;
    const blocks = plan.blocksUpTo[piece + 1]! - plan.blocksUpTo[piece]!;
    const level = settings.levels[plan.source[piece]!];
    return Math.ceil(blocks * (level?.blockBytes ?? settings.blockBytes));
  }

  /** Most that codecs and ciphers let through for one transfer from a source. */
  mostBytesPerUs(source: number): number {
    const { levels, peer } = this.settings;
    const most = source < levels.length ? levels[source]!.codecBytesPerUs : peer?.cipherBytesPerUs;
    return most ?? Infinity;
  }

  readonly arrivesUs = (piece: number): number => {
    const { network } = this.links;
    const linksUs = network.expectedUs(this.routeOf(piece), this.bytesOf(piece), this.nowUs);
    return Math.max(linksUs, this.codedUs(piece));
  };

  readonly aloneUs = (piece: number): number => {
    const { times } = this.links.network;
    const bytes = this.bytesOf(piece);
    const linksUs = times.aloneUs(this.routeOf(piece), bytes, 0, this.settings.setupUs);
    return Math.max(linksUs, this.codedUs(piece));
  };

  /** Set-up of a piece, and its bytes through codec and cipher, whatever the links are like. */
  private codedUs(piece: number): number {
    const { times } = this.links.network;
    const setupUs = times.setupUs(this.routeOf(piece), 0, this.settings.setupUs);
    return setupUs + this.bytesOf(piece) / this.mostBytesPerUs(this.plan.source[piece]!);
  }
}
