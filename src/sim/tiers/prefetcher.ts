/**
 * Brings a session's prefix from the levels below up into host memory before its next turn is expected. What the turn finds there is read
 * over the way to the host instead of a disk or the network.
 *
 * Everything happens at the ends of turns, at times fixed then, and at first admissions, which both modes of the engine share. The blocks go to
 * the worker that had the turn before; a turn that comes earlier, or is lost with its worker, stops what was meant for it. Nobody waits for
 * a prefetch: a turn that finds one in progress fetches for itself.
 */

import { EventQueue } from "../../core/index.ts";
import { pathAtEnd } from "../answer-forest.ts";
import type { PrefixForest } from "../prefix-forest.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { LoadTable } from "./load-table.ts";
import type { Seeker } from "./prefix-search.ts";
import type { TierWays } from "./tier-links.ts";
import type { TierSettings } from "./tier-settings.ts";
import type { TierStore } from "./tier-store.ts";
import type { TierStores } from "./tier-stores.ts";
import { TurnForecast } from "./turn-forecast.ts";
import type { SessionTurns } from "./turn-forecast.ts";

const EV_START = 0;
/** Host memory is the first level. */
const HOST = 0;

export type PrefetcherParts = {
  readonly settings: TierSettings;
  readonly turns: SessionTurns;
  readonly forest: PrefixForest;
  readonly stores: TierStores;
  readonly directory: CacheDirectory;
  readonly links: TierWays;
  /** Tag of the transfers of prefetch number i. */
  readonly tagOf: (prefetch: number) => number;
};

export class Prefetcher {
  readonly counts = {
    /** Turns that were expected; of those: nothing had to be brought, or something was; stopped before all was there. */
    expected: 0,
    unneeded: 0,
    started: 0,
    cancelled: 0,
    /** Blocks brought, and those that the session's next turn could use. */
    blocks: 0,
    usedBlocks: 0,
    bytes: 0,
  };
  private readonly parts: PrefetcherParts;
  private readonly forecast: TurnForecast;
  private readonly timers = new EventQueue();
  /** By session: worker and row of the turn that ended last. */
  private readonly workerRow: Int32Array;
  private readonly traceRow: Int32Array;
  /** Prefetches in flight, and what has been brought and waits for its turn: by session. */
  private readonly flights = new LoadTable();
  private readonly brought = new LoadTable();
  private readonly flightOf: Int32Array;
  private readonly broughtOf: Int32Array;
  private readonly bytesOf: Float64Array;

  constructor(parts: PrefetcherParts) {
    const { sessionCount } = parts.turns;
    this.parts = parts;
    this.forecast = new TurnForecast(parts.turns);
    this.workerRow = new Int32Array(sessionCount).fill(-1);
    this.traceRow = new Int32Array(sessionCount).fill(-1);
    this.flightOf = new Int32Array(sessionCount).fill(-1);
    this.broughtOf = new Int32Array(sessionCount).fill(-1);
    this.bytesOf = new Float64Array(parts.settings.levels.length);
  }

  /** Time of the next start of a prefetch, µs. */
  get nextUs(): number {
    return this.timers.timeUs;
  }

  /** A turn has ended at a worker. */
  ended(row: number, traceRow: number, nowUs: number): void {
    const session = this.forecast.sessionOf(traceRow);
    if (session < 0) return;
    const expectedUs = this.forecast.ended(traceRow, nowUs);
    if (Number.isNaN(expectedUs)) return;
    this.counts.expected++;
    this.stop(session, nowUs);
    this.workerRow[session] = row;
    this.traceRow[session] = traceRow;
    const leadUs = this.parts.settings.prefetch!.leadUs;
    this.timers.schedule(session, Math.max(nowUs, expectedUs - leadUs), EV_START);
  }

  /** A turn is looked up at its worker for the first time. */
  came(seeker: Seeker & { readonly traceRow: number }, nowUs: number): void {
    const session = this.forecast.sessionOf(seeker.traceRow);
    if (session < 0) return;
    this.forecast.came(session, nowUs);
    this.stop(session, nowUs);
    const brought = this.broughtOf[session]!;
    if (brought < 0) return;
    const { stores, forest } = this.parts;
    const { path, nodeBegin } = forest;
    const store = stores.of(HOST, seeker.row);
    const isHere = stores.of(HOST, this.brought.rowOf(brought)) === store;
    const own = path.subarray(seeker.pathStart, seeker.pathStart + seeker.pathLength);
    this.brought.takeSegments(brought, (from, node, upTo) => {
      if (!isHere || !own.includes(node)) return;
      const begin = nodeBegin[node]!;
      const first = Math.max(begin + from, seeker.haveBlocks);
      const last = Math.min(begin + Math.min(upTo, store.readable(node)), seeker.wantBlocks);
      this.counts.usedBlocks += Math.max(0, last - first);
    });
    this.endBrought(session);
  }

  /** Starts what is due at `nowUs`; returns how many. */
  advance(nowUs: number): number {
    let count = 0;
    while (this.timers.timeUs <= nowUs) {
      this.start(this.timers.pop(), nowUs);
      count++;
    }
    return count;
  }

  /** A transfer of prefetch number `flight` has ended. */
  landed(flight: number, flow: number, nowUs: number): void {
    const { flights, brought, counts } = this;
    if (!flights.flowEnded(flight, flow)) return;
    const session = flights.slotOf(flight);
    const row = flights.rowOf(flight);
    const { stores } = this.parts;
    const target = stores.of(HOST, row);
    stores.at(row, nowUs);
    this.endBrought(session);
    const kept = brought.begin(session, row, nowUs);
    this.broughtOf[session] = kept;
    flights.takeSegments(flight, (level, node) => {
      stores.of(level, row).unpin(node);
      const before = target.readable(node);
      target.commit(node);
      const after = target.readable(node);
      stores.stored(target, node);
      counts.blocks += after - before;
      brought.addSegment(kept, before, node, after);
    });
    flights.end(flight);
    this.flightOf[session] = -1;
  }

  /** These stores are lost, with the worker of a row: what goes there or comes from there stops. */
  died(row: number, gone: readonly TierStore[], nowUs: number): void {
    const { flights } = this;
    const { stores, settings } = this.parts;
    this.workerRow.forEach((worker, session) => {
      if (worker === row && this.timers.isPending(session)) this.timers.cancel(session);
    });
    for (let flight = 0; flight < flights.count; flight++) {
      if (flights.slotOf(flight) < 0) continue;
      const reader = flights.rowOf(flight);
      const touches = settings.levels.some(
        (_, level) =>
          (level === HOST || flights.reads(flight, level)) &&
          gone.includes(stores.of(level, reader)),
      );
      if (touches) this.stop(flights.slotOf(flight), nowUs);
    }
  }

  private start(session: number, nowUs: number): void {
    const { stores, forest, settings, links, directory } = this.parts;
    const { path, nodeBegin, nodeEnd } = forest;
    const row = this.workerRow[session]!;
    const traceRow = this.traceRow[session]!;
    const target = stores.of(HOST, row);
    stores.at(row, nowUs);
    this.bytesOf.fill(0);
    const flight = this.flights.begin(session, row, nowUs);
    const [first, length] = pathAtEnd(forest, traceRow);
    for (let i = first; i < first + length; i++) {
      const node = path[i]!;
      const size = nodeEnd[node]! - nodeBegin[node]!;
      if (directory.blocksAt(row, node) >= size || target.present(node) >= size) continue;
      if (!this.bring(flight, row, node, size)) break;
    }
    settings.levels.forEach(({ codecBytesPerUs }, level) => {
      const bytes = Math.ceil(this.bytesOf[level]!);
      if (bytes === 0) return;
      const most = Math.min(codecBytesPerUs, settings.levels[HOST]!.codecBytesPerUs);
      const options = { bytesPerUsMax: most, isBackground: true };
      const tag = this.parts.tagOf(flight);
      const route = links.lift(level, row);
      this.flights.addFlow(flight, links.network.start(route, bytes, tag, nowUs, options));
      this.counts.bytes += bytes;
    });
    if (this.flights.flowsOf(flight).length === 0) {
      this.flights.end(flight);
      this.counts.unneeded++;
      return;
    }
    this.flightOf[session] = flight;
    this.counts.started++;
  }

  /** Makes room for a node's blocks and pins where they come from; false: not all of it will be there, so nothing behind it is any use. */
  private bring(flight: number, row: number, node: number, size: number): boolean {
    const { stores, settings } = this.parts;
    const target = stores.of(HOST, row);
    for (let level = HOST + 1; level < settings.levels.length; level++) {
      const source = stores.of(level, row);
      const upTo = source.readable(node);
      if (upTo <= target.present(node)) continue;
      source.pin(node);
      const room = target.reserve(node, upTo);
      if (room === 0) {
        source.unpin(node);
        return false;
      }
      this.flights.addSegment(flight, level, node, upTo);
      this.bytesOf[level]! += room * settings.levels[level]!.blockBytes;
      if (target.present(node) >= size) return true;
      // One source for a node: what it lacks is rare and not worth a second transfer.
      return false;
    }
    return false;
  }

  /** What is planned or on its way for a session is of no use any more. */
  private stop(session: number, nowUs: number): void {
    if (this.timers.isPending(session)) {
      this.timers.cancel(session);
      this.counts.cancelled++;
    }
    const flight = this.flightOf[session]!;
    if (flight < 0) return;
    const { links, stores } = this.parts;
    const row = this.flights.rowOf(flight);
    stores.at(row, nowUs);
    for (const flow of this.flights.flowsOf(flight)) links.network.cancel(flow, nowUs);
    this.flights.takeSegments(flight, (level, node) => {
      stores.of(level, row).unpin(node);
      stores.of(HOST, row).abort(node);
    });
    this.flights.end(flight);
    this.flightOf[session] = -1;
    this.counts.cancelled++;
  }

  private endBrought(session: number): void {
    const brought = this.broughtOf[session]!;
    if (brought < 0) return;
    this.brought.takeSegments(brought, () => undefined);
    this.brought.end(brought);
    this.broughtOf[session] = -1;
  }
}
