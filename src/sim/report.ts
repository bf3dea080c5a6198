/**
 * The report: the stable JSON document of a run (`headworks.report.v1`). Keys are only added within a
 * major version. Latencies are in milliseconds, rates per simulated second.
 */

import type { PriceTier } from "../hardware/index.ts";
import type { DisaggSummary } from "./disagg-summary.ts";
import type { DecisionRecord } from "./witness.ts";
import type { EngineFacts } from "./engine-facts.ts";
import type { FaultsSummary } from "./faults/fault-summary.ts";
import type { LatencySummary } from "./latency-summary.ts";
import type { PoolRole, Scenario } from "./scenario.ts";
import type { SeriesColumns } from "./series-columns.ts";
import type { SloReport } from "./slo-report.ts";
import type { AsideColumns, TimeBreakdown } from "./time-parts.ts";
import type { TierReport } from "./tiers/tier-report.ts";

export type { LatencySummary };

export type TaskSummary = {
  /** Tasks that began. */
  readonly offered: number;
  /** Tasks whose every call completed. */
  readonly completed: number;
  /** Mean calls of the completed tasks. */
  readonly callsMean: number | null;
  /** First arrival to last end of the completed tasks. */
  readonly timeMs: LatencySummary;
  /** Of it what their calls waited for a worker's first step; calls side by side count each. */
  readonly queueMs: LatencySummary;
  /** Of it what users and tools took: no call of the task was under way. */
  readonly awayMs: LatencySummary;
  /** Prompt tokens that a task's turn before had computed, and those of them that were computed again. */
  readonly repeatedTokens: number;
  readonly recomputedTokens: number;
};

export type WorkerSummary = {
  readonly worker: number;
  /** Where it is an attention rank: which one of which worker; absent: it is a worker by itself. */
  readonly rankOf?: { readonly worker: number; readonly rank: number };
  /** Requests completed here. */
  readonly completed: number;
  readonly steps: number;
  /** Simulated time with a forward pass in progress, s. */
  readonly busyS: number;
  readonly preemptions: number;
  readonly kvBlocksPeak: number;
  /** Power of its GPUs, hosts excluded, W: mean over the run, idle time included, and over its most demanding pass. */
  readonly gpuPowerMeanW: number | null;
  readonly gpuPowerPeakW: number | null;
};

export type EnergyReport = {
  /** GPUs in all, and of it those that wait between passes. */
  readonly gpuKwh: number;
  readonly gpuIdleKwh: number;
  /** CPUs, memory, network and fans of the nodes, by the share of their GPUs. */
  readonly hostKwh: number;
  /** GPUs and hosts, times the facility's overhead. */
  readonly facilityKwh: number;
  readonly pue: number;
  /** Mean power of the facility, W. */
  readonly meanW: number;
  /** Energy of the facility for each output token and each completed request, J. */
  readonly joulesPerOutputToken: number | null;
  readonly joulesPerRequest: number | null;
};

/** What encoder workers did; requests with images are with them before a worker has them. */
export type EncoderReport = {
  readonly workers: number;
  readonly gpus: number;
  readonly gpu: string;
  /** Requests whose images were encoded, and these images, those from a cache included. */
  readonly requests: number;
  readonly images: number;
  readonly passes: number;
  /** Share of the workers' time with a pass in progress. */
  readonly busyShare: number;
  /** Arrival to the beginning of the pass, arrival to its end, and embeddings on their way; in `latency.queueMs` too. */
  readonly waitMs: LatencySummary;
  readonly stageMs: LatencySummary;
  readonly transferMs: LatencySummary;
  readonly transfers: number;
  readonly bytes: number;
  /** Workers that died, requests that began anew at another one, and those whose embeddings never came. */
  readonly deaths: number;
  readonly moved: number;
  readonly missed: number;
  readonly gpuHours: number;
  readonly costUsd: number | null;
};

/** What a run costs at a kind of provider, electricity included where it has a price. */
export type TierCost = {
  readonly tier: PriceTier;
  /** Of the oldest price that is in it, yyyy-mm-dd. */
  readonly date: string;
  readonly totalUsd: number;
  readonly usdPerMillionOutputTokens: number | null;
  readonly usdPerMillionInputTokens: number | null;
  readonly usdPerMillionTokens: number | null;
};

/** What a pool of workers did; a scenario without pools has one. */
export type PoolSummary = {
  readonly name: string;
  readonly role: PoolRole;
  readonly workers: number;
  readonly gpus: number;
  readonly engine: EngineFacts;
  /** What drafts came to; `null`: nothing is drafted, or nothing was decoded. */
  readonly drafts: {
    /** Decode steps of requests, each request counted for itself. */
    readonly requestSteps: number;
    /** Accepted drafts and one more, as drawn: beside `engine.speculation.tokensPerStep`, which the rates say. */
    readonly tokensPerStep: number;
    /** The same less what would have been beyond the last token of an answer. */
    readonly tokensGivenPerStep: number;
  } | null;
  /** Requests completed here; of a prefill pool: prompts computed. */
  readonly completed: number;
  readonly gpuHours: number;
  /** `null`: the GPU has no price. */
  readonly costUsd: number | null;
  /** Share of the workers' time with a step in progress. */
  readonly busyShare: number;
  readonly meanBatchSize: number;
  readonly steps: number;
  readonly tokens: {
    /** Prompt tokens computed, recomputation included; tokens generated; tokens computed again. */
    readonly prefilled: number;
    readonly output: number;
    readonly recomputed: number;
  };
  readonly kv: Report["kv"];
  /** Absent: its workers go each by itself. */
  readonly lockStep?: LockStepSummary;
};

/** Attention ranks that are workers of their own and wait for each other in every step. */
export type LockStepSummary = {
  /** Ranks of a worker. */
  readonly ranks: number;
  /** Time of the steps of all workers, whichever ranks had work in them, s. */
  readonly stepsS: number;
  /** Parts of that time on the mean rank: its own work, waiting for slower ranks, going along with nothing to do. */
  readonly workedShare: number;
  readonly waitedShare: number;
  readonly idleShare: number;
  /** Tokens of a worker's fullest rank, prompt and answer, over the mean of its ranks; the mean over workers. */
  readonly imbalance: number;
};

/** A link, or several equal ones that transfers load evenly. */
export type LinkSummary = {
  readonly name: string;
  readonly kind: string;
  readonly members: number;
  /** What payloads get of all members together. */
  readonly bytesPerS: number;
  readonly bytes: number;
  /** Bytes over what the link could have carried in the run. */
  readonly utilization: number;
  /** Share of the run with a transfer on it. */
  readonly busyShare: number;
  /** Most transfers at once. */
  readonly transfersPeak: number;
};

/** What the fabric did. */
export type NetworkSummary = {
  readonly nodes: number;
  readonly transfers: {
    readonly started: number;
    readonly finished: number;
    readonly cancelled: number;
    readonly bytes: number;
    /** Means over the finished: waiting for a turn, set-up, moving; `null`: none finished. */
    readonly waitMsMean: number | null;
    readonly setupMsMean: number | null;
    readonly movingMsMean: number | null;
    /** Moving time over what it would have been without other transfers. */
    readonly slowdown: number | null;
  };
  /** Links that carried anything, and all there are. */
  readonly linksUsed: number;
  readonly linksAll: number;
  /** The fullest first; not all of a large cluster. */
  readonly links: readonly LinkSummary[];
};

export type Report = {
  readonly schema: "headworks.report.v1";
  /** 32 hex digits over every request's outcome and every counter: same digest, same numbers. */
  readonly digest: string;
  readonly seed: number;
  readonly scenario: Scenario;
  /** What defaults, cards and memory made of the scenario's engine; of the first pool's where there are several. */
  readonly engine: EngineFacts;
  readonly versions: { readonly headworks: string };
  /** Wall time of the simulation alone, s. */
  readonly wallS: number;
  /** Simulated time from the first arrival to the last event, s. */
  readonly simS: number;
  /** Events the engine processed (differs between the fast and the step-by-step mode). */
  readonly events: number;
  readonly requests: {
    readonly offered: number;
    readonly completed: number;
    readonly rejected: number;
    readonly failed: number;
    readonly cancelled: number;
    /** Still queued or running when the horizon or a limit ended the run. */
    readonly unfinished: number;
    /** Of the offered, those outside the warm-up that the statistics below count. */
    readonly measured: number;
  };
  readonly rejections: readonly { readonly reason: string; readonly count: number }[];
  /** What admission policies and routers refused, those requests included that came again; `null`: without such policies and retries. */
  readonly admission: {
    readonly refusals: readonly { readonly reason: string; readonly count: number }[];
    /** Requests sent again after a refusal. */
    readonly retries: number;
  } | null;
  /** Decisions that the user's own router failed at and that went to the fewest requests instead; `null`: a policy by name. */
  readonly ownRouter: { readonly fallbacks: number } | null;
  readonly latency: {
    /** Client sends to client has the first token. */
    readonly ttftMs: LatencySummary;
    /** Arrival at the engine to first token: `ttftMs` without the client's path (`engine.clientPathMs`). */
    readonly serverTtftMs: LatencySummary;
    /** (e2e − TTFT) / (output − 1), requests with at least two output tokens. */
    readonly tpotMs: LatencySummary;
    /** Gaps between tokens, weighted by tokens; tokens of one step (speculative decoding) count as one that came together. */
    readonly itlMs: LatencySummary;
    /** Client sends to client has the last token. */
    readonly e2eMs: LatencySummary;
    /** Arrival at the engine to first scheduled. */
    readonly queueMs: LatencySummary;
  };
  /** What the times consist of, by the client's clock. */
  readonly breakdown: { readonly ttft: TimeBreakdown; readonly e2e: TimeBreakdown };
  /** Largest relative error of the latency quantiles above (0: exact). ITL is always binned. */
  readonly quantileError: { readonly latency: number; readonly itl: number };
  readonly throughput: {
    readonly requestsPerS: number;
    readonly inputTokensPerS: number;
    readonly outputTokensPerS: number;
    readonly outputTokensPerSPerGpu: number;
  };
  readonly tokens: {
    readonly input: number;
    readonly output: number;
    /** Prompt tokens found in the prefix cache at first admission. */
    readonly cached: number;
    /** Tokens computed again after a preemption (cache hits excluded). */
    readonly recomputed: number;
  };
  readonly kv: {
    /** cached / input tokens at first admission; `null` without prefix caching or ids. */
    readonly hitRate: number | null;
    /** Of the first pool, where there are several. */
    readonly blocksPerWorker: number;
    /** Share of a worker's blocks held by running requests: mean over forward passes, peak of any worker. */
    readonly usageMean: number;
    readonly usagePeak: number;
    readonly evictedBlocks: number;
    readonly preemptions: number;
  } & TierReport;
  readonly batch: {
    readonly steps: number;
    readonly mixedSteps: number;
    /** Mean requests per step and share of simulated worker time with a step in progress. */
    readonly meanSize: number;
    readonly busyShare: number;
  };
  /** LoRA adapters brought into GPU slots, and how long steps waited for them over all workers; `null`: none are asked for. */
  readonly adapters: { readonly loads: number; readonly waitS: number } | null;
  /** Images that workers encoded, and those that were encoded already; `null`: prompts bring none. */
  readonly images: { readonly encoded: number; readonly spared: number } | null;
  /** What encoder workers did; `null`: there are none. */
  readonly encoders: EncoderReport | null;
  readonly slo: SloReport;
  readonly gpuHours: number;
  /** Of GPUs and hosts over the whole run; `null` where a pool names no GPU. */
  readonly energy: EnergyReport | null;
  readonly cost: {
    /** GPUs, and electricity where it has a price. */
    readonly totalUsd: number;
    /** Electricity alone; `null`: it is in the GPUs' price. */
    readonly electricityUsd: number | null;
    /** All of the cost over each kind of tokens, prompt tokens found in a cache included. */
    readonly usdPerMillionOutputTokens: number | null;
    readonly usdPerMillionInputTokens: number | null;
    readonly usdPerMillionTokens: number | null;
  } | null;
  /** The same run at each kind of provider, by the GPUs' cards; empty where a GPU has no prices. */
  readonly costByTier: readonly TierCost[];
  readonly pools: readonly PoolSummary[];
  /** `null` without prefill and decode pools. */
  readonly disagg: DisaggSummary | null;
  /** `null`: the scenario has no fabric. */
  readonly network: NetworkSummary | null;
  /** Conversations and agents' runs; `null`: the requests belong to none. */
  readonly tasks: TaskSummary | null;
  /** `null`: nothing could break. */
  readonly faults: FaultsSummary | null;
  readonly workers: readonly WorkerSummary[];
  /** Why the run ended, when not because all requests were done. */
  readonly stopped: string | null;
  readonly warnings: readonly string[];
};

/** How a request ended (`requests.status`). */
export const REQUEST_COMPLETED = 0;
export const REQUEST_REJECTED = 1;
export const REQUEST_FAILED = 2;
export const REQUEST_CANCELLED = 3;
export const REQUEST_UNFINISHED = 4;
export const REQUEST_STATUS_NAMES = [
  "completed",
  "rejected",
  "failed",
  "cancelled",
  "unfinished",
] as const;

/** One entry per offered request, in arrival order. Times are µs from the start of the run; NaN: never. */
export type RequestColumns = {
  readonly rows: number;
  /** Row of the trace (or number of the generated request). */
  readonly row: Uint32Array;
  readonly arrivalUs: Float64Array;
  /** First scheduled by a worker. */
  readonly admittedUs: Float64Array;
  readonly firstTokenUs: Float64Array;
  readonly finishUs: Float64Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
  readonly cachedTokens: Uint32Array;
  readonly preemptions: Uint32Array;
  /** −1: never routed. */
  readonly worker: Int32Array;
  readonly status: Uint8Array;
  /** Absent when every request spent its time in the queue, in prefill and in decode. */
  readonly asides?: AsideColumns;
  /** Session of the trace, −1: none; absent when the trace has no sessions. */
  readonly session?: Int32Array;
  /** Index in the report's `slo.classes`; absent when the scenario has no classes. */
  readonly sloClass?: Uint8Array;
};

/** What a recorded slice of a worker's time was. */
export const SLICE_MIXED = 0;
export const SLICE_DECODE = 1;

/** Forward passes of the workers: one entry per mixed step, one per unbroken decode run. */
export type SliceColumns = {
  readonly rows: number;
  readonly worker: Int32Array;
  readonly startUs: Float64Array;
  readonly endUs: Float64Array;
  readonly kind: Uint8Array;
  readonly steps: Float64Array;
  readonly prefillTokens: Float64Array;
  readonly prefillRequests: Uint32Array;
  readonly decodeRequests: Uint32Array;
  /** True when the recording limit was reached and later slices are missing. */
  readonly truncated: boolean;
};

/** Histogram of the gaps between tokens: bins of 0.2 % width, ascending, weighted with tokens. */
export type GapColumns = { readonly upperUs: Float64Array; readonly tokens: Float64Array };

export type SimulationResult = {
  readonly report: Report;
  readonly gaps: GapColumns;
  readonly requests?: RequestColumns;
  readonly series?: SeriesColumns;
  readonly slices?: SliceColumns;
  /** Of the request that was watched, in order of time. */
  readonly decisions?: readonly DecisionRecord[];
};
