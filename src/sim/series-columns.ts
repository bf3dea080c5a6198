/** Samples of a run at a fixed interval, as columns. */

/** State summed over workers; counters are cumulative. Parts that a scenario does not have are missing. */
export type SeriesColumns = {
  readonly rows: number;
  readonly timeUs: Float64Array;
  readonly queued: Float64Array;
  readonly running: Float64Array;
  readonly kvBlocksUsed: Float64Array;
  /** Blocks of finished requests kept for reuse. */
  readonly kvBlocksCached: Float64Array;
  readonly arrivals: Float64Array;
  readonly completions: Float64Array;
  readonly outputTokens: Float64Array;
  /** Prompt tokens computed (cached ones excluded). */
  readonly prefillTokens: Float64Array;
  /** Prompt tokens of first admissions, and those of them found in the cache. */
  readonly admittedTokens: Float64Array;
  readonly cachedTokens: Float64Array;
  readonly preemptions: Float64Array;
  /** Energy taken since the start, hosts and the facility's overhead included, J; missing where cards tell of no power. */
  readonly energyJ?: Float64Array;
  /** Workers that are neither down nor draining; missing where nothing can break. */
  readonly workersUp?: Float64Array;
  /** By KV tier (g2, g3, g4). */
  readonly tiers?: Readonly<Record<string, TierSeriesColumns>>;
  /** Bytes of keys and values fetched from other workers of a pool. */
  readonly peerBytes?: Float64Array;
  /** Prompts handed from prefill to decode workers, and the bytes of those that have begun to move. */
  readonly handoffs?: { readonly landed: Float64Array; readonly bytes: Float64Array };
  readonly links?: LinkSeriesColumns;
  /** Single workers; missing in very large clusters. */
  readonly workers?: WorkerSeriesColumns;
};

/** One level over all its stores and pools. Bytes count when their transfer begins. */
export type TierSeriesColumns = {
  readonly capacityBlocks: number;
  readonly blocksUsed: Float64Array;
  readonly bytesIn: Float64Array;
  readonly bytesOut: Float64Array;
};

/** The links that were used most, the fullest first. */
export type LinkSeriesColumns = {
  readonly links: readonly {
    readonly name: string;
    readonly kind: string;
    /** Where it is; −1: with no node, such as a leaf switch. */
    readonly node: number;
    /** What payloads get of it. */
    readonly bytesPerS: number;
    /** Carried up to each sample, those on their way included. */
    readonly bytes: Float64Array;
  }[];
  /** Transfers that wait, are set up or move. */
  readonly transfers: Float64Array;
  /** Node of each worker's first GPU; empty without a fabric. */
  readonly nodeOfWorker: Int32Array;
};

/** By sample, then by worker: value of worker w at sample s in [s × workers + w]. */
export type WorkerSeriesColumns = {
  readonly workers: number;
  /** Time with a forward pass in progress, µs. */
  readonly busyUs: Float64Array;
  readonly queued: Float64Array;
  readonly running: Float64Array;
  readonly kvBlocksUsed: Float64Array;
};
