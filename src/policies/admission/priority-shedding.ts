/** Shedding by priority: as load rises, the least urgent are turned away first. */

import type { AdmissionPolicy } from "./admission.ts";

export const priorityShedding: AdmissionPolicy = {
  meta: {
    name: "priority_shedding",
    title: "Shedding by priority",
    source: "load shedding by criticality (Google SRE book, ch. 21); Dynamo's 529",
    wins: "overload with requests of unequal worth",
    loses: "requests all of one priority: it is then a limit on what is in flight",
    knobs: [
      {
        name: "from_per_worker",
        description: "requests in flight per worker from which priorities below 0 are shed",
        unit: "requests",
        min: 0,
        max: 1e9,
        default: 128,
      },
      {
        name: "step_per_worker",
        description: "further requests in flight per worker for each further priority",
        unit: "requests",
        min: 0.001,
        max: 1e9,
        default: 32,
      },
    ],
  },
  status: 529,
  reason: "shed for its priority (529)",
  create: (knobs) => ({
    retryAfterUs: 0,
    admits(view, request) {
      const over = view.inFlight / view.workers - knobs["from_per_worker"]!;
      if (over < 0) return true;
      return request.priority >= Math.floor(over / knobs["step_per_worker"]!);
    },
  }),
};
