/** The report's part on hand-offs between prefill and decode workers. */

import type { LatencySummary } from "./latency-summary.ts";

/** Prefill and decode workers: hand-offs of prompts, from the prompt computed to the answer begun. */
export type DisaggSummary = {
  readonly handover: string;
  /** Who made the client's first token. */
  readonly firstToken: "handed_over" | "decode_step";
  readonly kvBytesPerToken: number;
  readonly handoffs: number;
  /** Prompts that a decode worker computed after all, and hand-offs that took too long. */
  readonly fallbacks: number;
  readonly timeouts: number;
  readonly transferFailures: number;
  readonly bytes: number;
  /** Share of the prompts' blocks that decode workers had cached; `null`: no hand-off. */
  readonly reusedShare: number | null;
  /** Prompt computed → memory at the decode worker; both → all there; prompt computed → its memory free again. */
  readonly reserveMs: LatencySummary;
  readonly transferMs: LatencySummary;
  readonly heldMs: LatencySummary;
  /** Part of the transfers' times: into the layout of another tensor parallelism or block size, of those that needed it. */
  readonly conversionMs: LatencySummary;
  /** Most blocks that one decode worker had set aside for prompts on their way. */
  readonly stagedBlocksPeak: number;
  /** `null`: every prompt took the hop. */
  readonly conditional: ConditionalSummary | null;
};

/** Prompts that their decode workers computed, for a reason of the policy's and not for want of anything else. */
export type ConditionalSummary = {
  readonly policy: string;
  /** Little was left to compute; the prefill worker was busy. */
  readonly bypassedShort: number;
  readonly bypassedPrefillBusy: number;
  /** Would have stayed, but the decode worker was busy itself. */
  readonly vetoed: number;
  /** Prompt tokens of those that stayed, and how many of them the router took for cached. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
};
