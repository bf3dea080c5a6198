/**
 * What a request spends beside queueing, prefill and decode: loading its prefix, handing its prompt over, doing again what
 * it lost. Kept in its slot as it happens; where none of it happens, nothing is done but looking once when its prompt ends.
 */

import {
  AT_ADMITTED_US,
  AT_ARRIVAL_US,
  AT_ASIDE_SINCE_US,
  AT_CACHED,
  AT_FIRST_TOKEN_US,
  AT_LANDED_US,
  AT_ONBOARD_US,
  AT_PREEMPTIONS,
  AT_REDO_FIRST_US,
  AT_REDO_US,
  AT_TRANSFER_US,
} from "./request-table.ts";
import type { RequestTimes } from "./time-parts.ts";

/** A request loses its place or its worker: from now on to its next token it does again what it had done. */
export function beginRedo(data: Float64Array, slot: number, nowUs: number): void {
  // It has done nothing yet.
  if (Number.isNaN(data[slot + AT_ADMITTED_US]!)) return;
  if (!Number.isNaN(data[slot + AT_ASIDE_SINCE_US]!)) return;
  const landedUs = data[slot + AT_LANDED_US]!;
  if (Number.isNaN(data[slot + AT_FIRST_TOKEN_US]!) && !Number.isNaN(landedUs)) {
    // A hand-off that came to nothing lasted until it did.
    data[slot + AT_TRANSFER_US]! += nowUs - landedUs;
    data[slot + AT_LANDED_US] = NaN;
  }
  data[slot + AT_ASIDE_SINCE_US] = nowUs;
}

/** A request gets a token, or ends. Called before its first token is noted. */
export function endRedo(data: Float64Array, slot: number, nowUs: number): void {
  const sinceUs = data[slot + AT_ASIDE_SINCE_US]!;
  if (Number.isNaN(sinceUs)) return;
  data[slot + AT_ASIDE_SINCE_US] = NaN;
  if (Number.isNaN(data[slot + AT_ADMITTED_US]!)) return;
  const hasToken = data[slot + AT_FIRST_TOKEN_US]! <= sinceUs;
  data[slot + (hasToken ? AT_REDO_US : AT_REDO_FIRST_US)]! += nowUs - sinceUs;
}

/** A request begins to load its prefix; once admitted, loading again is part of doing again. */
export function beginOnboard(data: Float64Array, slot: number, nowUs: number): void {
  if (Number.isNaN(data[slot + AT_ADMITTED_US]!)) data[slot + AT_ASIDE_SINCE_US] = nowUs;
}

export function endOnboard(data: Float64Array, slot: number, nowUs: number): void {
  if (!Number.isNaN(data[slot + AT_ADMITTED_US]!)) return;
  data[slot + AT_ONBOARD_US]! += nowUs - data[slot + AT_ASIDE_SINCE_US]!;
  data[slot + AT_ASIDE_SINCE_US] = NaN;
}

/** The prompt of a request has been computed under the slot `prompt`: what happened to it there is the request's. */
export function promptComputed(data: Float64Array, slot: number, prompt: number): void {
  data[slot + AT_PREEMPTIONS]! += data[prompt + AT_PREEMPTIONS]!;
  if (!Number.isNaN(data[slot + AT_ADMITTED_US]!)) return;
  data[slot + AT_ADMITTED_US] = data[prompt + AT_ADMITTED_US]!;
  data[slot + AT_CACHED] = data[prompt + AT_CACHED]!;
  data[slot + AT_ONBOARD_US]! += data[prompt + AT_ONBOARD_US]!;
  data[slot + AT_REDO_FIRST_US] = data[prompt + AT_REDO_FIRST_US]!;
}

/** The worker of a prompt that was not computed yet has died: what it spent loading there was the request's time. */
export function promptLost(data: Float64Array, slot: number, prompt: number): void {
  if (!Number.isNaN(data[slot + AT_ADMITTED_US]!)) return;
  data[slot + AT_ONBOARD_US]! += data[prompt + AT_ONBOARD_US]!;
}

/** The hand-off of a prompt that was computed at `prefilledUs` (NaN: it was not) ends, well or badly. */
export function endHandoff(
  data: Float64Array,
  slot: number,
  prefilledUs: number,
  nowUs: number,
): void {
  if (Number.isNaN(prefilledUs) || !Number.isNaN(data[slot + AT_LANDED_US]!)) return;
  if (!Number.isNaN(data[slot + AT_ASIDE_SINCE_US]!)) return;
  data[slot + AT_TRANSFER_US]! += nowUs - prefilledUs;
  data[slot + AT_LANDED_US] = nowUs;
}

/** The times of a request that has just completed. */
export function timesOf(
  data: Float64Array,
  slot: number,
  finishUs: number,
  into: { -readonly [key in keyof RequestTimes]: RequestTimes[key] },
): RequestTimes {
  const firstTokenUs = data[slot + AT_FIRST_TOKEN_US]!;
  into.arrivalUs = data[slot + AT_ARRIVAL_US]!;
  into.admittedUs = data[slot + AT_ADMITTED_US]!;
  into.firstTokenUs = firstTokenUs;
  into.finishUs = finishUs;
  into.onboardUs = data[slot + AT_ONBOARD_US]!;
  into.transferUs = data[slot + AT_TRANSFER_US]!;
  into.settleUs = settleUs(data, slot);
  into.redoFirstUs = data[slot + AT_REDO_FIRST_US]!;
  into.redoUs = data[slot + AT_REDO_US]!;
  return into;
}

/** From all keys and values at the decode worker to the first token, µs; 0 without either. */
export function settleUs(data: Float64Array, slot: number): number {
  const us = data[slot + AT_FIRST_TOKEN_US]! - data[slot + AT_LANDED_US]!;
  return us > 0 ? us : 0;
}
