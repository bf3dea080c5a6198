/**
 * What a worker's batch consists of, and the questions that schedulers ask of it. Nothing here changes anything: `batch.ts` does.
 */

import { AdapterList } from "./adapters.ts";
import type { Images } from "./images.ts";
import { BlockDemand } from "./block-demand.ts";
import type { DemandSum } from "./block-demand.ts";
import type { DecodeStretch } from "./decode-stretch.ts";
import type { DraftLuck } from "./draft-luck.ts";
import { EndingList } from "./ending-list.ts";
import type { Engine } from "./engine.ts";
import { FinishHeap } from "./finish-heap.ts";
import { Inbox } from "./inbox.ts";
import { KvPool } from "./kv-pool.ts";
import type { KvWatcher } from "./kv-watcher.ts";
import {
  AT_ARRIVAL_US,
  AT_COMPUTED,
  AT_GENERATED,
  AT_INPUT,
  AT_JOIN_CONTEXT,
  AT_JOIN_STEP,
  AT_LAST_TOKEN_US,
  AT_NEXT,
  AT_OUTPUT,
  AT_PATH_LENGTH,
  AT_PATH_START,
  AT_SHARED_BLOCKS,
  AT_STATE,
  SLOT_FREE,
} from "./request-table.ts";
import { nodeAt } from "./prefix-forest.ts";
import { leastGenerated, nextStepBlocks, outputLeft, outputTotals } from "./running-walk.ts";
import type { Running } from "./running-walk.ts";
import { SlotList } from "./slot-list.ts";
import type { TokenStalls } from "./token-stalls.ts";
import { STEP_START_US, WORKER_NUMBERS } from "./worker-counters.ts";

export class BatchState {
  partialPrefill = -1;
  /** Grows whenever a request joins or leaves the decode group. */
  changes = 0;
  /** Decode steps done. */
  decodeSteps = 0;
  /** The group's token clock: what each of its requests got in them. With drafts it stands still: each has its own luck. */
  decodeTokens = 0;
  /** The group's total context in the next decode step. */
  decodeContext = 0;
  /** Static batching: requests that are done and keep their place. */
  doneCount = 0;
  /** The step in progress, or the one being built, gives decoding requests a token: they have their blocks for it. */
  decodesInStep = false;
  /** Decoding requests that have sat out passes; `undefined`: none ever did. */
  stalls: TokenStalls | undefined;
  /** Requests whose prompts end with the step that is being built or in progress. */
  readonly endings: EndingList;
  /** Requests that leave with the end of the step in progress; undefined: none ever did. */
  protected leaving: number[] | undefined;
  readonly worker: number;
  readonly pool: KvPool;
  readonly demand: BlockDemand;
  readonly finishes: FinishHeap;
  readonly running: SlotList;
  private readonly adapters: AdapterList | undefined;
  protected readonly waiting: SlotList;
  /** Arrivals that the scheduler has not seen yet; undefined: it sees them at once. */
  readonly inbox: Inbox | undefined;
  protected readonly engine: Engine;
  protected readonly counterBase: number;
  /** Σ over the decode group of the token clock at their ends, and a bound that none of them exceeds. */
  protected finishSteps = 0;
  protected lastFinish = 0;
  /** Blocks that running requests would hold with all their output. */
  protected fullBlocks = 0;

  /** `row`: the worker among those of its pool. */
  constructor(engine: Engine, row: number) {
    const { table, blockSize } = engine;
    this.engine = engine;
    this.worker = row;
    this.counterBase = row * WORKER_NUMBERS;
    this.pool = new KvPool(engine, engine.firstId + row);
    this.finishes = new FinishHeap(engine.heaps);
    this.demand = new BlockDemand(blockSize, engine.byPhase, row * blockSize);
    this.waiting = new SlotList(table);
    this.endings = new EndingList(table);
    const { adapters } = engine;
    if (adapters !== undefined) this.adapters = new AdapterList(table, adapters);
    this.running = this.adapters ?? new SlotList(table);
    this.inbox = engine.inbox && new Inbox(table, engine.inbox);
  }

  get nowUs(): number {
    return this.engine.pass.nowUs;
  }
  get preemptedInPass(): number {
    return this.engine.pass.preempted;
  }
  get runningCount(): number {
    return this.running.length;
  }
  get waitingCount(): number {
    return this.waiting.length;
  }
  /** Requests that wait, seen by the scheduler or not. */
  get queuedCount(): number {
    return this.waiting.length + (this.inbox?.length ?? 0);
  }
  get waitingHead(): number {
    return this.waiting.head;
  }
  get runnableHead(): number {
    const { head } = this.waiting;
    return this.adapters === undefined ? head : this.adapters.firstRunnable(head);
  }
  /** Luck of the drafts of all workers of the pool; undefined: nothing is drafted. */
  get luck(): DraftLuck | undefined {
    return this.engine.luck;
  }
  /** Images of all workers; undefined: prompts bring none. */
  get images(): Images | undefined {
    return this.engine.images;
  }
  /** Adds the images that a request needs encoded to the step being built; `cached`: tokens of its prompt that are known. */
  protected countImages(slot: number, cached: number): void {
    const { images, table, pass, firstId, encoderCacheTokens } = this.engine;
    const worker = firstId + this.worker;
    pass.shape.images! += images!.toEncode(table, slot, cached, worker, encoderCacheTokens);
  }
  /** Adapters brought into slots; 0 without adapters. */
  get adapterLoads(): number {
    return this.adapters?.loads ?? 0;
  }
  /** How long the step being built waits for adapters, µs; asked once a step. */
  takeAdapterLoadUs(): number {
    return this.adapters === undefined ? 0 : this.adapters.takeLoadUs();
  }
  get blockSize(): number {
    return this.engine.blockSize;
  }
  get blocksTotal(): number {
    return this.pool.blocks;
  }
  get blocksAvailable(): number {
    return this.pool.available;
  }
  get decodingCount(): number {
    return this.demand.requests;
  }
  get matchedActiveBlocks(): number {
    return this.engine.entries.matchedActive;
  }
  get blocksPromised(): number {
    return this.fullBlocks - this.pool.held;
  }
  get decodeBlocks(): number {
    const isWalked = this.engine.stepByStep || this.engine.luck !== undefined;
    return isWalked ? nextStepBlocks(this.walk) : this.demand.at(this.decodeTokens);
  }

  /** Blocks that the first `steps` steps after the next one take; the sum is the engine's own, good until the next call. */
  blocksAfter(steps: number): DemandSum {
    const { sum } = this.engine;
    this.demand.sum(this.decodeTokens + 1, steps, sum);
    return sum;
  }

  /** `steps` decode steps are over (with drafts: one), which `requests` got tokens of; returns the tokens. */
  advance(steps: number, requests: number): number {
    const { luck } = this.engine;
    this.decodeSteps += steps;
    if (luck !== undefined) return this.advanceByLuck(luck);
    this.decodeTokens += steps;
    this.decodeContext += this.demand.requests * steps;
    return requests * steps;
  }

  /** A decode step with drafts is over: each request has its own number of tokens, rejected drafts leave no blocks behind. */
  private advanceByLuck(luck: DraftLuck): number {
    const { table, blockSize } = this.engine;
    const tokens = luck.advance(table.data, this.running.head, blockSize);
    // vLLM keeps such a block instead: its next step needs it again.
    this.pool.allocate(-luck.blocksBack);
    this.decodeContext += tokens;
    return tokens;
  }

  /** Takes in the arrivals that the next pass sees. */
  lookForArrivals(nowUs: number): void {
    this.inbox?.look(this.waiting, this.decodeSteps, nowUs);
  }

  /** Takes in all arrivals because there is nothing else to do; returns whether there were any. */
  takeArrivals(nowUs: number): boolean {
    if (this.inbox === undefined || this.inbox.nextUs > nowUs) return false;
    this.inbox.take(this.waiting, nowUs);
    return true;
  }

  /** Steps of the run that starts now, at most `limit`, to the boundary that has to look: for arrivals, at times that are over. */
  stepsToLook(stretch: DecodeStretch, limit: number): number {
    const steps = this.inbox?.stepsToSee(this.decodeSteps, stretch, limit) ?? limit;
    return this.pool.kept?.stepsToOver(this.decodeSteps, stretch, steps) ?? steps;
  }

  /** Steps, at most `limit`, until the batch can change by itself: a finish, a block shortage. */
  stepsAhead(limit: number): number {
    const { demand, finishes, pool } = this;
    const steps = Math.min(finishes.firstStep - this.decodeSteps, limit);
    if (steps <= 1) return 1;
    // The next step has its blocks already.
    return 1 + demand.stepsWithin(this.decodeTokens + 1, steps - 1, pool.available);
  }

  decodeOutputLeft(clip: number): number {
    // The closed form holds when the clip reaches nobody.
    const isWalked = this.engine.stepByStep || this.engine.luck !== undefined;
    if (isWalked || this.lastFinish - this.decodeTokens > clip) {
      return outputLeft(this.walk, clip);
    }
    return this.finishSteps - this.demand.requests * this.decodeTokens;
  }

  decodeOutputTotals(): { readonly generated: number; readonly limit: number } {
    return outputTotals(this.walk);
  }

  leastGenerated(): number {
    return leastGenerated(this.walk);
  }

  /** Prompts come from elsewhere to decode workers alone: see `HandoffBatch`. */
  landPrompts(_budget: number): number {
    return 0;
  }

  waitingAfter(slot: number): number {
    return this.engine.table.data[slot + AT_NEXT]!;
  }

  queuedSinceUs(slot: number): number {
    return this.engine.table.data[slot + AT_ARRIVAL_US]!;
  }

  knownTokens(slot: number): number {
    return this.engine.table.data[slot + AT_INPUT]! + this.engine.table.data[slot + AT_GENERATED]!;
  }

  longestTokens(slot: number): number {
    const { data } = this.engine.table;
    return data[slot + AT_INPUT]! + data[slot + AT_OUTPUT]! + this.engine.overshoot;
  }

  /** Requests that leave with the step in progress. */
  get leavingCount(): number {
    return this.leaving === undefined ? 0 : this.leaving.length;
  }

  /** Whether a request has been cancelled and leaves with the step in progress. */
  isLeaving(slot: number): boolean {
    // A load that was given up keeps its slot until the next pass.
    if (this.engine.table.data[slot + AT_STATE] === SLOT_FREE) return true;
    return this.leaving !== undefined && this.leaving.includes(slot);
  }

  outputLeft(slot: number): number {
    return this.engine.table.data[slot + AT_OUTPUT]! - this.engine.table.data[slot + AT_GENERATED]!;
  }

  promptLeft(slot: number): number {
    return this.knownTokens(slot) - this.engine.table.data[slot + AT_COMPUTED]!;
  }

  prefixNode(slot: number, tokens: number): number {
    const { forest, table, blockSize } = this.engine;
    const start = table.data[slot + AT_PATH_START]!;
    return nodeAt(
      forest,
      start,
      table.data[slot + AT_PATH_LENGTH]!,
      Math.ceil(tokens / blockSize) - 1,
    );
  }

  /** Puts a watcher of all pools of this worker's engine in the place of the one that is there. */
  watch(replace: (watcher: KvWatcher | undefined) => KvWatcher): void {
    this.engine.watcher = replace(this.engine.watcher);
  }

  /** Total context of a decoding request in the next decode step. */
  contextOf(slot: number): number {
    return (
      this.engine.table.data[slot + AT_JOIN_CONTEXT]! +
      (this.decodeTokens - this.engine.table.data[slot + AT_JOIN_STEP]!)
    );
  }

  /** Tokens a decoding request has generated. */
  generatedBy(slot: number): number {
    return (
      this.engine.table.data[slot + AT_GENERATED]! +
      (this.decodeTokens - this.engine.table.data[slot + AT_JOIN_STEP]!)
    );
  }

  /** Tells the scheduler that a decoding request has been cancelled, before it leaves. */
  protected tellCancelled(slot: number): void {
    const { data } = this.engine.table;
    const left = data[slot + AT_OUTPUT]! - this.generatedBy(slot);
    const startUs = this.engine.counters[this.counterBase + STEP_START_US]!;
    const isNew = data[slot + AT_LAST_TOKEN_US]! > startUs;
    this.engine.scheduler.decodeCancelled?.(this.worker, left, isNew);
  }

  /** Blocks a request in prefill holds with `tokens` tokens computed. */
  protected blocksFor(slot: number, tokens: number): number {
    return Math.max(
      this.engine.table.data[slot + AT_SHARED_BLOCKS]!,
      Math.ceil(tokens / this.engine.blockSize),
    );
  }

  /** Blocks a request holds at its longest. */
  protected fullBlocksOf(slot: number): number {
    return Math.ceil(this.longestTokens(slot) / this.engine.blockSize);
  }

  protected get walk(): Running {
    const { table, blockSize, overshoot, queries: stepTokens } = this.engine;
    const { head } = this.running;
    return { table, head, step: this.decodeTokens, stepTokens, blockSize, overshoot };
  }
}
