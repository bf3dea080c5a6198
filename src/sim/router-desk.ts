/**
 * The router's desk: one or several router processes in front of a group of workers, told by the simulation what real ones are
 * told, and no more. It sends each request to the process whose turn it is and does what that one decides.
 */

import { InvariantError, stream } from "../core/index.ts";
import type { Stream } from "../core/index.ts";
import { NO_WORKER, REFUSED_OVERLOAD, RouterState } from "../policies/index.ts";
import type { Router, RouterNeeds, RouterRequest, RouterSetup } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import { REJECT_NO_WORKER, REJECT_OVERLOADED } from "./admission.ts";
import { KvEventLog } from "./kv-event-log.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import {
  AT_FIRST_TOKEN_US,
  AT_INPUT,
  AT_OUTPUT,
  AT_ROW,
  AT_STATE,
  SLOT_DECODE,
  SLOT_NUMBERS,
} from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import { RouterReplica } from "./router-replica.ts";
import type { TierTellers } from "./tiers/tier-tellers.ts";
import type { Witness } from "./witness.ts";
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
};

export type DeskOptions = {
  /** Makes the policy of a process. */
  readonly router: () => Router;
  readonly setup: Omit<RouterSetup, "nodes" | "kvEventDelayUs">;
  readonly fidelity: ViewFidelity;
  readonly workers: readonly Worker[];
  /** Prefixes in blocks of the group's size. */
  readonly forest: PrefixForest;
  readonly table: RequestTable;
  readonly trace: Trace | undefined;
  /** Workers and stores that tell KV events. */
  readonly tellers: TierTellers;
  /** Whether clients say how long the answer will be. */
  readonly outputHints: boolean;
  readonly seed: number;
};

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
  /** Why `route` found nobody: the code of a reject reason. */
  refusal = REJECT_NO_WORKER;
  private readonly options: DeskOptions;
  private readonly needs: RouterNeeds;
  private readonly random: Stream;
  private readonly scrapeRandom: Stream;
  private readonly localOf: Int32Array;
  /** Of each slot: the process that has its request. */
  private replicaOf = new Int32Array(256);
  private turns = 0;
  private firstRow: Int32Array | undefined;
  private readonly scrapes: boolean;

  constructor(options: DeskOptions) {
    const { workers, fidelity, seed, forest } = options;
    this.options = options;
    const last = workers.reduce((most, { id }) => Math.max(most, id), -1);
    this.localOf = new Int32Array(last + 1).fill(-1);
    workers.forEach(({ id }, local) => (this.localOf[id] = local));
    const name = options.setup.role === "decode" ? "router/decode" : "router";
    this.random = stream(seed, name);
    this.scrapeRandom = stream(seed, `${name}/scrapes`);
    this.request = newRequest(forest);
    const routers = Array.from({ length: fidelity.replicas }, () => options.router());
    this.needs = routers[0]!.needs ?? {};
    const log = this.eventLog();
    this.watcher = log;
    const fill = this.fill.bind(this);
    const setup = { ...options.setup, nodes: forest, kvEventDelayUs: fidelity.kvEventDelayUs };
    this.replicas = routers.map((router, i) => {
      const state = new RouterState(router, setup);
      const reader = log?.reader(state.index, {
        delayUs: fidelity.kvEventDelayUs,
        loss: fidelity.kvEventLoss,
        recoveryUs: fidelity.kvEventRecoveryUs,
        random: stream(seed, `${name}/kv-events/${i}`),
      });
      return new RouterReplica(state, reader, fidelity.syncDelayUs ?? Infinity, fill);
    });
    this.scrapes = this.needs.scrapes === true;
    this.nextScrapeUs = this.scrapes && fidelity.scrapeIntervalUs > 0 ? 0 : Infinity;
  }

  /** Chooses the worker of a request and books it; null: nobody is eligible, `refusal` is the reason. */
  route(slot: number, row: number, inputTokens: number, nowUs: number): Worker | null {
    const { fidelity } = this.options;
    if (this.scrapes && fidelity.scrapeIntervalUs === 0) this.read(nowUs, true);
    const turn = this.turns++ % this.replicas.length;
    const replica = this.replicas[turn]!;
    const { state } = replica;
    replica.catchUp(nowUs);
    if (this.needs.outputs === true) this.countOutputs(state, turn, nowUs);
    const request = this.fill(row, this.bookingOf(slot, turn), inputTokens);
    const witness = this.witness?.row === row ? this.witness : undefined;
    witness?.before(state);
    let choice = state.choose(request, nowUs, this.random);
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
    const newTokens = state.newTokensOn(request, choice);
    state.commit(request, choice, newTokens, nowUs);
    this.remember(slot, turn);
    if (this.peersListen) {
      for (const peer of this.replicas) {
        if (peer !== replica) peer.hearBooked(request, choice, newTokens, nowUs);
      }
    }
    return worker;
  }

  /** The first token of a request that was sent to a worker is out. */
  firstToken(_worker: number, slot: number, nowUs: number): void {
    const turn = this.replicaOf[slot / SLOT_NUMBERS]!;
    const own = this.replicas[turn]!;
    const booking = this.bookingOf(slot, turn);
    // What peers told before comes before.
    if (this.peersListen) own.catchUp(nowUs);
    own.state.firstToken(booking, nowUs);
    if (!this.peersListen) return;
    for (const peer of this.replicas) if (peer !== own) peer.hearFirstToken(booking, nowUs);
  }

  /** A request that was sent to a worker has ended, however; `isDone`: with its whole answer. */
  ended(_worker: number, slot: number, nowUs: number, isDone = true): void {
    const { data } = this.options.table;
    const firstUs = data[slot + AT_FIRST_TOKEN_US]!;
    const generated = isDone && firstUs <= nowUs ? data[slot + AT_OUTPUT]! : 0;
    const decodeUs = generated > 0 ? nowUs - firstUs : 0;
    const turn = this.replicaOf[slot / SLOT_NUMBERS]!;
    const own = this.replicas[turn]!;
    const booking = this.bookingOf(slot, turn);
    if (this.peersListen) own.catchUp(nowUs);
    const request = this.fill(data[slot + AT_ROW]!, booking, data[slot + AT_INPUT]!);
    own.state.ended(request, generated, decodeUs, nowUs);
    if (!this.peersListen) return;
    for (const peer of this.replicas) {
      if (peer !== own) peer.hearEnded(request, generated, decodeUs, nowUs);
    }
  }

  /** What fault detection believes of a worker. */
  setHealth(worker: number, isUp: boolean): void {
    const local = this.localOf[worker]!;
    for (const { state } of this.replicas) state.setHealth(local, isUp);
  }

  /** The scrape that is due at `nowUs`, after all that happens then. */
  scrape(nowUs: number): void {
    this.nextScrapeUs = nowUs + this.options.fidelity.scrapeIntervalUs;
    this.read(nowUs, false);
  }

  /** Reads every worker's counts as of `nowUs`; `before`: requests are routed before workers start their next steps. */
  private read(nowUs: number, before: boolean): void {
    const { workers, fidelity } = this.options;
    const { scrapeLoss } = fidelity;
    if (nowUs < this.blindUntilUs) return;
    for (let local = 0; local < workers.length; local++) {
      if (scrapeLoss > 0 && this.scrapeRandom.next() < scrapeLoss) continue;
      const worker = workers[local]!;
      const used = worker.blocksUsedAt(nowUs, before);
      for (const { state } of this.replicas) {
        const { scraped } = state;
        scraped.atUs[local] = nowUs;
        scraped.running[local] = worker.batch.runningCount;
        scraped.waiting[local] = worker.batch.queuedCount;
        scraped.kvBlocksUsed[local] = used;
      }
    }
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
    request.session = trace?.sessions?.session[row] ?? -1;
    request.priority = trace?.priority?.[row] ?? 0;
    request.strictPriority = trace?.hints?.strictPriority?.[row] ?? 0;
    request.tenant = trace?.labels?.tenant?.codes[row] ?? -1;
    request.expectedOutput = this.expectedOutput(row);
    const { affinityBlocks } = this.needs;
    if (affinityBlocks !== undefined) request.affinityKey = this.affinityKey(affinityBlocks);
    return request;
  }

  /** What the client says of its answer's length, in the trace or, in a scenario with perfect hints, truly; NaN: nothing. */
  private expectedOutput(row: number): number {
    const { trace, outputHints } = this.options;
    if (outputHints) return trace?.outputTokens[row] ?? NaN;
    const told = trace?.hints?.outputTokens?.[row] ?? 0;
    return told > 0 ? told : NaN;
  }

  /**
   * Names the node of the prompt's last block among its first `blocks` by the first row that has it, so that the numbers of
   * the ids do not matter. Without ids no two prompts are alike.
   */
  private affinityKey(blocks: number): number {
    const { prompt, row } = this.request;
    const { forest } = this.options;
    if (prompt.length === 0) return row;
    this.firstRow ??= firstRows(forest);
    let node = prompt.path[prompt.start]!;
    for (let i = prompt.start; i < prompt.start + prompt.length; i++) {
      node = prompt.path[i]!;
      if (forest.nodeEnd[node]! >= blocks) break;
    }
    return this.firstRow[node]!;
  }

  /** Books what the requests of a process have generated by now. */
  private countOutputs(state: RouterState, turn: number, nowUs: number): void {
    const { data } = this.options.table;
    for (const worker of this.options.workers) {
      const tokens = worker.batch.tokensIn(worker.stepsDone(nowUs));
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

/** The first row whose prompt has each node. */
function firstRows({ nodes, path, pathStart }: PrefixForest): Int32Array {
  const first = new Int32Array(nodes);
  for (let row = pathStart.length - 2; row >= 0; row--) {
    for (let i = pathStart[row]!; i < pathStart[row + 1]!; i++) first[path[i]!] = row;
  }
  return first;
}

function newRequest(forest: PrefixForest): RouterRequest {
  return {
    row: 0,
    booking: 0,
    inputTokens: 0,
    blocks: 0,
    prompt: { path: forest.path, start: 0, length: 0 },
    affinityKey: 0,
    expectedOutput: NaN,
    priority: 0,
    strictPriority: 0,
    session: -1,
    tenant: -1,
    pinned: -1,
    requiredLabels: 0,
    preferredLabels: [],
  };
}
