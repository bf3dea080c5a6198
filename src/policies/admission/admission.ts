/**
 * The admission contract: whether a gateway lets a request in, before anybody chooses a worker. It sees its own book and nothing of
 * the future. A refusal is an HTTP status: 429 over a limit of one's own, 503 no capacity, 529 overloaded.
 */

import type { PolicyMeta } from "../meta.ts";

/** The gateway's own book, age 0. */
export interface AdmissionView {
  /** Workers that compute prompts. */
  readonly workers: number;
  /** Requests let in that have not ended. */
  readonly inFlight: number;
  /** Of them those without a first token, and their prompt tokens. */
  readonly queued: number;
  readonly queuedTokens: number;
  /** Requests in flight of a tenant, of a class. */
  inFlightOfTenant(tenant: number): number;
  inFlightOfClass(name: number): number;
  /** Time in which all workers together compute a prompt token, µs, by the step-time model. */
  readonly usPerPromptToken: number;
}

/** What a gateway knows of a request. Hosts reuse one object. */
export type AdmissionRequest = {
  inputTokens: number;
  /** Higher is more urgent. */
  priority: number;
  /** Numbers of its tenant and class; 0 where none is told. */
  tenant: number;
  class: number;
  /** Its own target of the time to first token, µs; Infinity: none. */
  ttftTargetUs: number;
};

export interface Admission {
  /** Whether the request may come in. */
  admits(view: AdmissionView, request: AdmissionRequest, nowUs: number): boolean;
  /** Of the last refusal: when to come again at the earliest, µs from then (`Retry-After`); 0: not told. */
  readonly retryAfterUs: number;
}

export type AdmissionStatus = 429 | 503 | 529;

export type AdmissionPolicy = {
  readonly meta: PolicyMeta;
  readonly status: AdmissionStatus;
  /** Why it refuses, for reports. */
  readonly reason: string;
  readonly create: (knobs: Readonly<Record<string, number>>) => Admission;
};
