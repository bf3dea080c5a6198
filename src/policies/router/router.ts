/**
 * The router contract: `decide(view, request, now, random)` picks the worker of a request from an aged
 * snapshot. It sees nothing of the future: no output length, no later arrival. The same object runs under the simulator
 * and in front of real workers.
 *
 * A *worker* here is whatever can be chosen: an engine, or one data-parallel rank of it where the host routes to ranks.
 */

import type { Stream } from "../../core/index.ts";
import type { StepTimeModel } from "../../hardware/index.ts";
import type { PolicyMeta } from "../meta.ts";
import type { TierReach } from "../prefix/event-index.ts";
import type { PrefixPath } from "../prefix/holder-table.ts";
import type { LoadBook } from "./load-book.ts";
import type { Observed } from "./observed.ts";

/** Decision: no candidate will do. */
export const NO_WORKER = -1;

/** What a group of workers serves. */
export type RouterRole = "mixed" | "prefill" | "decode";

/** Time to the first byte and for each block behind it, µs. */
export type FetchTimes = { readonly firstUs: number; readonly blockUs: number };

/** What the router knows of a worker from its registration: constant while it lives. */
export type WorkerFacts = {
  readonly blockSize: number;
  /** KV blocks of its pool. */
  readonly blocks: number;
  readonly maxBatchedTokens: number;
  readonly maxRequests: number;
  /** Predicts the times of its forward passes; undefined: nobody has measured it. */
  readonly steps: StepTimeModel | undefined;
  /** What fetching from its lower tiers takes when nothing else moves; undefined: nobody knows. */
  readonly lower?: { readonly host: FetchTimes; readonly disk: FetchTimes };
  /** Its topology and other labels, as bits of the group's label list. */
  readonly labels: number;
  /** Where its attention ranks are targets each: places of those of its worker, this one among them. */
  readonly ranks?: { readonly first: number; readonly count: number };
};

/** Columns over workers, read in place. Whoever decides may write `scores` and `rule`, nothing else. */
export interface RouterView {
  readonly workers: number;
  readonly role: RouterRole;
  /** Workers that may be chosen, ascending: healthy, allowed, not overloaded; only the first `candidateCount`. */
  readonly candidates: Int32Array;
  readonly candidateCount: number;
  /** Decisions taken so far by this router: the state that turn-taking needs. */
  readonly decisions: number;
  readonly facts: readonly WorkerFacts[];
  /** The router's own book: what it sent and has not seen end; age 0. */
  readonly book: LoadBook;
  /** Requests this router sent to each worker that have not ended. */
  readonly outstanding: Int32Array;
  /** Candidate with the fewest outstanding requests, the lowest number on a tie. */
  leastOutstanding(): number;
  /** Leading blocks of the prompt that each worker has, by tier, as KV events told; needs `prefix`; with `atTurn`: will have. */
  readonly reach: TierReach;
  /** Blocks of the prompt behind those on each worker's device that a remote store of several workers has; needs `shared`. */
  readonly shared: Int32Array;
  /** Leading blocks of the prompt that active requests hold on each worker; needs `active`. */
  readonly activeReach: Int32Array;
  /** Age of the newest KV events that the index may have, µs; NaN: there is no source of events. */
  readonly kvEventAgeUs: number;
  /** Scraped from the workers' metrics, each as old as `atUs` says; NaN: "no data". Needs `scrapes`. */
  readonly scraped: {
    readonly atUs: Float64Array;
    readonly running: Int32Array;
    readonly waiting: Int32Array;
    readonly kvBlocksUsed: Float64Array;
  };
  /** What the router has seen of the workers' answers. */
  readonly observed: Observed;
  /** What a block stored on each worker saves later, less what it displaces, in blocks; needs `again`. */
  readonly cacheGains: Float64Array;
  /** Score by worker, lower is better, for the explanation; NaN: not scored. Written by the policy. */
  readonly scores: Float64Array;
  /** The scores of all candidates will be read; else a policy may leave at any higher score those that cannot be the least. */
  readonly explains: boolean;
  /** The rule that decided, in few words. Written by the policy. */
  rule: string;
}

/** What a router may know of a request. Hosts reuse one object. */
export type RouterRequest = {
  row: number;
  /** The host's number for the request while it is in flight. */
  booking: number;
  inputTokens: number;
  /** Complete blocks of the prompt. */
  blocks: number;
  /** The prompt's nodes in the prefix forest; empty without block identities. */
  prompt: PrefixPath;
  /** Names the prompt's first blocks, as many as the policy asked for with `affinityBlocks`. */
  affinityKey: number;
  /** Output tokens that a hint promises; NaN: no hint. */
  expectedOutput: number;
  /** Higher is more urgent. */
  priority: number;
  /** Tier at the router's queue: a higher one goes before all lower ones. */
  strictPriority: number;
  /** −1: none. */
  session: number;
  tenant: number;
  /** The kind of request that it says it is; −1: it does not. */
  family: number;
  /** What it is promised: an index of the setting's `targets`. */
  sloClass: number;
  /** Only this worker will do; −1: any. */
  pinned: number;
  /** Only these workers will do, a bit for each, 32 to a number; undefined: all. */
  allowed: Uint32Array | undefined;
  /** Labels a worker must have, as bits. */
  requiredLabels: number;
  /** Labels that are preferred, with weights. */
  preferredLabels: readonly { readonly labels: number; readonly weight: number }[];
};

/** What a policy reads besides its own book: the host keeps nothing up to date that nobody asks for. */
export type RouterNeeds = {
  /** `view.reach`. */
  readonly prefix?: boolean;
  /** `view.shared`, and `view.reach` without the stores that it counts; with `prefix`. */
  readonly shared?: boolean;
  /** `view.reach` as it will be once the requests that are there have been served; with `active`. */
  readonly atTurn?: boolean;
  /** `view.reach` from the router's own decisions, not from events. */
  readonly ownIndex?: boolean;
  /** Where nothing else is set: decisions are believed for twice as long as events take to come. */
  readonly hedged?: boolean;
  /** `request.affinityKey` over so many blocks. */
  readonly affinityBlocks?: number;
  /** `view.activeReach`, and prompts counted once in `book.blocks` however many requests share them. */
  readonly active?: boolean;
  /** `view.scraped`. */
  readonly scrapes?: boolean;
  /** Predicted times of prefills in the book, so that they wear off with time. */
  readonly prefillTimes?: boolean;
  /** `observed.againShare` and `cacheGains`; with `prefix`. */
  readonly again?: boolean;
  /** Output blocks in the book, as they are generated. */
  readonly outputs?: boolean;
  /** Active prompts are known by one in so many blocks; absent: 1. */
  readonly stride?: number;
  /** What a block in host memory or on disk is worth of one on the device, when new tokens are booked. */
  readonly hostWeight?: number;
  readonly diskWeight?: number;
};

/** Decisions that a policy of the user's own has failed at and that went to the fewest requests instead. */
export type RouterFaults = {
  readonly count: number;
  /** What went wrong the first time; empty: nothing has. */
  readonly first: string;
};

export interface Router {
  readonly needs?: RouterNeeds;
  /** Of a policy that may fail. */
  readonly faults?: RouterFaults;
  /** The worker, one of the candidates, of which there is at least one; or NO_WORKER. */
  decide(view: RouterView, request: RouterRequest, nowUs: number, random: Stream): number;
  /** The first token of a request came `ttftUs` after its decision; `prefillUs`: predicted time to compute it, NaN: none. */
  firstToken?(sloClass: number, ttftUs: number, prefillUs: number): void;
}

/** Latency targets of a class of requests, µs; Infinity: none. */
export type RequestTargets = { readonly ttftUs: number; readonly tpotUs: number };

/** What a policy is made for. */
export type RouterSetting = {
  readonly role: RouterRole;
  readonly workers: number;
  /** What the service promises, by `sloClass` of a request; at least one. */
  readonly targets: readonly RequestTargets[];
};

export type RouterPolicy = {
  readonly meta: PolicyMeta;
  readonly create: (knobs: Readonly<Record<string, number>>, setting: RouterSetting) => Router;
};
