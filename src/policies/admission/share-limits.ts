/** Limits of each tenant or class: nobody's burst is everybody's queue. */

import type { PolicyKnob } from "../meta.ts";
import type { Admission, AdmissionPolicy, AdmissionRequest, AdmissionView } from "./admission.ts";

const US_PER_S = 1e6;

const KNOBS: readonly PolicyKnob[] = [
  {
    name: "in_flight",
    description: "most requests in flight of each",
    unit: "requests",
    min: 0,
    max: 1e9,
    default: 1e9,
  },
  {
    name: "rate_per_s",
    description: "requests per second of each, on the average; 0: no limit",
    unit: "1/s",
    min: 0,
    max: 1e9,
    default: 0,
  },
  {
    name: "burst",
    description: "requests that may come at once",
    unit: "requests",
    min: 1,
    max: 1e9,
    default: 10,
  },
];

/** Token buckets, one for each tenant or class, filled as time goes by. */
class ShareLimit implements Admission {
  retryAfterUs = 0;
  private readonly inFlightMost: number;
  private readonly ratePerUs: number;
  private readonly burst: number;
  private readonly keyOf: (request: AdmissionRequest) => number;
  private readonly inFlightOf: (view: AdmissionView, key: number) => number;
  private readonly tokens: number[] = [];
  private readonly filledUs: number[] = [];

  constructor(
    knobs: Readonly<Record<string, number>>,
    keyOf: (request: AdmissionRequest) => number,
    inFlightOf: (view: AdmissionView, key: number) => number,
  ) {
    this.inFlightMost = knobs["in_flight"]!;
    this.ratePerUs = knobs["rate_per_s"]! / US_PER_S;
    this.burst = knobs["burst"]!;
    this.keyOf = keyOf;
    this.inFlightOf = inFlightOf;
  }

  admits(view: AdmissionView, request: AdmissionRequest, nowUs: number): boolean {
    const key = this.keyOf(request);
    this.retryAfterUs = 0;
    if (this.inFlightOf(view, key) >= this.inFlightMost) return false;
    if (this.ratePerUs === 0) return true;
    const since = nowUs - (this.filledUs[key] ?? nowUs);
    const filled = (this.tokens[key] ?? this.burst) + since * this.ratePerUs;
    const tokens = Math.min(this.burst, filled);
    this.filledUs[key] = nowUs;
    this.tokens[key] = tokens;
    if (tokens < 1) {
      this.retryAfterUs = Math.ceil((1 - tokens) / this.ratePerUs);
      return false;
    }
    this.tokens[key] = tokens - 1;
    return true;
  }
}

export const tenantLimit: AdmissionPolicy = {
  meta: {
    name: "tenant_limit",
    title: "Limits of each tenant",
    source: "rate limits of public LLM APIs: a token bucket and a bound on concurrency, 429",
    wins: "several tenants, one of which bursts: the others do not notice",
    loses: "idle capacity that one tenant could have used",
    knobs: KNOBS,
  },
  status: 429,
  reason: "over its tenant's limit (429)",
  create: (knobs) =>
    new ShareLimit(
      knobs,
      (request) => request.tenant,
      (view, key) => view.inFlightOfTenant(key),
    ),
};

export const classLimit: AdmissionPolicy = {
  meta: {
    name: "class_limit",
    title: "Limits of each class",
    source: "Dynamo's policy classes, each with its own queue limits",
    wins: "batch work beside interactive work: the one cannot fill the other's queue",
    loses: "idle capacity that one class could have used",
    knobs: KNOBS,
  },
  status: 429,
  reason: "over its class's limit (429)",
  create: (knobs) =>
    new ShareLimit(
      knobs,
      (request) => request.class,
      (view, key) => view.inFlightOfClass(key),
    ),
};
