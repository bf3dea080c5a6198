/**
 * Clients that come again: a request that was turned away for want of capacity is sent again after a back-off that doubles (or as told)
 * and varies at random, and not before `Retry-After`. Its times still count from its first arrival.
 */

import { EventQueue, stream, type Stream } from "../core/index.ts";
import { REJECT_OVERLOADED } from "./admission.ts";
import type { Scenario } from "./scenario.ts";

const US_PER_S = 1e6;

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

  constructor({ clients, seed }: Scenario) {
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

  /** Takes a refused request over; false: its client does not come again. */
  accept(request: SentRequest, code: number, retryAfterUs: number, nowUs: number): boolean {
    const { max, base_s: base, factor, max_s: most, jitter } = this.knobs;
    // What can never run, never will.
    if (code < REJECT_OVERLOADED || request.attempt >= max) return false;
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

  forEach(visit: (request: SentRequest) => void): void {
    for (const request of this.waiting) if (request !== undefined) visit(request);
  }
}
