/**
 * The KV tiers of a pool of workers: stores below the GPUs, what goes down to them and what comes back.
 *
 * A worker's cache tells what it stores and evicts; runs go down in batches when a forward pass with prompts has ended. A
 * request that is admitted is looked up here behind what its worker has: the onboard policy decides how much of that is
 * fetched. Then the request waits as a load, its blocks taken, until the last of its transfers has ended.
 *
 * Nothing here depends on how many steps an event covers: everything happens at admissions, ends of passes with prompts,
 * and ends of transfers, which both modes of the engine share.
 */

import { invariant } from "../../core/index.ts";
import type { StepTimeModel } from "../../hardware/index.ts";
import type { Onboard } from "../../policies/index.ts";
import type { KvWatcher } from "../kv-watcher.ts";
import type { PrefixForest } from "../prefix-forest.ts";
import type { ClusterNetwork } from "../network/index.ts";
import { CacheDirectory } from "./cache-directory.ts";
import { FabricTierLinks } from "./fabric-tier-links.ts";
import { FetchedTokens } from "./fetched-tokens.ts";
import { fetchTimesOf } from "./fetch-times.ts";
import { FutureUses } from "./future-uses.ts";
import { LoadForecast } from "./load-forecast.ts";
import type { BatchView } from "./load-forecast.ts";
import { LoadTable } from "./load-table.ts";
import { PieceRoutes } from "./piece-routes.ts";
import { Prefetcher } from "./prefetcher.ts";
import { PrefixPlan } from "./prefix-plan.ts";
import { PrefixSearch } from "./prefix-search.ts";
import type { Seeker } from "./prefix-search.ts";
import { TierLinks } from "./tier-links.ts";
import type { TierWays } from "./tier-links.ts";
import { TierLosses } from "./tier-losses.ts";
import { TierOffloads } from "./tier-offloads.ts";
import type { TierSettings } from "./tier-settings.ts";
import type { TierStore } from "./tier-store.ts";
import { TierStores } from "./tier-stores.ts";
import type { TierTellers } from "./tier-tellers.ts";
import type { SessionTurns } from "./turn-forecast.ts";

/** A request that is about to be admitted. */
export type LoadRequest = Seeker &
  BatchView & {
    slot: number;
    /** Row of the trace. */
    traceRow: number;
    /** True when the request comes for the first time: it is counted. */
    isFirst: boolean;
    /** Blocks that the worker could take for it. */
    roomBlocks: number;
    /** Other requests that wait at its worker. */
    waiting: number;
    /** Requests that fetch there. */
    loading: number;
  };

/** What hears of the stores for a router. */
export type TierLog = {
  readonly tellers: TierTellers;
  tierChanged(teller: number, node: number, blocks: number, nowUs: number): void;
};

// The lowest bits of a transfer's tag: which table the rest is a number of.
const TAG_BITS = 2;
const TAG_MASK = 3;
const TAG_LOAD = 0;
const TAG_QUEUE = 1;
const TAG_PREFETCH = 2;

export class TierSystem implements KvWatcher {
  readonly settings: TierSettings;
  readonly links: TierWays;
  readonly stores: TierStores;
  readonly offloads: TierOffloads;
  readonly loads = new LoadTable();
  /** Prompt tokens by source. */
  readonly fetched: FetchedTokens;
  /** Bytes read by level, then from peers. */
  readonly fetchedBytes: Float64Array;
  /** Admissions that found something to fetch, those of them that fetched, tokens found, and time spent fetching. */
  choices = 0;
  fetches = 0;
  offeredTokens = 0;
  loadUs = 0;
  private readonly onboard: Onboard;
  private readonly forest: PrefixForest;
  private readonly blockSize: number;
  /** Number of the pool's first worker. */
  readonly firstId: number;
  readonly losses: TierLosses = new TierLosses(this);
  /** Slots whose loads have ended without coming, until their workers' next passes. */
  readonly failed = new Set<number>();
  /** Row of the worker that is dying: what its cache lets go is lost. −1: none is. */
  dying = -1;
  /** A router's log of events, and the number that this pool has there. */
  private told: TierLog | undefined;
  private toldPool = 0;
  private readonly future: FutureUses;
  private readonly forecast: LoadForecast;
  readonly directory: CacheDirectory;
  readonly prefetcher: Prefetcher | undefined;
  private readonly search: PrefixSearch;
  private readonly plan = new PrefixPlan();
  private readonly view;
  /** Slots whose loads have ended, by row, until their worker starts its next pass. */
  private readonly landed: number[][] = [];
  private readonly pieces: PieceRoutes;

  constructor(
    settings: TierSettings,
    parts: {
      readonly forest: PrefixForest;
      readonly blockSize: number;
      readonly model: StepTimeModel;
      /** Number of the pool's first worker. */
      readonly firstId: number;
      /** Whose turns are prefetched for; undefined: nobody's. */
      readonly turns?: SessionTurns | undefined;
      /** The cluster's network; undefined: the tiers have links of their own. */
      readonly net?: ClusterNetwork | undefined;
    },
  ) {
    const { forest, blockSize, model } = parts;
    const sources = settings.levels.length + 1;
    this.settings = settings;
    this.forest = forest;
    this.blockSize = blockSize;
    this.firstId = parts.firstId;
    this.links =
      parts.net === undefined
        ? new TierLinks(settings)
        : new FabricTierLinks(settings, parts.net, parts.firstId);
    this.links.slotOf = (tag) => this.waiterOf(tag);
    this.future = new FutureUses(forest);
    this.forecast = new LoadForecast(model, blockSize);
    this.directory = new CacheDirectory(forest.nodes, settings.workers);
    this.fetched = new FetchedTokens(sources);
    this.fetchedBytes = new Float64Array(sources);
    this.onboard = settings.onboard.policy.create(settings.onboard.knobs);
    this.stores = new TierStores(settings, {
      forest,
      future: this.future,
      recomputeUs: (depth, blocks) => this.forecast.recomputeUs(depth, blocks),
      sink: this,
    });
    this.offloads = new TierOffloads(
      settings,
      this.stores,
      this.links,
      (queue) => (queue << TAG_BITS) | TAG_QUEUE,
    );
    for (let row = 0; row < settings.workers; row++) this.landed.push([]);
    this.search = new PrefixSearch({
      forest,
      blockSize,
      stores: this.stores,
      directory: this.directory,
      fetchesFromPeers: settings.peer !== undefined,
    });
    const { plan } = this;
    this.pieces = new PieceRoutes(settings, this.links, plan);
    if (settings.prefetch !== undefined && parts.turns !== undefined)
      this.prefetcher = this.prefetcherFor(parts.turns);
    this.view = {
      pieces: 0,
      waiting: 0,
      loading: 0,
      get crowdedUs() {
        return plan.crowdedUs;
      },
      get loadUs() {
        return plan.loadUs;
      },
      get computeUs() {
        return plan.computeUs;
      },
    };
  }

  private prefetcherFor(turns: SessionTurns): Prefetcher {
    const { settings, forest, stores, directory, links } = this;
    const tagOf = (prefetch: number): number => (prefetch << TAG_BITS) | TAG_PREFETCH;
    return new Prefetcher({ settings, turns, forest, stores, directory, links, tagOf });
  }

  /** Time of the next event of the tiers' transfers, or of the next prefetch, µs. */
  get nextUs(): number {
    const { nextUs } = this.links.network;
    return this.prefetcher === undefined ? nextUs : Math.min(nextUs, this.prefetcher.nextUs);
  }

  // What the workers' caches tell, and the stores.

  stored(worker: number, node: number, blocks: number): void {
    const row = worker - this.firstId;
    this.directory.changed(row, node, blocks);
    this.stores.books[0]!.faulted[node] = 0;
    if (this.offloads.isWriteThrough(0)) this.offloads.send(0, row, node, blocks);
  }

  removed(worker: number, node: number, blocks: number): void {
    const row = worker - this.firstId;
    const before = this.directory.changed(row, node, blocks);
    if (row === this.dying) this.stores.books[0]!.lost(node);
    else if (this.offloads.isOnEvict(0)) this.offloads.send(0, row, node, before);
  }

  settled(worker: number): void {
    this.directory.settled(worker - this.firstId);
  }

  evicted(store: TierStore, node: number, _left: number, before: number): void {
    this.offloads.evicted(store, node, before);
  }

  changed(store: TierStore, node: number, blocks: number, nowUs: number): void {
    const { told, toldPool, stores } = this;
    if (told === undefined) return;
    const teller = told.tellers.teller(toldPool, stores.levelOf(store), stores.indexOf(store));
    told.tierChanged(teller, node, blocks, nowUs);
  }

  /** What a router may know of fetching here. */
  get fetchTimes(): ReturnType<typeof fetchTimesOf> {
    return fetchTimesOf(this.settings, this.links);
  }

  /** From now on a router's log is told what the stores hold; `pool`: this one among the log's. */
  tellTo(log: TierLog, pool: number): void {
    this.told = log;
    this.toldPool = pool;
  }

  /** A forward pass with prompts in it has ended at a worker: what it stored and evicted may go down. */
  passEnded(worker: number, nowUs: number): void {
    this.offloads.passEnded(worker - this.firstId, nowUs);
  }

  // Loads.

  /** Decides whether a request that is admitted fetches first, and starts its transfers; returns the blocks, 0: none. */
  load(request: LoadRequest, nowUs: number): number {
    const { plan, view } = this;
    if (request.traceRow > this.future.now) this.future.now = request.traceRow;
    this.pieces.at(request.row, nowUs);
    this.stores.at(request.row, nowUs);
    if (request.isFirst) {
      this.offloads.asked(request, this.forest);
      this.search.count(request);
      this.prefetcher?.came(request, nowUs);
    }
    this.search.find(request, plan);
    let { pieces } = plan;
    while (pieces > 0 && plan.blocksUpTo[pieces]! > request.roomBlocks) pieces--;
    if (pieces === 0) return 0;
    this.choices++;
    this.offeredTokens += plan.blocksUpTo[pieces]! * this.blockSize;
    this.forecast.fill(plan, pieces, request, this.pieces);
    // What lies behind a link that is cut cannot be had.
    while (pieces > 0 && plan.loadUs[pieces] === Infinity) pieces--;
    if (pieces === 0) return 0;
    view.pieces = pieces;
    view.waiting = request.waiting;
    view.loading = request.loading;
    const chosen = this.onboard.decide(view);
    if (chosen === 0) return 0;
    this.begin(request, chosen, nowUs);
    return plan.blocksUpTo[chosen]!;
  }

  /** A turn has ended at a worker with its whole answer. */
  completed(row: number, traceRow: number, nowUs: number): void {
    this.prefetcher?.ended(row, traceRow, nowUs);
  }

  /** A load will not come: its request goes back to the queue with its worker's next pass, and is computed. */
  fail(load: number, nowUs: number): void {
    for (const flow of this.loads.flowsOf(load)) this.links.network.cancel(flow, nowUs);
    this.failed.add(this.loads.slotOf(load));
    this.finish(load, nowUs, false);
  }

  /** The request that waits for a transfer of this tag; −1: nobody does. */
  private waiterOf(tag: number): number {
    return (tag & TAG_MASK) === TAG_LOAD ? this.loads.slotOf(tag >> TAG_BITS) : -1;
  }

  /** A request that loads has been given up: its transfers stop, its worker lets its blocks go with its next pass. */
  abandon(slot: number, nowUs: number): void {
    const load = this.loads.loadOf(slot);
    invariant(load >= 0, "a load was given up that is none");
    for (const flow of this.loads.flowsOf(load)) this.links.network.cancel(flow, nowUs);
    this.finish(load, nowUs, false);
  }

  /** Ends transfers that are over at `nowUs`, and returns how many; `landed` is told the worker of each complete load. */
  advance(nowUs: number, landed: (worker: number) => void): number {
    const { network } = this.links;
    let ended = 0;
    for (let flow = network.pop(nowUs); flow >= 0; flow = network.pop(nowUs)) {
      ended++;
      const tag = network.tagOf(flow);
      const index = tag >> TAG_BITS;
      const kind = tag & TAG_MASK;
      if (kind === TAG_QUEUE) this.offloads.landed(index, nowUs);
      else if (kind === TAG_PREFETCH) this.prefetcher!.landed(index, flow, nowUs);
      else if (this.loads.flowEnded(index, flow)) {
        const row = this.loads.rowOf(index);
        this.finish(index, nowUs, true);
        landed(row + this.firstId);
      }
    }
    if (this.prefetcher !== undefined) ended += this.prefetcher.advance(nowUs);
    this.offloads.flush(nowUs);
    return ended;
  }

  /** Slots whose loads have ended at a worker since its last pass, in order of their ends; the caller empties the list. */
  landedAt(row: number): number[] {
    return this.landed[row]!;
  }

  /** Blocks in use at a level, all its stores. */
  usedBlocks(level: number): number {
    let used = 0;
    for (const store of this.stores.levels[level]!) used += store.usedBlocks;
    return used;
  }

  audit(at: string): void {
    this.stores.audit(at);
  }

  private begin(request: LoadRequest, pieces: number, nowUs: number): void {
    const { plan, loads, links, fetched } = this;
    const { levels } = this.settings;
    const load = loads.begin(request.slot, request.row, nowUs);
    this.fetches++;
    fetched.begin(request.slot, request.haveBlocks * this.blockSize);
    for (let piece = 0; piece < pieces; piece++) {
      const source = plan.source[piece]!;
      for (let run = plan.firstRun[piece]!; run < plan.firstRun[piece + 1]!; run++) {
        const node = plan.node[run]!;
        loads.addSegment(load, source, node, plan.runUpTo[run]!);
        if (source < levels.length) this.stores.of(source, request.row).pin(node);
      }
      if (source === levels.length) loads.addPeer(load, plan.peer[piece]!);
      const blocks = plan.blocksUpTo[piece + 1]! - plan.blocksUpTo[piece]!;
      const bytes = this.pieces.bytesOf(piece);
      fetched.add(request.slot, source, blocks * this.blockSize);
      this.fetchedBytes[source]! += bytes;
      const bytesPerUsMax = this.pieces.mostBytesPerUs(source);
      const tag = (load << TAG_BITS) | TAG_LOAD;
      const route = this.pieces.routeOf(piece);
      loads.addFlow(load, links.network.start(route, bytes, tag, nowUs, { bytesPerUsMax }));
    }
  }

  /** The last transfer of a load has ended, or it was given up. */
  private finish(load: number, nowUs: number, isComplete: boolean): void {
    const { loads, stores } = this;
    const row = loads.rowOf(load);
    const { levels } = this.settings;
    this.loadUs += nowUs - loads.startedUs(load);
    stores.at(row, nowUs);
    loads.takeSegments(load, (source, node, blocks) => {
      if (source < levels.length) stores.of(source, row).unpin(node);
      if (isComplete) stores.promote(source, row, node, blocks);
    });
    this.landed[row]!.push(loads.slotOf(load));
    loads.end(load);
    this.offloads.flush(nowUs);
  }
}
