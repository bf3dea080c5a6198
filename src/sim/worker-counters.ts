/**
 * What a worker counts from the start of the run. The counters of all workers lie in one array, COUNTERS for each, so that a
 * worker among thousands costs few cache lines.
 */

export const COUNTER_NAMES = [
  /** Forward passes, and those of them with prompt tokens. */
  "steps",
  "mixedSteps",
  /** Time with a forward pass in progress, finished passes only, µs. */
  "busyUs",
  "outputTokens",
  /** Prompt tokens computed, recomputation included. */
  "prefillTokens",
  "preemptions",
  /** Prompt tokens of first admissions, and those of them found in the cache. */
  "admittedTokens",
  "cachedTokens",
  /** Tokens computed again after a preemption. */
  "recomputedTokens",
  /** Σ over steps of the requests in the step, and of the blocks in use at its start. */
  "batchSteps",
  "usedSteps",
  "usedPeak",
  "completed",
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

export const STEPS = 0;
export const MIXED_STEPS = 1;
export const BUSY_US = 2;
export const OUTPUT_TOKENS = 3;
export const PREFILL_TOKENS = 4;
export const PREEMPTIONS = 5;
export const ADMITTED_TOKENS = 6;
export const CACHED_TOKENS = 7;
export const RECOMPUTED_TOKENS = 8;
export const BATCH_STEPS = 9;
export const USED_STEPS = 10;
export const USED_PEAK = 11;
export const COMPLETED = 12;

/** Numbers per worker: the counters, room for STEP_START_US, and padding to two cache lines. */
export const WORKER_NUMBERS = 16;
/** Not a counter: when the step or run in progress began, µs. */
export const STEP_START_US = 13;
/** Prompts that a prefill worker has computed; no counter of the digest, which it would change. */
export const PROMPTS = 14;
