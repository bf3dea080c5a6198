/** A guard around a user's own policy: what it throws or gets wrong is named, and stops the run or falls back. */

import type { Stream } from "../../core/index.ts";
import { NO_WORKER } from "./router.ts";
import type { Router, RouterNeeds, RouterRequest, RouterView } from "./router.ts";

/** What to do when a user's policy fails. */
export type PolicyFault = "stop" | "fallback";

/** A user's policy has failed: not a defect of the program, and nothing to go on with. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
}

export class GuardedRouter implements Router {
  readonly needs: RouterNeeds;
  readonly faults = { count: 0, first: "" };
  private readonly inner: Router;
  private readonly title: string;
  private readonly onFault: PolicyFault;

  constructor(inner: Router, title: string, onFault: PolicyFault) {
    this.inner = inner;
    this.title = title;
    this.onFault = onFault;
    this.needs = inner.needs ?? {};
  }

  decide(view: RouterView, request: RouterRequest, nowUs: number, random: Stream): number {
    let fault: string;
    try {
      const choice: unknown = this.inner.decide(view, request, nowUs, random);
      if (choice === NO_WORKER || isCandidate(view, choice)) return choice as number;
      fault = `chose worker ${String(choice)}, which is no candidate`;
    } catch (error) {
      fault = `threw ${error instanceof Error ? error.message : String(error)}`;
    }
    if (this.onFault === "stop") {
      throw new PolicyError(`${this.title} ${fault} (request ${request.row})`);
    }
    if (this.faults.count++ === 0) this.faults.first = `${this.title} ${fault}`;
    view.rule = "policy failed: fewest requests";
    return view.leastOutstanding();
  }
}

function isCandidate(view: RouterView, choice: unknown): boolean {
  for (let i = 0; i < view.candidateCount; i++) if (view.candidates[i] === choice) return true;
  return false;
}
