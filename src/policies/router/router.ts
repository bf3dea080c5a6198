/**
 * The router contract: `decide(view, request, now, random)` picks the worker of a request from an aged
 * snapshot. It sees nothing of the future: no output length, no later arrival.
 */

import type { Stream } from "../../core/index.ts";
import type { PolicyMeta } from "../meta.ts";

/** Columns over workers, read in place. */
export interface RouterView {
  readonly workers: number;
  /** Decisions taken so far by this router: the state that turn-taking needs. */
  readonly decisions: number;
  /** Requests this router sent to each worker that have not ended: its own book, age 0. */
  readonly outstanding: Int32Array;
  /** Worker with the fewest outstanding requests, the lowest number on a tie; O(1). */
  leastOutstanding(): number;
  /** Scraped from the workers' metrics: as old as `scrapedAtUs` says; "no data" before the first scrape. */
  readonly scraped: {
    readonly atUs: number;
    readonly running: Int32Array;
    readonly waiting: Int32Array;
    readonly kvBlocksUsed: Float64Array;
  };
}

/** What a router may know of a request. */
export type RouterRequest = {
  readonly row: number;
  readonly inputTokens: number;
};

export interface Router {
  /** True when the policy reads `view.scraped`, so that the workers must be scraped. */
  readonly scrapes?: boolean;
  decide(view: RouterView, request: RouterRequest, nowUs: number, random: Stream): number;
}

export type RouterPolicy = {
  readonly meta: PolicyMeta;
  readonly create: (knobs: Readonly<Record<string, number>>) => Router;
};
