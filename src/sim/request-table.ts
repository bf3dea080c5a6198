/**
 * The request table: all requests in flight, as columns indexed by slot. A slot is taken at arrival and given back
 * when the request has ended, so memory is bounded by the requests in flight, not by the length of the trace.
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

const FIRST_CAPACITY = 256;

export class RequestTable {
  /** Requests in flight. */
  inFlight = 0;
  inFlightPeak = 0;
  state = new Uint8Array(FIRST_CAPACITY);
  /** Row of the trace, or number of the generated request. */
  row = new Float64Array(FIRST_CAPACITY);
  /** Entry of the per-request results. */
  record = new Float64Array(FIRST_CAPACITY);
  arrivalUs = new Float64Array(FIRST_CAPACITY);
  admittedUs = new Float64Array(FIRST_CAPACITY);
  firstTokenUs = new Float64Array(FIRST_CAPACITY);
  /** Time of the newest token; kept while the request is preempted. */
  lastTokenUs = new Float64Array(FIRST_CAPACITY);
  /** Prompt tokens; padded length under static batching. */
  input = new Int32Array(FIRST_CAPACITY);
  output = new Int32Array(FIRST_CAPACITY);
  /** Tokens generated when the request last started (or joined) decoding. */
  generated = new Int32Array(FIRST_CAPACITY);
  /** Tokens with KV, while in prefill. */
  computed = new Int32Array(FIRST_CAPACITY);
  /** Prompt tokens found in the cache at first admission. */
  cached = new Int32Array(FIRST_CAPACITY);
  /** KV tokens lost by the last preemption, to be computed again or found in the cache. */
  lost = new Int32Array(FIRST_CAPACITY);
  preemptions = new Int32Array(FIRST_CAPACITY);
  /** The worker's decode-step counter when the request joined the decode group, and its context in that step. */
  joinStep = new Float64Array(FIRST_CAPACITY);
  joinContext = new Int32Array(FIRST_CAPACITY);
  /** Order of admission at the worker: the order of the running list. */
  order = new Float64Array(FIRST_CAPACITY);
  /** First entry of the prompt's path in the prefix forest, and its length. */
  pathStart = new Int32Array(FIRST_CAPACITY);
  pathLength = new Int32Array(FIRST_CAPACITY);
  /** Leading nodes of the path that the request holds a reference to, and the blocks it shares through them. */
  heldNodes = new Int32Array(FIRST_CAPACITY);
  sharedBlocks = new Int32Array(FIRST_CAPACITY);
  /** KV pool entry that keeps the private blocks of a preempted request for its return; −1: none. */
  privateEntry = new Int32Array(FIRST_CAPACITY);
  worker = new Int32Array(FIRST_CAPACITY);
  /** Links of the queue the request is in. */
  previous = new Int32Array(FIRST_CAPACITY);
  next = new Int32Array(FIRST_CAPACITY);
  private freeHead = -1;
  private used = 0;

  /** Takes a slot; its columns hold stale values that the caller overwrites. */
  take(): number {
    this.inFlight++;
    if (this.inFlight > this.inFlightPeak) this.inFlightPeak = this.inFlight;
    const slot = this.freeHead;
    if (slot >= 0) {
      this.freeHead = this.next[slot]!;
      return slot;
    }
    if (this.used === this.state.length) this.grow();
    return this.used++;
  }

  /** Fills a slot for a request that has just arrived. */
  open(
    slot: number,
    row: number,
    record: number,
    arrivalUs: number,
    input: number,
    output: number,
  ): void {
    this.state[slot] = SLOT_WAITING;
    this.row[slot] = row;
    this.record[slot] = record;
    this.arrivalUs[slot] = arrivalUs;
    this.admittedUs[slot] = NaN;
    this.firstTokenUs[slot] = NaN;
    this.lastTokenUs[slot] = NaN;
    this.input[slot] = input;
    this.output[slot] = output;
    this.generated[slot] = 0;
    this.computed[slot] = 0;
    this.cached[slot] = 0;
    this.lost[slot] = 0;
    this.preemptions[slot] = 0;
    this.pathStart[slot] = 0;
    this.pathLength[slot] = 0;
    this.heldNodes[slot] = 0;
    this.sharedBlocks[slot] = 0;
    this.privateEntry[slot] = -1;
    this.worker[slot] = -1;
  }

  setPath(slot: number, start: number, end: number): void {
    this.pathStart[slot] = start;
    this.pathLength[slot] = end - start;
  }

  give(slot: number): void {
    if (this.state[slot] === SLOT_FREE) throw new InvariantError(`slot ${slot} given back twice`);
    this.state[slot] = SLOT_FREE;
    this.next[slot] = this.freeHead;
    this.freeHead = slot;
    this.inFlight--;
  }

  private grow(): void {
    const capacity = this.state.length * 2;
    const f64 = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(capacity);
      to.set(from);
      return to;
    };
    const i32 = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(capacity);
      to.set(from);
      return to;
    };
    const state = new Uint8Array(capacity);
    state.set(this.state);
    this.state = state;
    this.row = f64(this.row);
    this.record = f64(this.record);
    this.arrivalUs = f64(this.arrivalUs);
    this.admittedUs = f64(this.admittedUs);
    this.firstTokenUs = f64(this.firstTokenUs);
    this.lastTokenUs = f64(this.lastTokenUs);
    this.joinStep = f64(this.joinStep);
    this.order = f64(this.order);
    this.input = i32(this.input);
    this.output = i32(this.output);
    this.generated = i32(this.generated);
    this.computed = i32(this.computed);
    this.cached = i32(this.cached);
    this.lost = i32(this.lost);
    this.preemptions = i32(this.preemptions);
    this.joinContext = i32(this.joinContext);
    this.pathStart = i32(this.pathStart);
    this.pathLength = i32(this.pathLength);
    this.heldNodes = i32(this.heldNodes);
    this.sharedBlocks = i32(this.sharedBlocks);
    this.privateEntry = i32(this.privateEntry);
    this.worker = i32(this.worker);
    this.previous = i32(this.previous);
    this.next = i32(this.next);
  }
}
