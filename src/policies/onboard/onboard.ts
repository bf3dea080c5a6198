/**
 * The onboard contract: how much of a prefix that lies in lower tiers or with a peer is fetched, and how much is computed
 * again. A fetch takes links and lets the GPU go on with others; computing takes GPU time from everybody in the batch and
 * in the queue.
 */

import type { PolicyMeta } from "../meta.ts";

export interface OnboardView {
  /** Pieces of the prefix in order, each with one source. */
  readonly pieces: number;
  /** By k: time until the first k pieces are here, the traffic on the links being as it is, µs. k = 0: 0. */
  readonly loadUs: Float64Array;
  /** By k: GPU time to compute what the first k pieces leave of the prompt, µs. */
  readonly computeUs: Float64Array;
  /** By k: the part of `loadUs` that is due to other transfers on the links, µs. */
  readonly crowdedUs: Float64Array;
  /** Other requests that wait at this worker, and those that fetch their prefix there. */
  readonly waiting: number;
  readonly loading: number;
}

export interface Onboard {
  /** How many leading pieces to fetch. */
  decide(view: OnboardView): number;
}

export type OnboardPolicy = {
  readonly meta: PolicyMeta;
  readonly create: (knobs: Readonly<Record<string, number>>) => Onboard;
};
