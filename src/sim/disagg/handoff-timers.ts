/** Messages between the two workers of a hand-off, and how long a prompt is held: one message and one limit a slot. */

import { EventQueue } from "../../core/index.ts";
import { SLOT_NUMBERS } from "../request-table.ts";

/** The decode worker is asked; the prompt may be queued; there was nothing to move. */
export const MSG_ASK = 0;
export const MSG_PREFILL = 1;
export const MSG_LANDED = 2;
/** The prefill worker will hold the blocks no longer. */
export const MSG_TIMEOUT = 3;
/** The prefill worker has died, and somebody has noticed. */
export const MSG_SOURCE_LOST = 4;
/** Timers of a slot: its message, its timeout. */
const TIMERS = 2;

export class HandoffTimers {
  private readonly queue = new EventQueue();

  /** Time of the next one, µs, and what it is. */
  get timeUs(): number {
    return this.queue.timeUs;
  }
  get kind(): number {
    return this.queue.kind;
  }

  /** Takes the next one; returns its slot. */
  take(): number {
    return Math.floor(this.queue.pop() / TIMERS) * SLOT_NUMBERS;
  }

  /** A message about a slot arrives at `timeUs`. */
  send(slot: number, message: number, timeUs: number): void {
    this.queue.schedule((slot / SLOT_NUMBERS) * TIMERS, timeUs, message);
  }

  /** A prompt is held until `timeUs` at most. */
  expire(slot: number, timeUs: number): void {
    this.queue.schedule((slot / SLOT_NUMBERS) * TIMERS + 1, timeUs, MSG_TIMEOUT);
  }

  /** Forgets the message and the limit of a slot. */
  cancel(slot: number): void {
    const timers = (slot / SLOT_NUMBERS) * TIMERS;
    this.queue.cancel(timers);
    this.queue.cancel(timers + 1);
  }
}
