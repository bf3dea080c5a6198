/** A worker's requests that fetch their prefix from a lower tier or a peer: out of the queue, their blocks taken. */

import type { BatchState } from "./batch-state.ts";
import type { Engine } from "./engine.ts";
import {
  AT_ADMITTED_US,
  AT_INPUT,
  AT_LOADED,
  AT_PATH_LENGTH,
  AT_PATH_START,
  AT_ROW,
  AT_SOUGHT,
  AT_STATE,
  SLOT_FREE,
  SLOT_LOADING,
  SLOT_WAITING,
} from "./request-table.ts";
import { SlotList } from "./slot-list.ts";
import { beginOnboard, endOnboard } from "./time-asides.ts";
import type { LoadRequest, TierSystem } from "./tiers/tier-system.ts";

export class BatchLoads {
  /** Loading, or landed and not seen by a pass yet. */
  readonly list: SlotList;
  /** Of those, the ones that have been given up. */
  abandonedCount = 0;
  private readonly tiers: TierSystem;
  private readonly engine: Engine;
  private readonly batch: BatchState;
  private readonly waiting: SlotList;
  private readonly request: { -readonly [key in keyof LoadRequest]: LoadRequest[key] };

  constructor(tiers: TierSystem, engine: Engine, batch: BatchState, waiting: SlotList) {
    this.tiers = tiers;
    this.engine = engine;
    this.batch = batch;
    this.waiting = waiting;
    this.list = new SlotList(engine.table);
    this.request = {
      row: batch.worker,
      slot: -1,
      traceRow: -1,
      isFirst: false,
      pathStart: 0,
      pathLength: 0,
      haveBlocks: 0,
      wantBlocks: 0,
      inputTokens: 0,
      knownTokens: 0,
      roomBlocks: 0,
      waiting: 0,
      loading: 0,
      decodeRequests: 0,
      decodeContextTokens: 0,
      step: engine.pass.shape,
    };
  }

  /** Requests that are not done and not given up. */
  get liveCount(): number {
    return this.list.length - this.abandonedCount;
  }

  /** A request is about to be admitted; true: it fetches first, and is out of the queue. */
  begins(slot: number): boolean {
    const { data } = this.engine.table;
    if (data[slot + AT_SOUGHT] === 1) return false;
    data[slot + AT_SOUGHT] = 1;
    const { engine, batch, request } = this;
    const { entries } = engine;
    const known = batch.knownTokens(slot);
    request.slot = slot;
    request.traceRow = data[slot + AT_ROW]!;
    request.isFirst = Number.isNaN(data[slot + AT_ADMITTED_US]!);
    request.pathStart = data[slot + AT_PATH_START]!;
    request.pathLength = data[slot + AT_PATH_LENGTH]!;
    request.haveBlocks = entries.matchedBlocks;
    // The last token is always computed, to produce the next.
    request.wantBlocks = Math.floor((known - 1) / engine.blockSize);
    request.inputTokens = data[slot + AT_INPUT]!;
    request.knownTokens = known;
    const idle = entries.matchedBlocks - entries.matchedActive;
    request.roomBlocks = batch.pool.available - idle - engine.watermarkBlocks;
    request.waiting = this.waiting.length - 1;
    request.loading = this.liveCount;
    request.decodeRequests = batch.decodesInStep ? batch.decodingCount : 0;
    request.decodeContextTokens = batch.decodesInStep ? batch.decodeContext : 0;
    const blocks = this.tiers.load(request, batch.nowUs);
    if (blocks === 0) return false;
    this.waiting.remove(slot);
    this.list.pushBack(slot);
    data[slot + AT_STATE] = SLOT_LOADING;
    data[slot + AT_LOADED] = blocks;
    beginOnboard(data, slot, batch.nowUs);
    batch.pool.beginLoad(slot, blocks);
    return true;
  }

  /** Loads that have ended since the last pass: their requests come to the head of the queue, the first to end first. */
  land(): void {
    const slots = this.tiers.landedAt(this.batch.worker);
    for (let i = slots.length - 1; i >= 0; i--) this.landOne(slots[i]!);
    slots.length = 0;
  }

  /** A request that is loading, or has landed, is given up; its blocks go with the next pass. */
  abandon(slot: number, nowUs: number): void {
    this.abandonedCount++;
    this.engine.table.data[slot + AT_STATE] = SLOT_FREE;
    if (!this.tiers.landedAt(this.batch.worker).includes(slot)) this.tiers.abandon(slot, nowUs);
  }

  /** The worker has died: nothing comes any more; `lost` gets the requests. */
  wipe(nowUs: number, lost: (slot: number) => void): void {
    const { engine, tiers, list } = this;
    const { data } = engine.table;
    const landed = tiers.landedAt(this.batch.worker);
    for (let slot = list.head; slot >= 0; slot = list.head) {
      const isOver = data[slot + AT_STATE] === SLOT_FREE;
      if (!landed.includes(slot)) tiers.abandon(slot, nowUs);
      tiers.failed.delete(slot);
      list.remove(slot);
      this.batch.pool.dropLoad(slot, data[slot + AT_LOADED]!);
      data[slot + AT_STATE] = SLOT_WAITING;
      if (isOver) engine.table.give(slot);
      else {
        endOnboard(data, slot, nowUs);
        lost(slot);
      }
    }
    landed.length = 0;
    this.abandonedCount = 0;
  }

  /** A request is admitted for the first time with `cached` tokens in the worker's cache. */
  admitted(slot: number, cached: number): void {
    if (this.engine.table.data[slot + AT_LOADED]! > 0) this.tiers.fetched.admitted(slot, cached);
  }

  /** A request has left the worker; `doneUs`: when it ended with its whole answer, NaN: it did not. */
  dismissed(slot: number, doneUs: number): void {
    if (Number.isNaN(doneUs)) return;
    this.tiers.completed(this.batch.worker, this.engine.table.data[slot + AT_ROW]!, doneUs);
  }

  private landOne(slot: number): void {
    const { data } = this.engine.table;
    const blocks = data[slot + AT_LOADED]!;
    const hasFailed = this.tiers.failed.delete(slot);
    this.list.remove(slot);
    if (data[slot + AT_STATE] === SLOT_FREE) {
      this.abandonedCount--;
      this.batch.pool.dropLoad(slot, blocks);
      data[slot + AT_STATE] = SLOT_WAITING;
      this.engine.table.give(slot);
      return;
    }
    endOnboard(data, slot, this.batch.nowUs);
    if (hasFailed) {
      this.batch.pool.dropLoad(slot, blocks);
      data[slot + AT_LOADED] = 0;
    } else this.batch.pool.endLoad(slot, blocks);
    data[slot + AT_STATE] = SLOT_WAITING;
    this.waiting.pushFront(slot);
  }
}
