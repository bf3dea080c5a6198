/** What each fault cost: requests touched, moved and failed, tokens and GPU time lost, and the goodput around it. */

import type { StepShape } from "../../hardware/index.ts";
import type { Pool } from "../pool.ts";
import type { FaultEvent } from "./fault-schema.ts";

const US_PER_S = 1e6;

export type FaultKind = FaultEvent["kind"];

export type Incident = {
  readonly kind: FaultKind;
  readonly atUs: number;
  /** Of what lasts a set time; Infinity: for ever. */
  readonly untilUs: number;
  readonly workers: readonly number[];
  /** Name that the scenario gives of links; `null`: it strikes workers. */
  readonly link: string | null;
  /** Requests that were there, or came before anybody knew; see `FaultSummary`. */
  touched: number;
  moved: number;
  failed: number;
  tokensLost: number;
  /** GPU time of steps that never ended and of tokens that were lost, and of workers that were away, µs. */
  gpuUsLost: number;
  gpuUsDown: number;
};

function lonePrompt(tokens: number): StepShape {
  return {
    prefillRequests: 1,
    prefillTokens: tokens,
    prefillPastTokens: 0,
    prefillPairs: (tokens * tokens) / 2,
    decodeRequests: 0,
    decodeContextTokens: 0,
  };
}

export class FaultLog {
  readonly incidents: Incident[] = [];
  /** Requests that ended, and those of them that completed within the SLO, by the second. */
  readonly endedBySecond: number[] = [];
  readonly goodBySecond: number[] = [];
  private readonly poolOf: readonly Pool[];
  /** Faults that strike what routers know, while they last. */
  private blind: Incident[] = [];
  /** Incident that makes each worker slow, −1: none does. */
  private readonly slowBy: Int32Array;
  /** When each worker went down; NaN: it is up. */
  private readonly downUs: Float64Array;

  constructor(poolOf: readonly Pool[]) {
    this.poolOf = poolOf;
    this.downUs = new Float64Array(poolOf.length).fill(NaN);
    this.slowBy = new Int32Array(poolOf.length).fill(-1);
  }

  /** Opens an incident and returns its number. */
  open(event: FaultEvent, workers: readonly number[], atUs: number, untilUs: number): number {
    this.incidents.push({
      kind: event.kind,
      atUs,
      untilUs,
      workers,
      link: event.link ?? null,
      touched: 0,
      moved: 0,
      failed: 0,
      tokensLost: 0,
      gpuUsLost: 0,
      gpuUsDown: 0,
    });
    return this.incidents.length - 1;
  }

  /** An incident touches every request that is routed while it lasts. */
  watch(incident: number): void {
    this.blind.push(this.incidents[incident]!);
  }

  /** Counts a request that an incident touches, each time it is called. */
  toucher(incident: number): () => void {
    const one = this.incidents[incident]!;
    return () => one.touched++;
  }

  /** A request is about to be routed. */
  routed(nowUs: number): void {
    if (this.blind.length === 0) return;
    this.blind = this.blind.filter(({ untilUs }) => nowUs < untilUs);
    for (const one of this.blind) one.touched++;
  }

  /** A worker is slow from now on: it touches the requests there, and those that are sent there until `isFast`. */
  slowed(incident: number, worker: number, requests: number): void {
    this.slowBy[worker] = incident;
    this.incidents[incident]!.touched += requests;
  }

  isFast(worker: number): void {
    this.slowBy[worker] = -1;
  }

  /** A request, or a prompt, is sent to a worker that is up. */
  sent(worker: number): void {
    const incident = this.slowBy[worker]!;
    if (incident >= 0) this.incidents[incident]!.touched++;
  }

  died(incident: number, worker: number, stepUs: number, nowUs: number): void {
    this.incidents[incident]!.gpuUsLost += stepUs * this.gpusOf(worker);
    this.isFast(worker);
    this.downUs[worker] = nowUs;
  }

  rose(incident: number, worker: number, nowUs: number): void {
    this.incidents[incident]!.gpuUsDown += (nowUs - this.downUs[worker]!) * this.gpusOf(worker);
    this.downUs[worker] = NaN;
  }

  /** The run is over: who is away has been so up to now. */
  close(incidentOf: (worker: number) => number, nowUs: number): void {
    this.downUs.forEach((us, worker) => {
      if (!Number.isNaN(us)) this.rose(incidentOf(worker), worker, nowUs);
    });
  }

  /** A request has lost `tokens` tokens at a worker: they are priced as one prompt that is computed alone, in one step. */
  lost(incident: number, worker: number, tokens: number): void {
    const one = this.incidents[incident]!;
    one.touched++;
    if (tokens === 0) return;
    one.tokensLost += tokens;
    const { model } = this.poolOf[worker]!.engine;
    one.gpuUsLost += model.stepUs(lonePrompt(tokens)) * this.gpusOf(worker);
  }

  moved(incident: number): void {
    this.incidents[incident]!.moved++;
  }

  failed(incident: number): void {
    this.incidents[incident]!.failed++;
  }

  /** A request has ended: completed within the SLO, or otherwise. */
  ended(isGood: boolean, nowUs: number): void {
    const { endedBySecond, goodBySecond } = this;
    const second = Math.floor(nowUs / US_PER_S);
    while (endedBySecond.length <= second) {
      endedBySecond.push(0);
      goodBySecond.push(0);
    }
    endedBySecond[second]!++;
    if (isGood) goodBySecond[second]!++;
  }

  private gpusOf(worker: number): number {
    return this.poolOf[worker]!.engine.gpusPerWorker;
  }
}
