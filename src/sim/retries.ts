/**
 * Clients that come again: a request that was turned away for want of capacity, or failed under way, is sent again after a back-off that
 * doubles (or as told) and varies at random, and not before `Retry-After`. Its times still count from its first arrival; the answer begins
 * anew, as a stream that broke off cannot be resumed.
 */

import { EventQueue, stream, type Stream } from "../core/index.ts";
import { REJECT_OVERLOADED } from "./admission.ts";
import { REQUEST_CANCELLED } from "./report.ts";
import { AT_ARRIVAL_US, AT_INPUT, AT_RECORD, AT_ROW, SLOT_NUMBERS } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import type { Scenario } from "./scenario.ts";

const US_PER_S = 1e6;
/** Not refused, but failed under way. */
const FAILED = -1;

/** A request as its client sends it. */
export type SentRequest = {
  readonly row: number;
  readonly record: number;
  readonly firstUs: number;
  readonly input: number;
  /** Tokens asked for, before any engine's limit. */
  readonly wanted: number;
  readonly attempt: number;
};

export class Retries {
  /** Requests sent again. */
  count = 0;
  private readonly knobs: Scenario["clients"]["retry"];
  private readonly patienceUs: number;
  private readonly random: Stream;
  private readonly queue = new EventQueue();
  private readonly waiting: (SentRequest | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly table: RequestTable;
  /** By slot: how often its client has sent the request before, and the tokens it asks for. */
  private attempts = new Uint16Array(256);
  private wanted = new Float64Array(256);

  constructor({ clients, seed }: Scenario, table: RequestTable) {
    this.table = table;
    this.knobs = clients.retry;
    const patience = Math.min(clients.timeout_s ?? Infinity, clients.ttft_timeout_s ?? Infinity);
    this.patienceUs = patience * US_PER_S;
    this.random = stream(seed, "clients/retries");
  }

  /** When the next request comes again, µs. */
  get nextUs(): number {
    return this.queue.timeUs;
  }

  /** Requests that wait to be sent again. */
  get size(): number {
    return this.queue.size;
  }

  /** A request has been let in. */
  entered(slot: number, { attempt, wanted }: Pick<SentRequest, "attempt" | "wanted">): void {
    const place = slot / SLOT_NUMBERS;
    if (place >= this.attempts.length) this.grow(place);
    this.attempts[place] = attempt;
    this.wanted[place] = wanted;
  }

  /** Takes a request over that ended under way with a status, `code` as in `accept`; false: its client does not come again. */
  acceptAt(slot: number, status: number, code: number, nowUs: number): boolean {
    if (status === REQUEST_CANCELLED) return false;
    const { data } = this.table;
    const place = slot / SLOT_NUMBERS;
    const request = {
      row: data[slot + AT_ROW]!,
      record: data[slot + AT_RECORD]!,
      firstUs: data[slot + AT_ARRIVAL_US]!,
      input: data[slot + AT_INPUT]!,
      wanted: this.wanted[place]!,
      attempt: this.attempts[place]!,
    };
    return this.accept(request, code, 0, nowUs);
  }

  /** Takes a request over that was refused for the reason `code`, −1: it failed; false: its client does not come again. */
  accept(request: SentRequest, code: number, retryAfterUs: number, nowUs: number): boolean {
    const { max, base_s: base, factor, max_s: most, jitter } = this.knobs;
    // What can never run, never will.
    if ((code < REJECT_OVERLOADED && code !== FAILED) || request.attempt >= max) return false;
    let waitS = base;
    for (let i = 0; i < request.attempt && waitS < most; i++) waitS *= factor;
    const spread = 1 - jitter * this.random.next();
    const backOffUs = Math.max(1, Math.round(Math.min(most, waitS) * spread * US_PER_S));
    const timeUs = nowUs + Math.max(backOffUs, retryAfterUs);
    if (timeUs - request.firstUs >= this.patienceUs) return false;
    const place = this.free.pop() ?? this.waiting.length;
    this.waiting[place] = { ...request, attempt: request.attempt + 1 };
    this.queue.schedule(place, timeUs, 0);
    return true;
  }

  /** The request that comes again now. */
  take(): SentRequest {
    this.count++;
    const place = this.queue.pop();
    this.free.push(place);
    const request = this.waiting[place]!;
    this.waiting[place] = undefined;
    return request;
  }

  private grow(place: number): void {
    const attempts = new Uint16Array(2 * place);
    attempts.set(this.attempts);
    this.attempts = attempts;
    const wanted = new Float64Array(2 * place);
    wanted.set(this.wanted);
    this.wanted = wanted;
  }

  forEach(visit: (request: SentRequest) => void): void {
    for (const request of this.waiting) if (request !== undefined) visit(request);
  }
}
