/**
 * The bypass contract of conditional disaggregation: whether a request takes the hop over a prefill worker, or its decode
 * worker computes the prompt too. It is asked before anything is booked: what it sees are choices that the routers would make.
 */

import type { PolicyMeta } from "../meta.ts";

/** What is decided. */
export const BYPASS_NO = 0;
/** The decode worker computes the prompt: little of it is left to compute; the prefill worker is busy. */
export const BYPASS_SHORT = 1;
export const BYPASS_BUSY = 2;

/** Reused from request to request. */
export interface BypassView {
  readonly promptTokens: number;
  /** Leading tokens that the decode worker has cached, as its router knows. */
  readonly cachedTokens: number;
  /** Prompt tokens that the prefill worker has before it, over its max_num_batched_tokens; NaN: unknown. */
  readonly prefillLoad: number;
}

export interface Bypass {
  /** One of BYPASS_… */
  decide(view: BypassView): number;
}

export type BypassPolicy = {
  readonly meta: PolicyMeta;
  readonly create: (knobs: Readonly<Record<string, number>>) => Bypass;
};
