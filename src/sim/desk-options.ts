/** What a router's desk is made of, and whom it tells. */

import type { QueueRules, Router, RouterSetup } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import type { AdapterPlaces } from "./adapter-places.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import type { RequestTable } from "./request-table.ts";
import type { RoutingRules } from "./routing-rules.ts";
import type { DeskPins } from "./row-pins.ts";
import type { SloClasses } from "./slo-classes.ts";
import type { TierTellers } from "./tiers/tier-tellers.ts";
import type { Worker } from "./worker.ts";

/** How true the routers' view is. */
export type ViewFidelity = {
  readonly replicas: number;
  /** Age of what router processes tell each other, µs; undefined: they tell nothing. */
  readonly syncDelayUs: number | undefined;
  /** Age at which scraped signals are renewed, µs; 0: at every decision. */
  readonly scrapeIntervalUs: number;
  /** Share of scrapes of a worker that fail. */
  readonly scrapeLoss: number;
  readonly kvEventDelayUs: number;
  readonly kvEventLoss: number;
  readonly kvEventRecoveryUs: number;
  /** Age at which bookings are forgotten, µs; Infinity: never. */
  readonly staleAfterUs: number;
};

export type DeskOptions = {
  /** Makes the policy of a process. */
  readonly router: () => Router;
  /** Makes the policy that answers `peek`; undefined: that of the router answers. */
  readonly peeker: (() => Router) | undefined;
  readonly setup: Omit<RouterSetup, "nodes" | "kvEventDelayUs">;
  readonly fidelity: ViewFidelity;
  readonly workers: readonly Worker[];
  /** Prefixes in blocks of the group's size. */
  readonly forest: PrefixForest;
  readonly table: RequestTable;
  readonly trace: Trace | undefined;
  /** What each request is promised. */
  readonly slo: SloClasses;
  /** Workers and stores that tell KV events. */
  readonly tellers: TierTellers;
  /** Whether clients say how long the answer will be. */
  readonly outputHints: boolean;
  readonly seed: number;
  /** Who serves whom; undefined: everybody all. */
  readonly rules: RoutingRules | undefined;
  /** What rows of the trace ask for; undefined: nothing that is heeded. */
  readonly pins: DeskPins | undefined;
  /** Which workers serve which adapter; undefined: all every one. */
  readonly places: AdapterPlaces | undefined;
  /** Who waits at the router, and in which order; undefined: nobody. */
  readonly queue: QueueRules | undefined;
  /** How often those who wait are looked at while predicted prefills wear off, µs. */
  readonly recheckUs: number;
};

/** `refusal` of a request that is not refused: it waits at the router. */
export const IT_WAITS = -1;

/** Who takes up requests that have waited. */
export interface DeskSink {
  /** A request that waited has a worker; null: nobody is eligible any more, `code` the reason. */
  served(slot: number, worker: Worker | null, code: number, nowUs: number): void;
}
