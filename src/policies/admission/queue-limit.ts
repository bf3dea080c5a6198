/** A bound on what may be in flight or queued: waiting longer would help nobody. */

import type { AdmissionPolicy } from "./admission.ts";

export const queueLimit: AdmissionPolicy = {
  meta: {
    name: "queue_limit",
    title: "Queue limits",
    source:
      "vLLM --max-num-queued-reqs and --max-num-queued-tokens; Dynamo's queue limits per worker",
    wins: "overload: those let in are served in time, the others know at once",
    loses: "a burst shorter than the queue would have taken; limits must fit the lengths",
    knobs: [
      {
        name: "in_flight_per_worker",
        description: "most requests in flight",
        unit: "requests",
        min: 0,
        max: 1e9,
        default: 1e9,
      },
      {
        name: "queued_per_worker",
        description: "most requests without a first token",
        unit: "requests",
        min: 0,
        max: 1e9,
        default: 128,
      },
      {
        name: "queued_tokens_per_worker",
        description: "most prompt tokens of requests without a first token, this one included",
        unit: "tokens",
        min: 0,
        max: 1e12,
        default: 1e12,
      },
    ],
  },
  status: 503,
  reason: "the queue is full (503)",
  create: (knobs) => ({
    retryAfterUs: 0,
    admits(view, request) {
      const { workers } = view;
      return (
        view.inFlight < knobs["in_flight_per_worker"]! * workers &&
        view.queued < knobs["queued_per_worker"]! * workers &&
        view.queuedTokens + request.inputTokens <= knobs["queued_tokens_per_worker"]! * workers
      );
    },
  }),
};
