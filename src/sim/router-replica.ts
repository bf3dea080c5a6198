/** A router process in the simulation: its state, its place in the KV event log, and what its peers have told it. */

import type { RouterQueue, RouterRequest, RouterState } from "../policies/index.ts";
import type { KvEventReader } from "./kv-event-log.ts";
import { StaleBookings } from "./stale-bookings.ts";

const BOOKED = 0;
const FIRST_TOKEN = 1;
const ENDED = 2;
/** Numbers of a peer's message: kind, time, row, booking, prompt tokens, worker or generated tokens, new tokens or decode time. */
const MESSAGE = 7;

/** Fills in what follows from a request's row. */
export type RequestFiller = (row: number, booking: number, inputTokens: number) => RouterRequest;

export class RouterReplica {
  readonly state: RouterState;
  /** Requests that wait for workers; undefined: nobody does. */
  readonly queue: RouterQueue | undefined;
  /** Forgets bookings that are too old; undefined: none ever is. */
  readonly stale: StaleBookings | undefined;
  private readonly reader: KvEventReader | undefined;
  private readonly syncDelayUs: number;
  private readonly fill: RequestFiller;
  private inbox: Float64Array | undefined;
  private head = 0;
  private tail = 0;

  /**
   * @param syncDelayUs age of what peers tell, µs
   * @param staleAfterUs age at which a booking is forgotten, µs
   */
  constructor(
    state: RouterState,
    reader: KvEventReader | undefined,
    syncDelayUs: number,
    fill: RequestFiller,
    queue: RouterQueue | undefined,
    staleAfterUs = Infinity,
  ) {
    this.state = state;
    this.queue = queue;
    this.reader = reader;
    this.syncDelayUs = syncDelayUs;
    this.fill = fill;
    if (staleAfterUs < Infinity) this.stale = new StaleBookings(state, staleAfterUs, fill);
  }

  /** When what a peer has told arrives next, µs. */
  get nextUs(): number {
    return this.head < this.tail ? this.inbox![this.head + 1]! + this.syncDelayUs : Infinity;
  }

  /** Brings the state to what this process may know at `nowUs`. */
  catchUp(nowUs: number): void {
    this.state.setClock(nowUs);
    this.reader?.applyUntil(nowUs);
    this.hearPeers(nowUs);
    this.stale?.expire(nowUs);
  }

  private hearPeers(nowUs: number): void {
    const { inbox } = this;
    if (inbox === undefined) return;
    const untilUs = nowUs - this.syncDelayUs;
    while (this.head < this.tail && inbox[this.head + 1]! <= untilUs) this.apply(inbox);
  }

  /** This process, not a peer, has booked a request. */
  booked({ row, booking, inputTokens }: RouterRequest, nowUs: number): void {
    this.stale?.booked(row, booking, inputTokens, nowUs);
  }

  /** A peer has booked a request. */
  hearBooked(request: RouterRequest, worker: number, newTokens: number, nowUs: number): void {
    const { row, booking, inputTokens } = request;
    this.push([BOOKED, nowUs, row, booking, inputTokens, worker, newTokens]);
  }
  hearFirstToken(booking: number, nowUs: number): void {
    this.push([FIRST_TOKEN, nowUs, 0, booking, 0, 0, 0]);
  }
  hearEnded(request: RouterRequest, generated: number, decodeUs: number, nowUs: number): void {
    const { row, booking, inputTokens } = request;
    this.push([ENDED, nowUs, row, booking, inputTokens, generated, decodeUs]);
  }

  private apply(inbox: Float64Array): void {
    const { state, head } = this;
    this.head += MESSAGE;
    const kind = inbox[head]!;
    const timeUs = inbox[head + 1]!;
    const row = inbox[head + 2]!;
    const booking = inbox[head + 3]!;
    this.stale?.expire(timeUs);
    if (kind === FIRST_TOKEN) {
      state.firstToken(booking, timeUs);
      return;
    }
    const request = this.fill(row, booking, inbox[head + 4]!);
    if (kind === BOOKED) {
      state.commit(request, inbox[head + 5]!, inbox[head + 6]!, timeUs);
      this.booked(request, timeUs);
    } else state.ended(request, inbox[head + 5]!, inbox[head + 6]!, timeUs);
  }

  private push(message: readonly number[]): void {
    let inbox = (this.inbox ??= new Float64Array(MESSAGE * 64));
    if (this.tail === inbox.length) {
      const live = inbox.subarray(this.head, this.tail);
      const next = live.length * 2 <= inbox.length ? inbox : new Float64Array(inbox.length * 2);
      next.set(live);
      this.tail = live.length;
      this.head = 0;
      this.inbox = inbox = next;
    }
    inbox.set(message, this.tail);
    this.tail += MESSAGE;
  }
}
