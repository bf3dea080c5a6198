/**
 * Our own router: it predicts, for every candidate, when the request would have its first token and what its presence
 * would cost the requests already there, in the same unit, microseconds of request time, and from the same step-time
 * model that the engines are simulated (or calibrated) with.
 *
 * Own cost: the wait behind the prompts under way, the computation of what is not cached there, and the answer at the
 * pace of the batch it joins. Cost to others: every decoding request stands still while this prompt is computed, and
 * every later step of theirs is longer for its context. Cost to those who come later: work is capacity, and what is computed is
 * stored, where it saves computing later and displaces what would have saved it: both by how long each worker keeps a block
 * against how long after one use blocks are used again. What a worker has cached counts as far as it will still be there once those who
 * wait there have been served. Where requests come late because prompts are computed again, work is
 * dearer still: the prompts that no cache has room for then stay together, and the others keep theirs. Where KV memory is short the
 * wait for it is added.
 *
 * A prefix in lower tiers is worth what fetching it saves: the time of the fetch, by the workers' links, stands beside that of computing it.
 *
 * Targets bend this: the expected misses, its own first token and the paces that it spoils for others, weigh several
 * targets' worth of time. The older the KV events, the longer the router believes its own decisions instead.
 */

import type { Stream } from "../../core/index.ts";
import { HEADWORKS_KNOBS, headworksKnobs } from "./headworks-knobs.ts";
import type { HeadworksKnobs } from "./headworks-knobs.ts";
import { oneThatScores } from "./pick.ts";
import type {
  RequestTargets,
  WorkerFacts,
  Router,
  RouterPolicy,
  RouterRequest,
  RouterSetting,
  RouterView,
} from "./router.ts";
import { StepEstimate } from "./step-estimate.ts";

/** Share of the time per token that is always taken to be free for stalls (assumption). */
const LEAST_SLACK = 0.1;
/** What computing costs at least, whatever it saves later, of its own time (assumption: the future is less sure). */
const LEAST_WORK = 0.1;
/** Weight of a new first token in the moving averages (assumption: about the last hundred). */
const SMOOTHING = 0.01;
/** Share of late first tokens at most, for the odds of being late to stay finite (assumption). */
const MOST_LATE = 0.95;

export class HeadworksRouter implements Router {
  readonly needs = {
    prefix: true,
    atTurn: true,
    active: true,
    again: true,
    prefillTimes: true,
    hedged: true,
  };
  private readonly knobs: HeadworksKnobs;
  private readonly setting: RouterSetting;
  /** Weight of computing at this decision: anywhere, and at the worker that is being scored. */
  private pressed = 0;
  private work = 0;
  /** Target of the first token of the request at hand, µs. */
  private targetUs = Infinity;
  /** Of first tokens: how many; share that came late; of those in time: mean target and mean prefill, µs. */
  private firstTokens = 0;
  private lateShare = 0;
  private targetUsMean = 0;
  private prefillUsMean = 0;
  private estimates: readonly StepEstimate[] | undefined;
  /** Of the worker that is being scored, whatever is fetched: step time with the request, what it adds, the wait, a step's tokens. */
  private readonly place = { stepUs: 0, growthUs: 0, waitUs: 0, batchedTokens: 0 };
  /** Tokens of its answer to expect, and those that an answer under way has grown by. */
  private output = 0;
  private grownTokens = 0;
  /** Time of computing at this decision with the last number of cached tokens that was asked for. */
  private ownTokens = -1;
  private ownEstimate: StepEstimate | undefined;
  private ownKnownUs = 0;
  /** Least score of those scored so far: whose cost is known to be higher needs no more of it. */
  private least = Infinity;

  constructor(knobs: HeadworksKnobs, setting: RouterSetting) {
    this.knobs = knobs;
    this.setting = setting;
  }

  decide(view: RouterView, request: RouterRequest, nowUs: number, random: Stream): number {
    const { candidates, candidateCount: count } = view;
    this.estimates ??= estimatesOf(view);
    this.targetUs = this.setting.targets[request.sloClass]!.ttftUs;
    this.pressed = this.knobs.work + this.pressure(view.observed.againShare);
    const { outputMean } = view.observed;
    this.output = Number.isNaN(request.expectedOutput) ? outputMean : request.expectedOutput;
    this.grownTokens = outputMean / 2;
    this.least = Infinity;
    this.ownTokens = -1;
    // Whoever has most of the prompt is likely the best: with its score most others are passed over.
    if (!view.explains) this.least = this.predict(view, request, longestReach(view), nowUs);
    let least = this.least;
    for (let i = 0; i < count; i++) {
      const worker = candidates[i]!;
      const score = this.predict(view, request, worker, nowUs);
      view.scores[worker] = score;
      if (score < least) least = score;
      if (!view.explains) this.least = least;
    }
    view.rule = "least predicted cost";
    // Who is passed over, and how soon, must not change how ties are drawn.
    return oneThatScores(view, least, random);
  }

  firstToken(sloClass: number, ttftUs: number, prefillUs: number): void {
    const targetUs = this.setting.targets[sloClass]!.ttftUs;
    if (targetUs === Infinity || Number.isNaN(prefillUs)) return;
    this.firstTokens++;
    const weight = Math.max(SMOOTHING, 1 / this.firstTokens);
    const isLate = ttftUs > targetUs;
    this.lateShare += weight * ((isLate ? 1 : 0) - this.lateShare);
    if (isLate) return;
    this.targetUsMean += weight * (targetUs - this.targetUsMean);
    this.prefillUsMean += weight * (prefillUs - this.prefillUsMean);
  }

  /**
   * What a microsecond of computing costs beyond `work`: a prefill's time makes room for one first token in time. That counts by
   * the square of the odds of being late times the share of what is computed again (assumption: near nothing while caches suffice or
   * requests are in time, most of the score where neither is so).
   */
  private pressure(againShare: number): number {
    if (this.lateShare === 0 || this.prefillUsMean === 0) return 0;
    const late = Math.min(MOST_LATE, this.lateShare);
    const odds = (againShare * late) / (1 - late);
    const { miss, press } = this.knobs;
    return (press * odds * odds * miss * this.targetUsMean) / this.prefillUsMean;
  }

  /** Weight of computing at a worker where storing a block gains so much. */
  private workAt(cacheGain: number): number {
    return this.pressed * Math.max(LEAST_WORK, 1 - cacheGain);
  }

  /** Time to compute what `cachedTokens` leave of a prompt, µs; most candidates ask for the same. */
  private ownUs(
    estimate: StepEstimate,
    { inputTokens }: RouterRequest,
    cachedTokens: number,
  ): number {
    if (cachedTokens === this.ownTokens && estimate === this.ownEstimate) return this.ownKnownUs;
    const past = Math.min(inputTokens - 1, cachedTokens);
    this.ownTokens = cachedTokens;
    this.ownEstimate = estimate;
    this.ownKnownUs = estimate.prefillUs(inputTokens - past, past);
    return this.ownKnownUs;
  }

  /** Score of a worker; where that is above the least so far, perhaps less, but above the least still. */
  private predict(view: RouterView, request: RouterRequest, worker: number, nowUs: number): number {
    const { book, reach } = view;
    const estimate = this.estimates![worker]!;
    const [device, host, disk] = reach;
    const cached = device[worker]!;
    const requests = book.requests[worker]!;
    const context = book.contextTokens[worker]! + requests * this.grownTokens;
    const stepUs = estimate.decodeUs(requests + 1, context + request.inputTokens);
    this.work = this.workAt(view.cacheGains[worker]!);
    if (disk[worker]! === cached && this.knobs.late >= 1) {
      // Computing, for itself and those who come later, and its answer: most are passed over for that alone.
      const ownUs = this.ownUs(estimate, request, cached * estimate.blockSize);
      const floorUs = ownUs + this.work * ownUs + this.knobs.decode * this.output * stepUs;
      if (floorUs > this.least) return floorUs;
    }
    const facts = view.facts[worker]!;
    const { blockSize, lower } = facts;
    const onHost = host[worker]! - cached;
    const onDisk = disk[worker]! - host[worker]!;
    const { place } = this;
    place.stepUs = stepUs;
    place.growthUs = stepUs - estimate.decodeUs(requests, context);
    place.waitUs =
      book.prefillUsAt(worker, nowUs, estimate.fullStepUs) +
      this.memoryUs(view, request, worker, facts, stepUs);
    place.batchedTokens = facts.maxBatchedTokens;
    if (lower === undefined) {
      // A block of a lower tier is worth what loading it saves of computing it (assumption: three quarters, one quarter).
      const worth = cached + 0.75 * onHost + 0.25 * onDisk;
      return this.cost(view, request, worker, worth * blockSize, 0);
    }
    // What lies below is fetched where that is predicted to pay, as the worker itself will choose.
    let best = this.cost(view, request, worker, cached * blockSize, 0);
    let fetchUs = 0;
    if (onHost > 0) {
      fetchUs = lower.host.firstUs + onHost * lower.host.blockUs;
      best = Math.min(best, this.cost(view, request, worker, host[worker]! * blockSize, fetchUs));
    }
    if (onDisk > 0) {
      // Both come at once, over different media.
      fetchUs = Math.max(fetchUs, lower.disk.firstUs + onDisk * lower.disk.blockUs);
      best = Math.min(best, this.cost(view, request, worker, disk[worker]! * blockSize, fetchUs));
    }
    return best;
  }

  /**
   * Cost of a request at a worker that has `cachedTokens` of its prompt after `fetchUs` of fetching, µs; a part of it, where
   * that alone is above the least of others.
   */
  private cost(
    view: RouterView,
    request: RouterRequest,
    worker: number,
    cachedTokens: number,
    fetchUs: number,
  ): number {
    const { knobs, place } = this;
    const { stepUs, growthUs, waitUs, batchedTokens } = place;
    const { output } = this;
    const { book } = view;
    const fresh = Math.max(1, request.inputTokens - cachedTokens);
    const ownUs = this.ownUs(this.estimates![worker]!, request, cachedTokens);
    const requests = book.requests[worker]!;
    const decoding = requests - book.prefillRequests[worker]!;
    const steps = 1 + Math.floor((book.prefillTokens[worker]! + fresh) / batchedTokens);
    // Steps that mix prompts with decodes take the time of both; the step in progress is half done.
    const mixedUs = decoding > 0 ? (steps - 0.5) * stepUs : 0;
    const ttftUs = waitUs + fetchUs + ownUs + mixedUs;
    const stallUs = requests * ownUs;
    const slowUs = requests * output * growthUs;
    const behindUs = ttftUs > this.targetUs ? ttftUs - this.targetUs : 0;
    const plainUs =
      ttftUs +
      (knobs.late - 1) * behindUs +
      this.work * ownUs +
      knobs.decode * output * stepUs +
      knobs.harm * (stallUs + slowUs);
    if (plainUs > this.least) return plainUs;
    const wornUs = plainUs + knobs.wear * this.worn(view, worker, stepUs) * stallUs;
    if (wornUs > this.least) return wornUs;
    return wornUs + this.missUs(view, request, worker, ttftUs, ownUs, stepUs);
  }

  /**
   * Share of the stalls that the targets of the time per token leave room for which the requests of a worker have had, at
   * most 1, over all of them. While a request is decoded, about as many prompts are computed there as it has companions, so that their
   * prefills are what it stands still for.
   */
  private worn(view: RouterView, worker: number, stepUs: number): number {
    const { targets } = this.setting;
    if (targets.length === 1) return wornOf(view, targets[0]!.tpotUs, worker, stepUs);
    const all = view.book.requests[worker]!;
    let worn = 0;
    for (let of = 0; of < targets.length; of++) {
      const count = view.book.requestsOf[of]![worker]!;
      if (count > 0) worn += (count / all) * wornOf(view, targets[of]!.tpotUs, worker, stepUs);
    }
    return worn;
  }

  /** Expected misses of targets by this request and, because of it, by those already there, each of its own; in µs. */
  private missUs(
    view: RouterView,
    request: RouterRequest,
    worker: number,
    ttftUs: number,
    ownUs: number,
    stepUs: number,
  ): number {
    const { targets } = this.setting;
    const { requests, requestsOf } = view.book;
    if (targets.length === 1) {
      return this.missUsOf(view, targets[0]!, requests[worker]!, ttftUs, ownUs, stepUs);
    }
    let lostUs = 0;
    for (let of = 0; of < targets.length; of++) {
      const firstUs = of === request.sloClass ? ttftUs : 0;
      const others = requestsOf[of]![worker]!;
      if (firstUs === 0 && others === 0) continue;
      lostUs += this.missUsOf(view, targets[of]!, others, firstUs, ownUs, stepUs);
    }
    return lostUs;
  }

  /** The same of one class, `others` of which are there; `ttftUs`: of this request, 0: it is of another class. */
  private missUsOf(
    { observed }: RouterView,
    { ttftUs: firstUs, tpotUs: tokenUs }: RequestTargets,
    others: number,
    ttftUs: number,
    ownUs: number,
    stepUs: number,
  ): number {
    const { miss, margin } = this.knobs;
    let misses = 0;
    let unitUs = 0;
    if (firstUs < Infinity) {
      // The prediction errs: the miss sets in gradually around the target.
      const over = (ttftUs - (1 - margin) * firstUs) / (2 * margin * firstUs + 1);
      misses += Math.min(1, Math.max(0, over));
      unitUs = firstUs;
    }
    if (tokenUs < Infinity) {
      const slackUs = Math.max(LEAST_SLACK * tokenUs, tokenUs - stepUs);
      misses += others * observed.shareShorter(ownUs / slackUs);
      if (unitUs === 0) unitUs = tokenUs * observed.outputMean;
    }
    return miss * misses * unitUs;
  }

  /** Expected wait for KV blocks or a place in the batch, µs: others must end first. */
  private memoryUs(
    view: RouterView,
    request: RouterRequest,
    worker: number,
    facts: WorkerFacts,
    stepUs: number,
  ): number {
    const { book, observed } = view;
    const requests = book.requests[worker]!;
    if (requests === 0) return 0;
    const outputBlocks = (requests * observed.outputMean) / 2 / facts.blockSize;
    const held = book.blocks[worker]! + outputBlocks;
    const need = request.blocks - view.activeReach[worker]!;
    const excess = Math.max(0, held + need - facts.blocks);
    const crowd = Math.max(0, requests + 1 - facts.maxRequests);
    if (excess === 0 && crowd === 0) return 0;
    // Those who are in end within a mean answer's time, each giving back an equal share; those behind them come in and do the same.
    const ofBlocks = excess === 0 ? 0 : excess / Math.min(held, facts.blocks);
    const ofPlaces = crowd === 0 ? 0 : crowd / Math.min(requests, facts.maxRequests);
    return Math.max(ofBlocks, ofPlaces) * observed.outputMean * stepUs;
  }
}

/** Of requests that are all promised `tpotUs`. */
function wornOf(view: RouterView, tpotUs: number, worker: number, stepUs: number): number {
  if (tpotUs === Infinity) return 0;
  const roomUs = Math.max(LEAST_SLACK * tpotUs, tpotUs - stepUs) * view.observed.outputMean;
  return Math.min(1, view.book.activePrefillUs[worker]! / roomUs);
}

/** One estimate for all workers of a kind. */
function estimatesOf(view: RouterView): readonly StepEstimate[] {
  const known: StepEstimate[] = [];
  return view.facts.map((facts) => {
    let estimate = known.find((one) => one.holdsFor(facts));
    if (estimate === undefined) known.push((estimate = new StepEstimate(facts)));
    return estimate;
  });
}

/** The candidate that has most of the prompt on its device, the first of several. */
function longestReach({ candidates, candidateCount: count, reach }: RouterView): number {
  const [device] = reach;
  let longest = candidates[0]!;
  let most = device[longest]!;
  for (let i = 1; i < count; i++) {
    const worker = candidates[i]!;
    if (device[worker]! > most) {
      longest = worker;
      most = device[worker]!;
    }
  }
  return longest;
}

export const headworksRouter: RouterPolicy = {
  meta: {
    name: "headworks",
    title: "Headworks",
    source: "own: predicted time to first token and harm to others from the step-time model",
    wins: "prefixes, sizes and batches differ, targets are set, load is near the knee",
    loses: "step times are unknown or wrong; equal short requests, where counting is as good",
    knobs: HEADWORKS_KNOBS,
  },
  create: (knobs, setting) => new HeadworksRouter(headworksKnobs(knobs), setting),
};
