/**
 * Bookings that a router process forgets because they are too old: a request that is still active after so long is taken for
 * one whose end was never told. Source: Dynamo's expiry of active sequences (reference page `dynamo-policies.md`, 1.5).
 */

import type { RouterRequest, RouterState } from "../policies/index.ts";

/** Numbers of an entry: time, booking, row, prompt tokens. */
const ENTRY = 4;

export class StaleBookings {
  /** Bookings that were forgotten. */
  count = 0;
  private readonly state: RouterState;
  private readonly afterUs: number;
  private readonly fill: (row: number, booking: number, inputTokens: number) => RouterRequest;
  /** In the order in which the process heard of them. */
  private entries = new Float64Array(ENTRY * 64);
  private head = 0;
  private tail = 0;

  /** @param afterUs age at which a booking is forgotten, µs */
  constructor(state: RouterState, afterUs: number, fill: StaleBookings["fill"]) {
    this.state = state;
    this.afterUs = afterUs;
    this.fill = fill;
  }

  /** The process has booked a request, or heard that a peer did. */
  booked(row: number, booking: number, inputTokens: number, nowUs: number): void {
    if (this.tail === this.entries.length) this.makeRoom();
    this.entries.set([nowUs, booking, row, inputTokens], this.tail);
    this.tail += ENTRY;
  }

  /** When the next one is forgotten, µs. */
  get nextUs(): number {
    while (this.head < this.tail && !this.isOpen()) this.head += ENTRY;
    return this.head < this.tail ? this.entries[this.head]! + this.afterUs : Infinity;
  }

  /** Forgets those that have been too old by `nowUs`, each at its time. */
  expire(nowUs: number): void {
    for (let dueUs = this.nextUs; dueUs <= nowUs; dueUs = this.nextUs) {
      const [, booking, row, inputTokens] = this.entries.subarray(this.head, this.head + ENTRY);
      this.head += ENTRY;
      this.count++;
      this.state.forget(this.fill(row!, booking!, inputTokens!), dueUs);
    }
  }

  /** Whether the first entry's booking is still that of its request. */
  private isOpen(): boolean {
    const { book } = this.state;
    const booking = this.entries[this.head + 1]!;
    return book.isOpen(booking) && book.bookedAtUs(booking) === this.entries[this.head];
  }

  private makeRoom(): void {
    const live = this.entries.subarray(this.head, this.tail);
    const isRoomy = live.length * 2 <= this.entries.length;
    const next = isRoomy ? this.entries : new Float64Array(this.entries.length * 2);
    next.set(live);
    this.tail = live.length;
    this.head = 0;
    this.entries = next;
  }
}
