/** One measured run on real GPUs: what ran, under which load, and what came out. */

import type { KernelsLayout, MemoryEngine, ModelPart } from "../../hardware/index.ts";

/** What can be compared. Times in ms, throughputs in tokens/s for one GPU. */
export const METRICS = [
  "ttftMean",
  "ttftP50",
  "ttftP90",
  "ttftP99",
  "tpotMean",
  "tpotP50",
  "tpotP90",
  "tpotP99",
  "itlMean",
  "e2eMean",
  "e2eP50",
  "e2eP90",
  "e2eP99",
  "throughput",
  "outputThroughput",
] as const;
export type Metric = (typeof METRICS)[number];
export type Metrics = { readonly [metric in Metric]?: number };

/** Where a run comes from, hence how it was measured. */
export type RunFamily =
  | "inferencex"
  | "inferencex-disagg"
  | "silicon"
  | "silicon-split"
  | "trtllm-max"
  | "trtllm-online"
  | "vllm-e2e"
  | "vllm-requests"
  | "vllm-workstation";

/**
 * Lengths: all equal, drawn as `np.random.seed(seed)` benchmarks draw them from [ratio·L, L], or normal with these means
 * and standard deviations.
 */
export type Lengths =
  | { readonly kind: "fixed"; readonly input: number; readonly output: number }
  | {
      readonly kind: "drawn";
      readonly input: number;
      readonly output: number;
      readonly ratio: number;
      readonly seed: number;
    }
  | {
      readonly kind: "normal";
      readonly input: number;
      readonly output: number;
      readonly inputDeviation: number;
      readonly outputDeviation: number;
    };

/** A rate that holds for a time. */
export type Stage = { readonly ratePerS: number; readonly seconds: number };

/** Prompts that many requests share: groups with a system prompt, users with a question each. */
export type SharedPrompts = {
  readonly groups: number;
  readonly users: number;
  readonly systemTokens: number;
};

/** The load, as far as it can be laid down again. */
export type Workload =
  | {
      readonly kind: "closed";
      readonly requests: number;
      readonly concurrency: number;
      readonly lengths: Lengths;
    }
  | {
      readonly kind: "rate";
      readonly requests: number;
      /** Infinity: all at once. */
      readonly ratePerS: number;
      readonly lengths: Lengths;
    }
  | {
      readonly kind: "stages";
      readonly stages: readonly Stage[];
      readonly lengths: Lengths;
      readonly shared: SharedPrompts;
    }
  | { readonly kind: "replay"; readonly rows: ReplayRows; readonly shared?: SharedPrompts };

/** Recorded arrivals and lengths; chains of block ids where the source has them. */
export type ReplayRows = {
  readonly arrivalUs: Float64Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
  readonly chains?: readonly Uint32Array[];
  readonly blockSize?: number;
};

/** The engine's settings that the run used; `headworks` names. */
export type RunKnobs = {
  /** Share of memory, in the engine's own meaning; its default when absent. */
  readonly fraction?: number;
  readonly maxNumSeqs: number;
  readonly maxBatchedTokens: number;
  /** SGLang: tokens of prompts that a step begins with at most; `maxBatchedTokens` when absent. */
  readonly maxPrefillTokens?: number;
  readonly chunkedPrefill: boolean;
  readonly prefixCaching: boolean;
  readonly maxModelLen?: number;
  /** TensorRT-LLM: steps that prompts wait for every attention rank to have one. */
  readonly rankWaitSteps?: number;
  /** TensorRT-LLM: steps that prompts wait for others, and the part of a step's tokens that ends it. */
  readonly batchWait?: { readonly steps: number; readonly tokensRatio: number };
  /** SGLang: prompts and decodes share a step. */
  readonly mixedChunk?: boolean;
  /** SGLang: decode steps between two looks for arrivals; 1 when absent. */
  readonly recvInterval?: number;
  /** Largest decode batch that CUDA graphs were captured for; the engine's default when absent. */
  readonly graphRowsMax?: number;
  /** Batch sizes of these graphs; the engine's own when absent. */
  readonly graphSizes?: readonly number[];
  /** `trtllm-bench` chose the limits of a step from model, GPU and lengths; those here are ignored. */
  readonly benchLimits?: boolean;
};

/** Workers that are alike; "mixed" ones serve whole requests. */
export type WorkerGroup = {
  readonly role: "mixed" | "prefill" | "decode";
  readonly workers: number;
  readonly layout: KernelsLayout;
  readonly knobs: RunKnobs;
};

/** A part of the run, by arrival, with what was measured in it. */
export type Window = {
  readonly name: string;
  readonly fromS: number;
  readonly toS: number;
  readonly measured: Metrics;
};

export type MeasuredRun = {
  /** File and line, or the experiment's name: unique. */
  readonly id: string;
  readonly family: RunFamily;
  /** Runs of one group differ in load only, or in little else. */
  readonly group: string;
  /** Card ids. */
  readonly model: string;
  readonly gpu: string;
  readonly engine: MemoryEngine;
  readonly version: string;
  readonly layout: KernelsLayout;
  /** Parts stored in the layout's dtype, where the checkpoint is another than the card's. */
  readonly quantizedParts?: readonly ModelPart[];
  /** All-reduce and norm are two kernels, whatever the engine's timing says. */
  readonly unfusedAllReduce?: boolean;
  /** Asynchronous scheduling was asked for, whatever the version's default. */
  readonly asyncScheduling?: boolean;
  readonly gpus: number;
  /** Input and output lengths, for grouping: "1024/1024". */
  readonly shape: string;
  readonly knobs: RunKnobs;
  /** Workers for prompts and for answers; layout and knobs are then those of the decode workers. */
  readonly groups?: readonly [prefill: WorkerGroup, decode: WorkerGroup];
  readonly workload: Workload;
  /** Times were taken in the server: the client's path is not in them. */
  readonly serverSide?: boolean;
  readonly windows: readonly Window[];
  /** The same configuration with another number of clients, where nothing was measured. */
  readonly atConcurrency?: (concurrency: number) => MeasuredRun;
  /** Why the record cannot be right; the targets are judged without it. */
  readonly suspect?: string;
  /** Peculiarities of the run or of its record, in words. */
  readonly flags: readonly string[];
};

/** What makes a configuration: GPU, engine, format and layout. */
export function configurationName({
  gpu,
  engine,
  layout,
  quantizedParts,
  groups,
}: MeasuredRun): string {
  const split = groups?.map(({ workers, layout: own }) => [workers, own]);
  return JSON.stringify([gpu, engine, layout, quantizedParts, split]);
}

/** The run without what was measured. */
export function unmeasured(run: MeasuredRun): MeasuredRun {
  return { ...run, windows: run.windows.map((window) => ({ ...window, measured: {} })) };
}

/** Rows that were left out, by reason. */
export type Skipped = { readonly reason: string; readonly rows: number };

/** What a loader hands on. */
export type Loaded = {
  readonly runs: readonly MeasuredRun[];
  readonly skipped: readonly Skipped[];
};

/** Counts what is left out while a file is read. */
export class SkipCount {
  private readonly counts = new Map<string, number>();

  add(reason: string, rows = 1): undefined {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + rows);
    return undefined;
  }

  list(): Skipped[] {
    return [...this.counts].map(([reason, rows]) => ({ reason, rows }));
  }
}

/** The measured numbers that are numbers; a blank cell is no data. */
export function metricsOf(cells: { readonly [metric in Metric]?: number }): Metrics {
  const known = Object.entries(cells).filter(([, value]) => Number.isFinite(value) && value > 0);
  return Object.fromEntries(known);
}
