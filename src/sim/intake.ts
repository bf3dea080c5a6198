/** The request that is arriving, and whether workers of a pool would take it. */

import { outputWithin, rejectCode } from "./admission.ts";
import type { Pool } from "./pool.ts";
import type { WorkerKnobs } from "./worker-knobs.ts";
import {
  AT_ARRIVAL_US,
  AT_GENERATED,
  AT_INPUT,
  AT_OUTPUT,
  AT_PATH_LENGTH,
  AT_PATH_START,
  AT_RECORD,
  AT_ROW,
  knownTokens,
  type NewRequest,
  type RequestTable,
} from "./request-table.ts";
import type { SentRequest } from "./retries.ts";
import type { Traffic } from "./traffic.ts";

/** Whether a worker could compute what is known of a request, prompt and generated tokens, and the rest of its answer. */
export function takes(knobs: WorkerKnobs, slot: number, { data }: RequestTable): boolean {
  const generated = data[slot + AT_GENERATED]!;
  const known = data[slot + AT_INPUT]! + generated;
  return rejectCode(knobs, known, data[slot + AT_OUTPUT]! - generated) < 0;
}

export class Intake {
  /** The request, filled anew for each arrival. */
  readonly request: NewRequest = {
    row: 0,
    record: 0,
    arrivalUs: NaN,
    input: 0,
    output: 0,
    pathStart: 0,
    pathLength: 0,
  };
  private readonly draft: NewRequest = { ...this.request };
  /** Tokens the client asked for, and how often it has sent the request before. */
  wanted = 0;
  attempt = 0;
  private readonly traffic: Traffic;

  constructor(traffic: Traffic) {
    this.traffic = traffic;
  }

  /** Takes the request that is due. */
  take(nowUs: number): void {
    const { request, traffic } = this;
    traffic.take();
    request.row = traffic.row;
    request.record = traffic.offered - 1;
    request.arrivalUs = nowUs;
    request.input = traffic.input;
    request.output = traffic.output;
    this.wanted = traffic.output;
    this.attempt = 0;
  }

  /** Takes a request that is sent again. */
  takeAgain(sent: SentRequest): void {
    this.requestOf(sent);
    this.wanted = sent.wanted;
    this.attempt = sent.attempt;
  }

  /** The request as it was sent, in the place of the one that arrives. */
  requestOf(sent: SentRequest): NewRequest {
    const { request } = this;
    request.row = sent.row;
    request.record = sent.record;
    request.arrivalUs = sent.firstUs;
    request.input = sent.input;
    request.output = sent.wanted;
    return request;
  }

  /** The request as its client sent it. */
  get sent(): SentRequest {
    const { row, record, arrivalUs: firstUs, input } = this.request;
    return { row, record, firstUs, input, wanted: this.wanted, attempt: this.attempt };
  }

  /** Completes the request as workers of `pool` would take it; the code of a reject reason, −1: they would. */
  under({ engine, forest }: Pool): number {
    const { request } = this;
    request.output = outputWithin(engine.knobs, request.input, this.wanted);
    const { pathStart } = forest;
    const isKnown = request.row + 1 < pathStart.length;
    request.pathStart = isKnown ? pathStart[request.row]! : 0;
    request.pathLength = isKnown ? pathStart[request.row + 1]! - request.pathStart : 0;
    return rejectCode(engine.knobs, request.input, request.output);
  }

  /** Lays a request that has been elsewhere out for workers of `pool`; false: they could not hold it. */
  move(slot: number, { engine, forest }: Pool, table: RequestTable): boolean {
    const { data } = table;
    const row = data[slot + AT_ROW]!;
    const { pathStart } = forest;
    const isKnown = row + 1 < pathStart.length;
    data[slot + AT_PATH_START] = isKnown ? pathStart[row]! : 0;
    data[slot + AT_PATH_LENGTH] = isKnown ? pathStart[row + 1]! - pathStart[row]! : 0;
    return takes(engine.knobs, slot, table);
  }

  /** As `under`, of all `pools`: those that compute the prompt, then those that answer. */
  underAll(pools: readonly Pool[]): number {
    for (const pool of pools) {
      if (pool.role === "decode") continue;
      const code = rejectCode(pool.engine.knobs, this.request.input, 0);
      if (code >= 0) return code;
    }
    for (const pool of pools) {
      if (pool.role === "prefill") continue;
      const code = this.under(pool);
      if (code >= 0) return code;
    }
    return -1;
  }

  /**
   * The prompt of a request as one of its own, its prefix path among the blocks of the prefill workers. Undefined: it is too
   * long for some of them, which a request can grow to that has lost its decode worker.
   */
  prompt(pools: readonly Pool[], slot: number, table: RequestTable): NewRequest | undefined {
    const { draft } = this;
    const { data } = table;
    draft.input = knownTokens(table, slot);
    for (const { role, engine } of pools) {
      if (role === "prefill" && rejectCode(engine.knobs, draft.input, 0) >= 0) return undefined;
    }
    draft.row = data[slot + AT_ROW]!;
    draft.record = data[slot + AT_RECORD]!;
    draft.arrivalUs = data[slot + AT_ARRIVAL_US]!;
    draft.output = 0;
    const { pathStart } = pools.find(({ role }) => role === "prefill")!.forest;
    const isKnown = draft.row + 1 < pathStart.length;
    draft.pathStart = isKnown ? pathStart[draft.row]! : 0;
    draft.pathLength = isKnown ? pathStart[draft.row + 1]! - draft.pathStart : 0;
    return draft;
  }

  /** As `under`, of the first of `pools` that would take it; the last one's code when none would. */
  underAny(pools: readonly Pool[]): number {
    let code = -1;
    for (const pool of pools) {
      code = this.under(pool);
      if (code < 0) return code;
    }
    return code;
  }
}
