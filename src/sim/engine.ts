/**
 * What the workers of a pool have in common: settings, models and the arrays that hold the numbers of all of them. One object for
 * all keeps each worker small: among ten thousand, a worker costs as many cache lines as it has state of its own.
 */

import type { GapHistogram } from "../core/index.ts";
import type { StepShape, StepTimeModel } from "../hardware/index.ts";
import type { Scheduler } from "../policies/index.ts";
import type { AdapterRules } from "./adapters.ts";
import type { DemandSum } from "./block-demand.ts";
import type { DraftLuck } from "./draft-luck.ts";
import type { EntryStore } from "./entry-store.ts";
import type { HeapArena } from "./finish-heap.ts";
import type { InboxRules } from "./inbox.ts";
import type { Images } from "./images.ts";
import type { KeepTimes } from "./kv-retention.ts";
import type { KvWatcher } from "./kv-watcher.ts";
import type { PassMeter } from "./pass-meter.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import type { RequestTable } from "./request-table.ts";
import type { TierSystem } from "./tiers/tier-system.ts";

/** A mixed step as its worker remembers it. */
export type MixedStep = {
  readonly id: number;
  /** Requests and tokens in prefill, requests decoding. */
  readonly prefillRequests: number;
  readonly prefillTokens: number;
  readonly decodeRequests: number;
};

/** What a worker tells the simulation. */
export interface WorkerSink {
  /** The request's first token is out. */
  firstToken(worker: number, slot: number, nowUs: number): void;
  /** The request's last token is out (or its prefill done, when it wanted no token). */
  completed(worker: number, slot: number, nowUs: number): void;
  /** A prefill worker starts the forward pass with which a prompt will be computed to its end. */
  prefillEnds(worker: number, slot: number, nowUs: number, endUs: number): void;
  /** A prefill worker has computed a prompt to its end and holds its blocks. */
  prefilled(worker: number, slot: number, nowUs: number): void;
  /** A decode worker has set memory aside for a prompt that is computed elsewhere; `missing`: blocks it has not cached. */
  reserved(worker: number, slot: number, missing: number, nowUs: number): void;
  /** A forward pass with prompt tokens in it has ended. */
  mixedStep(step: MixedStep, startUs: number, endUs: number): void;
  /** An unbroken run of pure decode steps of one batch has ended. `goesOn`: the batch is that of the worker's last run. */
  decodeRun(
    worker: number,
    requests: number,
    startUs: number,
    endUs: number,
    steps: number,
    goesOn: boolean,
  ): void;
}

/** A scheduling pass while it goes on. */
export type PassState = {
  nowUs: number;
  /** The step being put together. */
  readonly shape: StepShape;
  /** Requests preempted so far. */
  preempted: number;
  /** Cached tokens that the last lookup found. */
  matchedTokens: number;
  /** Requests whose prompt came from another worker and whose first token the step makes, and their context. */
  landed: number;
  landedContext: number;
};

/** How a decode worker lets requests of other workers in. */
export type LandingRules = {
  /** Most requests in its batch. */
  readonly seats: number;
  /** The first token comes with the prompt; otherwise the first decode step makes it. */
  readonly firstTokenComes: boolean;
  /** What must be free: blocks of the prompt, those of all output too, or `reservedTokens` for each request here. */
  readonly room: "prompt" | "whole" | "reserved";
  /** Most blocks of prompts that are on their way, Infinity: no limit; a longer prompt goes alone. */
  readonly stagingBlocks: number;
  /** They wait for their turn behind the running requests, under the step's token budget; otherwise they come before them. */
  readonly inTurn: boolean;
};

/** Empties the step being built, for a pass at `nowUs`. */
export function beginPass(pass: PassState, nowUs: number): void {
  const { shape } = pass;
  shape.prefillRequests = 0;
  shape.prefillTokens = 0;
  shape.images = 0;
  shape.prefillPastTokens = 0;
  shape.prefillPairs = 0;
  pass.nowUs = nowUs;
  pass.preempted = 0;
}

export type Engine = {
  /** Number of the pool's first worker among all of the cluster. */
  readonly firstId: number;
  readonly table: RequestTable;
  readonly forest: PrefixForest;
  readonly scheduler: Scheduler;
  readonly model: StepTimeModel;
  readonly sink: WorkerSink;
  /** Meters the passes' energy; undefined: nothing is known of the GPU's power. */
  readonly meter: PassMeter | undefined;
  /** Told what the prefix caches gain and lose; undefined: nobody wants to know. */
  watcher: KvWatcher | undefined;
  /** Tiers below the pools; undefined: none, and nothing is looked for. */
  readonly tiers: TierSystem | undefined;
  /** Blocks of a worker's KV pool, and tokens per block. */
  readonly blocks: number;
  readonly blockSize: number;
  /** Blocks that admission leaves free. */
  readonly watermarkBlocks: number;
  /** Speculative decoding; undefined: every step gives a decoding request one token. */
  readonly luck: DraftLuck | undefined;
  /** Adapters that requests ask for, and how many a batch may hold; undefined: no limit. */
  readonly adapters: AdapterRules | undefined;
  /** Images that prompts bring. */
  readonly images: Images | undefined;
  /** Image tokens whose encoded form a worker keeps. */
  readonly encoderCacheTokens: number;
  /** Tokens of a decoding request in a step, drafts to be verified included. */
  readonly queries: number;
  /** Tokens beyond its last that a request may hold for a step: drafts to be verified. */
  readonly overshoot: number;
  /** How long finished requests want their blocks kept; undefined: hints are not heeded, or there are none. */
  readonly keeps: KeepTimes | undefined;
  /** Whether finished blocks are kept for requests with the same prefix. */
  readonly caching: boolean;
  /** Preempt the newest running request (lifo) or the oldest (fifo). */
  readonly preemptNewest: boolean;
  readonly stepByStep: boolean;
  /** A prefill worker: it holds computed prompts until they are fetched. */
  readonly parks: boolean;
  /** A decode worker; undefined: every prompt is computed where it is answered. */
  readonly landing: LandingRules | undefined;
  /** How arrivals are taken in; undefined: at the next step boundary. */
  readonly inbox: InboxRules | undefined;
  readonly gaps: GapHistogram;
  /** Token gaps that end at or before this time are not recorded, µs. */
  readonly gapsFromUs: number;
  /** The scheduling pass going on: only one worker has one at a time. */
  readonly pass: PassState;
  /** Where `BlockDemand.sum` puts its result. */
  readonly sum: DemandSum;
  /** KV pool entries and finish heaps of all workers. */
  readonly entries: EntryStore;
  readonly heaps: HeapArena;
  /** WORKER_NUMBERS numbers a worker. */
  readonly counters: Float64Array;
  /** STRETCH_NUMBERS numbers a worker. */
  readonly stretches: Float64Array;
  /** `blockSize` numbers a worker. */
  readonly byPhase: Int32Array;
};
