/** What a hand-off knows of each request, beside the request table: by the same slots. */

import {
  SLOT_ARRIVED,
  SLOT_LANDING,
  SLOT_NUMBERS,
  SLOT_REMOTE,
  SLOT_RETURNING,
  SLOT_TAKEN,
} from "../request-table.ts";

/** The other slot of the pair, −1: none: the request's own for a prompt's, the prompt's for a request's. */
export const LEG_PEER = 0;
/** Workers of the prompt and of the answer, −1: none yet. */
export const LEG_SOURCE = 1;
export const LEG_TARGET = 2;
/** The transfer in progress, −1: none. */
export const LEG_TRANSFER = 3;
/** Blocks that the target has not cached, −1: it has no memory for the request yet. */
export const LEG_MISSING = 4;
/** When the prompt was computed, the target had memory, and all was there, µs; NaN: not yet. */
export const LEG_PREFILLED_US = 5;
export const LEG_RESERVED_US = 6;
export const LEG_LANDED_US = 7;
/** Time to convert what is moved, µs. */
export const LEG_CONVERT_US = 8;
/** When the forward pass in progress ends that computes the rest of the prompt, µs; NaN: none does. */
export const LEG_ENDS_US = 9;
/** Numbers of a slot. */
export const LEG_NUMBERS = 10;

export class LegTable {
  data = new Float64Array(256 * LEG_NUMBERS);

  /** Place of a slot's numbers. */
  at(slot: number): number {
    return (slot / SLOT_NUMBERS) * LEG_NUMBERS;
  }

  /** Forgets what was known of a slot; returns the place of its numbers. */
  clear(slot: number): number {
    const at = this.at(slot);
    if (at >= this.data.length) this.grow(at);
    this.data.fill(-1, at, at + LEG_PREFILLED_US);
    this.data.fill(NaN, at + LEG_PREFILLED_US, at + LEG_NUMBERS);
    return at;
  }

  private grow(at: number): void {
    const grown = new Float64Array(2 * at);
    grown.set(this.data);
    this.data = grown;
  }
}

/** Whether a slot in this state is between its workers: neither computed nor decoded as others are. */
export function isOnItsWay(state: number): boolean {
  return (
    state === SLOT_REMOTE ||
    state === SLOT_LANDING ||
    state === SLOT_TAKEN ||
    state === SLOT_ARRIVED ||
    state === SLOT_RETURNING
  );
}
