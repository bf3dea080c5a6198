/** Early rejection: who would get the first token too late is told so at once. */

import type { AdmissionPolicy } from "./admission.ts";

export const earlyRejection: AdmissionPolicy = {
  meta: {
    name: "early_rejection",
    title: "Early rejection",
    source:
      "Mooncake (FAST 2025), prediction-based early rejection; prompt tokens queued by the gateway's book ÷ the rate of the " +
      "step-time model, all workers alike busy",
    wins: "goodput beyond saturation: no prompt is computed for nothing",
    loses:
      "workers that are not alike busy, shared prefixes and decodes beside prompts: the prediction knows none of them",
    knobs: [
      {
        name: "slack",
        description: "refuse when the predicted time to first token exceeds so many targets",
        unit: "×",
        min: 0.01,
        max: 1000,
        default: 1,
      },
    ],
  },
  status: 503,
  reason: "its first token would come too late (503)",
  create: (knobs) => {
    const admission = {
      retryAfterUs: 0,
      admits(
        view: Parameters<ReturnType<AdmissionPolicy["create"]>["admits"]>[0],
        request: { readonly inputTokens: number; readonly ttftTargetUs: number },
      ): boolean {
        const waitUs = view.queuedTokens * view.usPerPromptToken;
        // A prompt is computed by one worker, the queue by all.
        const ownUs = request.inputTokens * view.usPerPromptToken * view.workers;
        const lateUs = waitUs + ownUs - knobs["slack"]! * request.ttftTargetUs;
        // What the prompt itself takes no wait makes shorter.
        admission.retryAfterUs = Math.ceil(Math.min(waitUs, Math.max(0, lateUs)));
        return !(lateUs > 0);
      },
    };
    return admission;
  },
};
