/**
 * What one router process holds: its view of the workers, its book, its prefix indexes, its session bindings. The host –
 * simulator or live gateway – tells it what happens; it knows no clock and calls nobody.
 */

import type { Stream } from "../../core/index.ts";
import { EventIndex } from "../prefix/event-index.ts";
import type { TierReach } from "../prefix/event-index.ts";
import type { PrefixPath } from "../prefix/holder-table.ts";
import type { TtlIndex } from "../prefix/ttl-index.ts";
import type { Booking } from "./load-book.ts";
import { LoadBook } from "./load-book.ts";
import { Observed } from "./observed.ts";
import { hasBusyLimits, isOverloaded } from "./overload.ts";
import { PrefillTimes } from "./prefill-times.ts";
import { PromptMemory } from "./prompt-memory.ts";
import { raiseLowerTiers, reachAtTurn } from "./reach-at-turn.ts";
import {
  isAskedFor,
  isRestricted,
  REFUSED_NONE,
  REFUSED_OVERLOAD,
  REFUSED_PIN,
} from "./restrictions.ts";
import { NO_WORKER } from "./router.ts";
import type {
  Router,
  RouterFaults,
  RouterNeeds,
  RouterRequest,
  RouterRole,
  RouterView,
  WorkerFacts,
} from "./router.ts";
import { beliefsOf, tierWeights } from "./router-setup.ts";
import type { RouterSetup, TierWeights } from "./router-setup.ts";
import { SessionBindings } from "./session-bindings.ts";

const NO_PROMPT: PrefixPath = { path: new Int32Array(0), start: 0, length: 0 };

export class RouterState implements RouterView {
  readonly workers: number;
  readonly role: RouterRole;
  readonly facts: readonly WorkerFacts[];
  readonly candidates: Int32Array;
  candidateCount: number;
  decisions = 0;
  readonly book: LoadBook;
  readonly outstanding: Int32Array;
  readonly reach: TierReach;
  readonly shared: Int32Array;
  readonly activeReach: Int32Array;
  readonly kvEventAgeUs: number;
  readonly scraped;
  readonly observed: Observed;
  readonly cacheGains: Float64Array;
  readonly scores: Float64Array;
  rule = "";
  explains = false;
  /** Why `choose` found nobody. */
  refusal = REFUSED_NONE;
  readonly index: EventIndex;
  private readonly setup: RouterSetup;
  private readonly router: Router;
  /** Decides what is only asked; it may look at prefixes that the router itself does not. */
  private readonly peeker: Router;
  private readonly beliefs: TtlIndex | undefined;
  private readonly memory: PromptMemory | undefined;
  private readonly sessions: SessionBindings | undefined;
  private readonly health: Uint8Array;
  private downCount = 0;
  /** Undefined: the policy predicts no prefills. */
  private readonly prefillTimes: PrefillTimes | undefined;
  private readonly weights: TierWeights;
  private readonly booking: Booking = {
    inputTokens: 0,
    newTokens: 0,
    expectedOutput: NaN,
    prefillUs: NaN,
    sloClass: 0,
  };

  constructor(router: Router, setup: RouterSetup, peeker: Router = router) {
    const count = setup.facts.length;
    this.router = router;
    this.peeker = peeker;
    this.setup = setup;
    this.workers = count;
    this.role = setup.role;
    this.facts = setup.facts;
    this.candidates = Int32Array.from({ length: count }, (_, worker) => worker);
    this.candidateCount = count;
    this.book = new LoadBook(count, setup.nodes, setup.facts[0]?.blockSize ?? 1, {
      classes: setup.sloClasses ?? 1,
      stride: router.needs?.stride ?? 1,
    });
    this.outstanding = this.book.requests;
    const column = (): Int32Array => new Int32Array(count);
    this.reach = [column(), column(), column()];
    this.shared = column();
    this.activeReach = column();
    this.kvEventAgeUs = setup.kvEvents ? setup.kvEventDelayUs : NaN;
    this.scraped = {
      atUs: new Float64Array(count).fill(NaN),
      running: new Int32Array(count),
      waiting: new Int32Array(count),
      kvBlocksUsed: new Float64Array(count),
    };
    this.observed = new Observed(count);
    this.scores = new Float64Array(count).fill(NaN);
    this.index = new EventIndex(setup.nodes, setup.indexCapBlocks, setup.storeReaders);
    this.beliefs = beliefsOf(router.needs?.prefix === true ? router : peeker, setup);
    const capacity = setup.facts.map(({ blocks }) => blocks);
    this.memory =
      router.needs?.again === true
        ? new PromptMemory(setup.nodes, capacity, setup.kvEvents)
        : undefined;
    this.index.listener = this.memory;
    this.cacheGains = this.memory?.gains ?? new Float64Array(count);
    const sessionTtlUs = setup.sessionTtlUs;
    this.sessions = sessionTtlUs === undefined ? undefined : new SessionBindings(sessionTtlUs);
    this.health = new Uint8Array(count).fill(1);
    if (router.needs?.prefillTimes === true) this.prefillTimes = new PrefillTimes();
    this.weights = tierWeights(router.needs);
  }

  leastOutstanding(): number {
    if (this.candidateCount === this.workers) return this.book.tree.least();
    let best = this.candidates[0]!;
    for (let i = 1; i < this.candidateCount; i++) {
      const worker = this.candidates[i]!;
      if (this.outstanding[worker]! < this.outstanding[best]!) best = worker;
    }
    return best;
  }

  /** What the policy has failed at; undefined: it cannot. */
  get faults(): RouterFaults | undefined {
    return this.router.faults;
  }

  /** Whether `reach` is kept for this policy. */
  get looksAtPrefixes(): boolean {
    return this.router.needs?.prefix === true;
  }

  /** KV events applied from here on are seen at `nowUs`. */
  setClock(nowUs: number): void {
    this.memory?.setClock(nowUs);
  }

  /** Workers that are not known to be down. */
  get upCount(): number {
    return this.workers - this.downCount;
  }

  /** Prompt tokens still to be computed on a worker, worn off with time where the policy predicts prefills. */
  prefillTokensOn(worker: number, nowUs: number): number {
    const { book } = this;
    return this.prefillTimes !== undefined
      ? book.prefillTokensAt(worker, nowUs)
      : book.prefillTokens[worker]!;
  }

  /** Whether the prompt tokens under way on some worker grow fewer with time alone. */
  wearsOff(nowUs: number): boolean {
    return this.prefillTimes !== undefined && this.book.wearsOff(nowUs);
  }

  /** Whether a worker may serve a request, be it overloaded or not. */
  mayServe(worker: number, request: RouterRequest): boolean {
    return this.health[worker] !== 0 && isAskedFor(worker, this.facts[worker]!, request);
  }

  /** Whether any worker may serve a request. */
  mayBeServed(request: RouterRequest): boolean {
    if (!isRestricted(request)) return this.upCount > 0;
    for (let worker = 0; worker < this.workers; worker++) {
      if (this.mayServe(worker, request)) return true;
    }
    return false;
  }

  /** Looks up the overlaps of a request; returns the fewest prompt tokens that a worker which may serve it must compute. */
  lookAhead(request: RouterRequest, nowUs: number): number {
    const { needs } = this.router;
    if (needs !== undefined) this.look(request, nowUs, needs);
    let least = request.inputTokens;
    for (let worker = 0; worker < this.workers; worker++) {
      if (!this.mayServe(worker, request)) continue;
      least = Math.min(least, this.newTokensOn(request, worker));
    }
    return least;
  }

  /**
   * Chooses the worker of a request; NO_WORKER: nobody is eligible, `refusal` says why. Books nothing. With `isRecalled`
   * the overlaps are those in `reach`, from when the request came.
   */
  choose(
    request: RouterRequest,
    nowUs: number,
    random: Stream,
    isRecalled = false,
    router: Router = this.router,
  ): number {
    const found = this.filter(request);
    if (!found) return NO_WORKER;
    if (router.needs !== undefined) this.look(request, nowUs, router.needs, isRecalled);
    if (request.pinned >= 0) {
      this.rule = "pinned";
      return request.pinned;
    }
    const bound = this.sessions?.find(request.session, nowUs) ?? NO_WORKER;
    if (bound !== NO_WORKER && this.isCandidate(bound)) {
      this.rule = "session affinity";
      return bound;
    }
    this.rule = "";
    return router.decide(this, request, nowUs, random);
  }

  /** As `choose`, of a request that may go elsewhere yet. */
  peek(request: RouterRequest, nowUs: number, random: Stream): number {
    return this.choose(request, nowUs, random, false, this.peeker);
  }

  /** Leading prompt tokens that a worker has on the device, as far as the router knows; valid after `peek`. */
  cachedTokensOn(request: RouterRequest, worker: number): number {
    if (this.peeker.needs?.prefix !== true) return 0;
    const cached = this.reach[0][worker]! * this.facts[worker]!.blockSize;
    return Math.min(request.inputTokens, cached);
  }

  /**
   * Books a decision, this router's or a peer's, before the request has reached anybody. `newTokens`: what the worker
   * must compute of the prompt by the decider's estimate (`newTokensOn`).
   */
  commit(request: RouterRequest, worker: number, newTokens: number, nowUs: number): void {
    this.decisions++;
    this.bookOn(request, worker, newTokens, nowUs);
    if (this.memory !== undefined) {
      this.memory.setClock(nowUs);
      const known = this.memory.send(request.prompt, worker) * this.facts[worker]!.blockSize;
      const cached = request.inputTokens - newTokens;
      this.observed.prompted(newTokens, Math.max(0, known - cached));
    }
    if (this.beliefs !== undefined) this.beliefs.insert(request.prompt, worker, nowUs);
    this.sessions?.bind(request.session, worker, nowUs);
  }

  private bookOn(request: RouterRequest, worker: number, newTokens: number, nowUs: number): void {
    const { booking } = this;
    booking.inputTokens = request.inputTokens;
    booking.newTokens = newTokens;
    booking.expectedOutput = request.expectedOutput;
    booking.sloClass = request.sloClass;
    const past = request.inputTokens - newTokens;
    booking.prefillUs = this.prefillTimes?.alone(this.facts[worker]!, newTokens, past) ?? NaN;
    this.book.book(request.booking, worker, booking, this.tracked(request.prompt), nowUs);
  }

  /** Prompt tokens that a worker must compute, as far as the router knows; valid after `choose`. */
  newTokensOn(request: RouterRequest, worker: number): number {
    if (this.router.needs?.prefix !== true) return request.inputTokens;
    const { weights } = this;
    const [device, host, disk] = this.reach;
    const onDevice = device[worker]!;
    const onHost = host[worker]!;
    const blocks =
      onDevice + weights.host * (onHost - onDevice) + weights.disk * (disk[worker]! - onHost);
    const cached = Math.max(0, Math.round(blocks * this.facts[worker]!.blockSize));
    return request.inputTokens - Math.min(request.inputTokens, cached);
  }

  firstToken(booking: number, nowUs: number): void {
    const { book } = this;
    if (!book.isOpen(booking)) return;
    const worker = book.workerOf(booking);
    const ttftUs = nowUs - book.bookedAtUs(booking);
    this.observed.firstToken(worker, ttftUs, nowUs);
    this.router.firstToken?.(book.classOf(booking), ttftUs, book.prefillUsOf(booking));
    book.firstToken(booking, nowUs);
  }

  /** A request has ended, however. `generated`: its tokens; `decodeUs`: since the first. */
  ended(
    request: { readonly booking: number; readonly prompt: PrefixPath; readonly session: number },
    generated: number,
    decodeUs: number,
    nowUs: number,
  ): void {
    const { book } = this;
    const { booking } = request;
    if (!book.isOpen(booking)) return;
    const worker = book.workerOf(booking);
    if (generated > 0) this.observed.end(worker, generated, decodeUs);
    book.release(booking, this.tracked(request.prompt), nowUs);
    this.sessions?.touch(request.session, nowUs);
  }

  /** A booking is given up, its request taken for one whose end was never told. */
  forget({ booking, prompt }: Pick<RouterRequest, "booking" | "prompt">, nowUs: number): void {
    this.book.release(booking, this.tracked(prompt), nowUs);
  }

  /** Whether requests may go to a worker, as fault detection believes. */
  setHealth(worker: number, isUp: boolean): void {
    if ((this.health[worker] === 1) === isUp) return;
    this.health[worker] = isUp ? 1 : 0;
    this.downCount += isUp ? -1 : 1;
    if (isUp) return;
    // What it held is lost, or will be told anew.
    this.index.dropWorker(worker);
    this.beliefs?.dropWorker(worker);
    this.memory?.dropWorker(worker);
    this.sessions?.dropWorker(worker);
  }

  isUp(worker: number): boolean {
    return this.health[worker] === 1;
  }

  /** Fills the candidates; false when there are none. */
  private filter(request: RouterRequest): boolean {
    const { setup, candidates, book } = this;
    const watchesLoad = hasBusyLimits(setup);
    if (this.downCount === 0 && !watchesLoad && !isRestricted(request)) {
      if (this.candidateCount !== this.workers) {
        for (let worker = 0; worker < this.workers; worker++) candidates[worker] = worker;
        this.candidateCount = this.workers;
      }
      return true;
    }
    let count = 0;
    let overloaded = 0;
    for (let worker = 0; worker < this.workers; worker++) {
      if (!this.mayServe(worker, request)) continue;
      if (watchesLoad && isOverloaded(worker, book, setup)) overloaded++;
      else candidates[count++] = worker;
    }
    this.candidateCount = count;
    if (count > 0) return true;
    this.refusal = overloaded > 0 ? REFUSED_OVERLOAD : REFUSED_NONE;
    if (request.pinned >= 0 && overloaded === 0) this.refusal = REFUSED_PIN;
    return false;
  }

  private isCandidate(worker: number): boolean {
    if (this.candidateCount === this.workers) return true;
    for (let i = 0; i < this.candidateCount; i++) if (this.candidates[i] === worker) return true;
    return false;
  }

  /** Brings the columns that depend on the request up to date. */
  private look(
    request: RouterRequest,
    nowUs: number,
    needs: RouterNeeds,
    isRecalled = false,
  ): void {
    if (needs.prefix === true && !isRecalled) {
      const { shared, reach } = this;
      this.index.match(request.prompt, reach, needs.shared);
      if (this.beliefs !== undefined) {
        this.beliefs.match(request.prompt, reach[0], nowUs);
        raiseLowerTiers(reach);
      }
      if (needs.shared === true) this.index.matchShared(request.prompt, reach[0], shared);
    }
    if (needs.active === true) this.book.matchActive(request.prompt, this.activeReach);
    if (needs.atTurn === true && !isRecalled) {
      reachAtTurn(this.reach, this.activeReach, this.book.blocks, this.facts);
    }
  }

  private tracked(prompt: PrefixPath): PrefixPath {
    return this.router.needs?.active === true ? prompt : NO_PROMPT;
  }
}
