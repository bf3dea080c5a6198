/**
 * The request table: all requests in flight, a fixed number of values each, side by side. A slot is taken at arrival and given
 * back when the request has ended, so memory is bounded by the requests in flight, not by the length of the trace.
 *
 * A slot number is the place of its first value in `data`; `data[slot + AT_INPUT]` reads one. One request is four
 * cache lines this way; as columns it would be two dozen, which is what ten thousand workers would wait for.
 */

import { InvariantError } from "../core/index.ts";

/** What a slot is doing. */
export const SLOT_FREE = 0;
export const SLOT_WAITING = 1;
/** Running, its prompt not computed to the end. */
export const SLOT_PREFILL = 2;
/** Running, generating one token a step. */
export const SLOT_DECODE = 3;
/** Static batching: done, but keeping its place until the whole batch is. */
export const SLOT_DONE = 4;
/** Prefill workers: the prompt is computed, its blocks are held until they have been copied to the decode worker. */
export const SLOT_PARKED = 5;
/** Decode workers: waiting for memory, and with memory, for a prompt that is computed elsewhere. */
export const SLOT_LANDING = 6;
export const SLOT_TAKEN = 7;
/** Decode workers: the prompt has come, the next step with a seat free takes it in. */
export const SLOT_ARRIVED = 9;
/** Decode workers: the prompt will not come; it gives its memory back and queues to be computed there. */
export const SLOT_RETURNING = 12;
/** Its worker has died and nobody has noticed yet. */
export const SLOT_LOST = 13;
/** At the router: it waits for a worker. */
export const SLOT_AT_DESK = 14;
/** At no worker: its prompt is computed under another slot. */
export const SLOT_REMOTE = 8;
/** At its worker, unseen by the scheduler as yet. */
export const SLOT_UNSEEN = 10;
/** Its images wait for an encoder worker, or are in one; and their embeddings are on their way to the worker it is sent to. */
export const SLOT_AT_ENCODER = 15;
export const SLOT_IN_ENCODER = 16;
export const SLOT_FETCHING = 17;
/** Its prefix is on its way from a lower tier or a peer; not in the queue. */
export const SLOT_LOADING = 11;

/** What the slot is doing: one of the SLOT_ codes. */
export const AT_STATE = 0;
/** Row of the trace, or number of the generated request. */
export const AT_ROW = 1;
/** Entry of the per-request results. */
export const AT_RECORD = 2;
export const AT_ARRIVAL_US = 3;
export const AT_ADMITTED_US = 4;
export const AT_FIRST_TOKEN_US = 5;
/** Time of the newest token; kept while the request is preempted. */
export const AT_LAST_TOKEN_US = 6;
/** Prompt tokens; padded length under static batching. */
export const AT_INPUT = 7;
export const AT_OUTPUT = 8;
/** Tokens generated when the request last joined (or rejoined) the decode group. */
export const AT_GENERATED = 9;
/** Tokens with KV, while in prefill. */
export const AT_COMPUTED = 10;
/** Prompt tokens found in the cache at first admission. */
export const AT_CACHED = 11;
/** KV tokens lost by the last preemption, to be computed again or found in the cache. */
export const AT_LOST = 12;
export const AT_PREEMPTIONS = 13;
/** The worker's decode-step counter when the request joined the decode group, and its context in that step. */
export const AT_JOIN_STEP = 14;
export const AT_JOIN_CONTEXT = 15;
/** Order of admission at the worker: the order of the running list. */
export const AT_ORDER = 16;
/** When the request reached its worker, µs, until the scheduler has seen it; shares its place with what only admitted ones have. */
export const AT_QUEUED_US = AT_ORDER;
/** First entry of the prompt's path in the prefix forest, and its length. */
export const AT_PATH_START = 17;
export const AT_PATH_LENGTH = 18;
/** Leading nodes of the path that the request references, and the blocks it shares through them. */
export const AT_HELD_NODES = 19;
export const AT_SHARED_BLOCKS = 20;
/** KV pool entry that keeps the private blocks of a preempted request for its return; −1: none. */
export const AT_PRIVATE_ENTRY = 21;
/** Links of the queue the request is in. */
export const AT_PREVIOUS = 22;
export const AT_NEXT = 23;
/** 1: what lies in lower tiers has been looked for since the request was last queued. */
export const AT_SOUGHT = 24;
/** Blocks that its load brings, or brought. */
export const AT_LOADED = 25;
/** Time that it spent loading before it was first admitted, µs. */
export const AT_ONBOARD_US = 26;
/** When the load before its admission, or what it does again after it, began, µs; NaN: neither is going on. */
export const AT_ASIDE_SINCE_US = 27;
/** Time from prompt computed to all keys and values there, and when they were, µs; NaN: never. */
export const AT_TRANSFER_US = 28;
export const AT_LANDED_US = 29;
/** Time from losing its place or its worker to its next token, before the first token and after it, µs. */
export const AT_REDO_FIRST_US = 30;
export const AT_REDO_US = 31;
/** The next request whose prompt ends with the same step; shares its place with what only decoding requests have. */
export const AT_NEXT_ENDING = AT_JOIN_STEP;

/**
 * Of one that waits at the router or at an encoder: the tokens its client asked for (NaN: it has been at a worker), and how often
 * it was sent before; they share their places with what only decoding requests have.
 */
export const AT_WANTED = AT_JOIN_STEP;
export const AT_ATTEMPT = AT_JOIN_CONTEXT;

/** Values per request; slot numbers are multiples of it. */
export const SLOT_NUMBERS = 32;
const STRIDE = SLOT_NUMBERS;
const FIRST_SLOTS = 256;

/** A request that has just arrived. */
export type NewRequest = {
  row: number;
  record: number;
  arrivalUs: number;
  input: number;
  output: number;
  pathStart: number;
  pathLength: number;
};

export class RequestTable {
  /** Requests in flight. */
  inFlight = 0;
  data = new Float64Array(FIRST_SLOTS * STRIDE);
  private freeHead = -1;
  private used = 0;

  /** Takes a slot for a request that has just arrived. */
  take(request: NewRequest): number {
    this.inFlight++;
    let slot = this.freeHead;
    if (slot >= 0) this.freeHead = this.data[slot + AT_NEXT]!;
    else {
      slot = this.used;
      this.used += STRIDE;
      if (this.used > this.data.length) this.grow();
    }
    const { data } = this;
    data.fill(0, slot, slot + STRIDE);
    data[slot + AT_STATE] = SLOT_WAITING;
    data[slot + AT_ROW] = request.row;
    data[slot + AT_RECORD] = request.record;
    data[slot + AT_ARRIVAL_US] = request.arrivalUs;
    data[slot + AT_ADMITTED_US] = NaN;
    data[slot + AT_FIRST_TOKEN_US] = NaN;
    data[slot + AT_LAST_TOKEN_US] = NaN;
    data[slot + AT_ASIDE_SINCE_US] = NaN;
    data[slot + AT_LANDED_US] = NaN;
    data[slot + AT_INPUT] = request.input;
    data[slot + AT_OUTPUT] = request.output;
    data[slot + AT_PATH_START] = request.pathStart;
    data[slot + AT_PATH_LENGTH] = request.pathLength;
    data[slot + AT_PRIVATE_ENTRY] = -1;
    return slot;
  }

  /** What depends on the engine that the request has come to: its output limit and its prefix path. */
  place(slot: number, request: NewRequest): void {
    const { data } = this;
    data[slot + AT_OUTPUT] = request.output;
    data[slot + AT_PATH_START] = request.pathStart;
    data[slot + AT_PATH_LENGTH] = request.pathLength;
  }

  give(slot: number): void {
    if (this.data[slot + AT_STATE] === SLOT_FREE) {
      throw new InvariantError(`slot ${slot} given back twice`);
    }
    this.data[slot + AT_STATE] = SLOT_FREE;
    this.data[slot + AT_NEXT] = this.freeHead;
    this.freeHead = slot;
    this.inFlight--;
  }

  private grow(): void {
    const grown = new Float64Array(this.data.length * 2);
    grown.set(this.data);
    this.data = grown;
  }
}

/** Tokens whose keys and values the rest of an answer needs: the prompt, and what was generated before a worker was lost. */
export function knownTokens({ data }: RequestTable, slot: number): number {
  return data[slot + AT_INPUT]! + data[slot + AT_GENERATED]!;
}
