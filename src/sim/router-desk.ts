/**
 * The router's desk: one or several router processes in front of a group of workers, told by the simulation what real ones are
 * told, and no more. It sends each request to the process whose turn it is and does what that one decides.
 */

import { InvariantError, stream } from "../core/index.ts";
import type { Stream } from "../core/index.ts";
import {
  NO_WORKER,
  QUEUE_DECLINED,
  QUEUE_JOINED,
  QUEUE_PASSED,
  REFUSED_OVERLOAD,
  RouterQueue,
  RouterState,
} from "../policies/index.ts";
import type { RouterNeeds, RouterRequest } from "../policies/index.ts";
import {
  REJECT_DECLINED,
  REJECT_NO_WORKER,
  REJECT_OVERLOADED,
  REJECT_QUEUE_FULL,
} from "./admission.ts";
import { IT_WAITS } from "./desk-options.ts";
import type { DeskOptions, DeskSink } from "./desk-options.ts";
import { DeskQueues } from "./desk-queues.ts";
import { affinityKey, expectedOutput, fillMarks, firstRows, newRequest } from "./desk-request.ts";
import { KvEventLog } from "./kv-event-log.ts";
import { bothNeeds, fillPeek } from "./peek.ts";
import type { Peek } from "./peek.ts";
import {
  AT_FIRST_TOKEN_US,
  AT_INPUT,
  AT_OUTPUT,
  AT_ROW,
  AT_STATE,
  SLOT_DECODE,
  SLOT_NUMBERS,
  knownTokens,
} from "./request-table.ts";
import { RouterReplica } from "./router-replica.ts";
import type { DeskPins } from "./row-pins.ts";
import { readWorkers } from "./scrapes.ts";
import type { Witness } from "./witness.ts";
import type { Worker } from "./worker.ts";

export class RouterDesk {
  /** Time of the next scrape, µs; Infinity: the policy reads no scraped signal, or always fresh ones. */
  nextScrapeUs: number;
  /** Until then scrapes read nothing, µs. */
  blindUntilUs = -Infinity;
  /** To be told what the workers' prefix caches gain and lose; undefined: no process wants to know. */
  readonly watcher: KvEventLog | undefined;
  /** Writes down, and may change, the decisions of one request. */
  witness: Witness | undefined;
  /** The request being decided; what follows from its row is filled in, the rest is the caller's. */
  readonly request: RouterRequest;
  readonly replicas: readonly RouterReplica[];
  /** Takes up those that have waited. */
  sink: DeskSink | undefined;
  /** Why `route` found nobody: the code of a reject reason, or IT_WAITS. */
  refusal = REJECT_NO_WORKER;
  /** What rows of the trace ask for; undefined: none asks for workers here. */
  readonly pins: DeskPins | undefined;
  private readonly queues: DeskQueues;
  private readonly options: DeskOptions;
  private needs: RouterNeeds;
  private readonly random: Stream;
  private readonly scrapeRandom: Stream;
  private readonly peekRandom: Stream;
  /** Filled anew by each `peek`. */
  private readonly peeked: Peek = { worker: null, cachedTokens: 0, prefillLoad: 0, kvShare: 0 };
  private readonly localOf: Int32Array;
  /** Of each slot: the process that has its request. */
  private replicaOf = new Int32Array(256);
  private turns = 0;
  /** The worker that `routeTo` wants. */
  private peekedAt = NO_WORKER;
  private firstRow: Int32Array | undefined;
  private readonly scrapes: boolean;

  constructor(options: DeskOptions) {
    const { workers, fidelity, seed, forest } = options;
    this.options = options;
    this.pins = options.pins;
    const last = workers.reduce((most, { id }) => Math.max(most, id), -1);
    this.localOf = new Int32Array(last + 1).fill(-1);
    workers.forEach(({ id }, local) => (this.localOf[id] = local));
    const name = options.setup.role === "decode" ? "router/decode" : "router";
    this.random = stream(seed, name);
    this.scrapeRandom = stream(seed, `${name}/scrapes`);
    this.peekRandom = stream(seed, `${name}/peeks`);
    this.request = newRequest(forest);
    const routers = Array.from({ length: fidelity.replicas }, () => options.router());
    const peekers = options.peeker && routers.map(options.peeker);
    this.needs = { ...routers[0]!.needs };
    if (peekers !== undefined) this.needs = bothNeeds(this.needs, peekers[0]!.needs ?? {});
    const log = this.eventLog();
    this.watcher = log;
    const fill = this.fill.bind(this);
    const setup = { ...options.setup, nodes: forest, kvEventDelayUs: fidelity.kvEventDelayUs };
    this.replicas = routers.map((router, i) => {
      const state = new RouterState(router, setup, peekers?.[i]);
      const reader = log?.reader(state.index, {
        delayUs: fidelity.kvEventDelayUs,
        loss: fidelity.kvEventLoss,
        recoveryUs: fidelity.kvEventRecoveryUs,
        random: stream(seed, `${name}/kv-events/${i}`),
      });
      const queue = options.queue === undefined ? undefined : new RouterQueue(state, options.queue);
      const { syncDelayUs = Infinity, staleAfterUs } = fidelity;
      return new RouterReplica(state, reader, syncDelayUs, fill, queue, staleAfterUs);
    });
    this.queues = new DeskQueues(this.replicas, this.peersListen, options.recheckUs);
    this.scrapes = this.needs.scrapes === true;
    this.nextScrapeUs = this.scrapes && fidelity.scrapeIntervalUs > 0 ? 0 : Infinity;
  }

  /** What `route` would choose now, did nobody wait; books nothing. The result is good until the next peek. */
  peek(slot: number, row: number, inputTokens: number, nowUs: number): Readonly<Peek> {
    const { peeked } = this;
    const turn = this.turns % this.replicas.length;
    const replica = this.replicas[turn]!;
    replica.catchUp(nowUs);
    this.refresh(turn, nowUs);
    const { state } = replica;
    const request = this.fill(row, this.bookingOf(slot, turn), inputTokens);
    const choice = state.peek(request, nowUs, this.peekRandom);
    peeked.worker = choice === NO_WORKER ? null : this.options.workers[choice]!;
    if (choice !== NO_WORKER) {
      fillPeek(peeked, state, request, choice, this.queues.tokensKnownTo(replica));
    }
    return peeked;
  }

  /** Books a request on the worker that a peek named; null: it is not eligible any more. */
  routeTo(
    { id }: Worker,
    slot: number,
    row: number,
    inputTokens: number,
    newTokens: number,
    nowUs: number,
  ): Worker | null {
    this.peekedAt = this.localOf[id]!;
    const worker = this.route(slot, row, inputTokens, nowUs, newTokens);
    this.peekedAt = NO_WORKER;
    return worker;
  }

  /**
   * Chooses the worker of a request and books it; null: nobody is eligible, `refusal` is the reason, or it waits at the
   * router (`IT_WAITS`) until the sink is told. `newTokens`: prompt tokens that the worker will compute, NaN: as the router estimates.
   */
  route(
    slot: number,
    row: number,
    inputTokens: number,
    nowUs: number,
    newTokens = NaN,
  ): Worker | null {
    const turn = this.turns++ % this.replicas.length;
    const replica = this.replicas[turn]!;
    replica.catchUp(nowUs);
    const request = this.fill(row, this.bookingOf(slot, turn), inputTokens);
    const place = slot / SLOT_NUMBERS;
    const ahead = replica.queue?.length ?? 0;
    const aheadTokens = replica.queue?.tokens ?? 0;
    const verdict = replica.queue?.arrive(request, place, this.turns, nowUs) ?? QUEUE_PASSED;
    if (verdict === QUEUE_PASSED) return this.decide(turn, slot, request, nowUs, false, newTokens);
    if (verdict === QUEUE_JOINED) {
      this.remember(slot, turn);
      this.queues.joined(nowUs);
      if (this.witness?.row === row) {
        this.witness.joined(replica.state, request, { ahead, aheadTokens }, nowUs);
      }
      this.refusal = IT_WAITS;
    } else this.refusal = verdict === QUEUE_DECLINED ? REJECT_DECLINED : REJECT_QUEUE_FULL;
    return null;
  }

  /** Requests that wait at the processes. */
  get waiting(): number {
    return this.queues.waiting;
  }

  /** When those who wait may be served without anything being told here, µs. */
  get nextUs(): number {
    return this.queues.nextUs;
  }

  /** Gives workers to those who wait, as long as the first of them may go; returns how many were served. */
  drain(nowUs: number): number {
    return this.queues.drain(nowUs, (turn) => this.serveHead(turn, nowUs));
  }

  /** A request that waits is given up. */
  leave(slot: number): void {
    const place = slot / SLOT_NUMBERS;
    this.queues.leave(place, this.replicaOf[place]!);
  }

  /** Gives the first of a process's queue a worker; false: it has to wait on. */
  private serveHead(turn: number, nowUs: number): boolean {
    const replica = this.replicas[turn]!;
    const queue = replica.queue!;
    // A peer may have booked at this very instant.
    replica.catchUp(nowUs);
    const place = queue.next(nowUs, (id) => this.fillWaiting(id, turn));
    if (place < 0) return false;
    const slot = place * SLOT_NUMBERS;
    const request = this.fillWaiting(place, turn);
    const isRecalled = queue.recall(place, nowUs);
    queue.leave(place);
    this.queues.waiting--;
    const worker = this.decide(turn, slot, request, nowUs, isRecalled);
    this.sink!.served(slot, worker, this.refusal, nowUs);
    return true;
  }

  /** A request that waits, by its place in the table. */
  private fillWaiting(place: number, turn: number): RouterRequest {
    const { table } = this.options;
    const slot = place * SLOT_NUMBERS;
    const booking = this.bookingOf(slot, turn);
    return this.fill(table.data[slot + AT_ROW]!, booking, knownTokens(table, slot));
  }

  private decide(
    turn: number,
    slot: number,
    request: RouterRequest,
    nowUs: number,
    isRecalled: boolean,
    newTokens = NaN,
  ): Worker | null {
    const replica = this.replicas[turn]!;
    const { state } = replica;
    const { row, booking, inputTokens } = request;
    this.refresh(turn, nowUs);
    this.fill(row, booking, inputTokens);
    const witness = this.witness?.row === row ? this.witness : undefined;
    witness?.before(state);
    let choice = state.choose(request, nowUs, this.random, isRecalled);
    if (choice === NO_WORKER) {
      this.refusal = state.refusal === REFUSED_OVERLOAD ? REJECT_OVERLOADED : REJECT_NO_WORKER;
      return null;
    }
    if (witness !== undefined) {
      const ids = this.options.workers.map(({ id }) => id);
      choice = witness.after(state, request, choice, nowUs, ids);
    }
    const worker = this.options.workers[choice];
    if (worker === undefined || !state.isUp(choice))
      throw new InvariantError(`router law: decided for worker ${choice}, which is none`);
    const booked = Number.isNaN(newTokens) ? state.newTokensOn(request, choice) : newTokens;
    state.commit(request, choice, booked, nowUs);
    replica.booked(request, nowUs);
    this.queues.booked(nowUs);
    this.remember(slot, turn);
    if (this.peersListen) {
      for (const peer of this.replicas) {
        if (peer !== replica) peer.hearBooked(request, choice, booked, nowUs);
      }
    }
    return worker;
  }

  /** Brings up to date what a process reads of the workers when it decides; the request has to be filled in after. */
  private refresh(turn: number, nowUs: number): void {
    if (this.scrapes && this.options.fidelity.scrapeIntervalUs === 0) this.read(nowUs, true);
    if (this.needs.outputs === true) this.countOutputs(this.replicas[turn]!.state, turn, nowUs);
  }

  /** The first token of a request that was sent to a worker is out. */
  firstToken(_worker: number, slot: number, nowUs: number): void {
    this.queues.heard();
    const turn = this.replicaOf[slot / SLOT_NUMBERS]!;
    const own = this.replicas[turn]!;
    const booking = this.bookingOf(slot, turn);
    // What peers told before comes before.
    if (this.peersListen) own.catchUp(nowUs);
    else own.stale?.expire(nowUs);
    own.state.firstToken(booking, nowUs);
    if (!this.peersListen) return;
    for (const peer of this.replicas) if (peer !== own) peer.hearFirstToken(booking, nowUs);
  }

  /** A request that was sent to a worker has ended, however; `isDone`: with its whole answer. */
  ended(_worker: number, slot: number, nowUs: number, isDone = true): void {
    this.queues.heard();
    const { data } = this.options.table;
    const firstUs = data[slot + AT_FIRST_TOKEN_US]!;
    const generated = isDone && firstUs <= nowUs ? data[slot + AT_OUTPUT]! : 0;
    const decodeUs = generated > 0 ? nowUs - firstUs : 0;
    const turn = this.replicaOf[slot / SLOT_NUMBERS]!;
    const own = this.replicas[turn]!;
    const booking = this.bookingOf(slot, turn);
    if (this.peersListen) own.catchUp(nowUs);
    else own.stale?.expire(nowUs);
    const request = this.fill(data[slot + AT_ROW]!, booking, data[slot + AT_INPUT]!);
    own.state.ended(request, generated, decodeUs, nowUs);
    if (!this.peersListen) return;
    for (const peer of this.replicas) {
      if (peer !== own) peer.hearEnded(request, generated, decodeUs, nowUs);
    }
  }

  /** What fault detection believes of a worker. */
  setHealth(worker: number, isUp: boolean): void {
    this.queues.heard();
    const local = this.localOf[worker]!;
    this.options.places?.setHealth(local, isUp);
    for (const { state } of this.replicas) state.setHealth(local, isUp);
  }

  /** The scrape that is due at `nowUs`, after all that happens then. */
  scrape(nowUs: number): void {
    this.nextScrapeUs = nowUs + this.options.fidelity.scrapeIntervalUs;
    this.read(nowUs, false);
  }

  /** Reads every worker's counts as of `nowUs`; `before`: requests are routed before workers start their next steps. */
  private read(nowUs: number, before: boolean): void {
    if (nowUs < this.blindUntilUs) return;
    const { workers, fidelity } = this.options;
    const { scrapeRandom: random } = this;
    readWorkers(workers, this.replicas, { loss: fidelity.scrapeLoss, random, nowUs, before });
  }

  private get peersListen(): boolean {
    return this.replicas.length > 1 && this.options.fidelity.syncDelayUs !== undefined;
  }

  /** The log of KV events, where the trace has block ids and a process reads them. */
  private eventLog(): KvEventLog | undefined {
    const { forest, setup, workers, tellers } = this.options;
    const reads = this.needs.prefix === true && this.needs.ownIndex !== true;
    if (!reads || !setup.kvEvents || forest.nodes === 0) return undefined;
    return new KvEventLog(this.localOf, workers.length, tellers);
  }

  /** Each process numbers its requests for itself: a slot may have a new owner before its peers know. */
  private bookingOf(slot: number, turn: number): number {
    return (slot / SLOT_NUMBERS) * this.replicas.length + turn;
  }

  private fill(row: number, booking: number, inputTokens: number): RouterRequest {
    const { request } = this;
    const { forest, trace, setup } = this.options;
    const { pathStart } = forest;
    const isKnown = row + 1 < pathStart.length;
    request.row = row;
    request.booking = booking;
    request.inputTokens = inputTokens;
    request.blocks = Math.floor(inputTokens / setup.facts[0]!.blockSize);
    request.prompt.start = isKnown ? pathStart[row]! : 0;
    request.prompt.length = isKnown ? pathStart[row + 1]! - request.prompt.start : 0;
    fillMarks(request, trace, row);
    request.sloClass = this.options.slo.of(row);
    request.expectedOutput = expectedOutput(trace, this.options.outputHints, row);
    this.options.rules?.apply(request, row);
    request.pinned = this.peekedAt;
    request.allowed = undefined;
    this.pins?.apply(request, row);
    this.options.places?.apply(request, row);
    const { affinityBlocks } = this.needs;
    if (affinityBlocks !== undefined) {
      this.firstRow ??= firstRows(forest);
      request.affinityKey = affinityKey(request, forest, this.firstRow, affinityBlocks);
    }
    return request;
  }

  /** Books what the requests of a process have generated by now. */
  private countOutputs(state: RouterState, turn: number, nowUs: number): void {
    const { data } = this.options.table;
    for (const worker of this.options.workers) {
      const tokens = worker.stepsDone(nowUs);
      worker.batch.forEachSlot((slot) => {
        if (data[slot + AT_STATE] !== SLOT_DECODE) return;
        const booking = this.bookingOf(slot, turn);
        if (!state.book.isOpen(booking)) return;
        const generated = worker.batch.generatedBy(slot) + tokens;
        const request = this.fill(data[slot + AT_ROW]!, booking, data[slot + AT_INPUT]!);
        state.book.generated(booking, generated, request.prompt);
      });
    }
  }

  private remember(slot: number, turn: number): void {
    const booking = slot / SLOT_NUMBERS;
    if (booking >= this.replicaOf.length) {
      const grown = new Int32Array(Math.max(booking + 1, this.replicaOf.length * 2));
      grown.set(this.replicaOf);
      this.replicaOf = grown;
    }
    this.replicaOf[booking] = turn;
  }
}
