/**
 * The normalised trace: one request per row, as columns. Every importer and generator ends here, and
 * the simulator reads nothing else.
 *
 * Block identity is a chain: an id stands for its block's tokens *and all tokens before them*, so that
 * equal ids mean equal prefixes and each id has exactly one parent. Importers of formats whose ids hash a
 * block alone must chain them first (`chainHashIds`).
 */

/** Why rows were dropped or repaired at import, with counts: nothing is lost silently. */
export type ImportNote = {
  readonly reason: string;
  readonly rows: number;
  readonly where?: string;
};

export type TraceHeader = {
  readonly v: 1;
  readonly name: string;
  readonly format: string;
  /** Tokens per trace block; 0 when the trace has no block ids. */
  readonly blockSize: number;
  /** Whether the last, partial block of a prompt has an id (ceil) or not (floor). */
  readonly partialTail: "included" | "omitted" | "none";
  /** Width of the clock tick the arrivals were quantised to, µs; 0 when none was seen. */
  readonly tickUs: number;
  /** Wall-clock time of row 0, µs since 1970, when the source has one. */
  readonly epochUnixUs?: number;
  readonly licence?: string;
  readonly source?: { readonly uri?: string; readonly sha256?: string };
  readonly importLog: readonly ImportNote[];
  readonly transforms: readonly string[];
};

/** Block ids of all rows as runs of consecutive ids: row r owns runs rowStart[r] ≤ i < rowStart[r+1]. */
export type HashRuns = {
  /** rows + 1 entries. */
  readonly rowStart: Uint32Array;
  /** First id of each run. */
  readonly start: Uint32Array;
  /** Number of consecutive ids in each run, ≥ 1. */
  readonly length: Uint32Array;
  /** Ids are 0 ≤ id < idCount (dense, interned at import). */
  readonly idCount: number;
};

/** Turns of conversations: a row with a parent is released by its parent's completion plus a delay. */
export type Sessions = {
  /** Session of each row, −1 when the row stands alone. */
  readonly session: Int32Array;
  readonly sessionCount: number;
  /** Row of the previous turn (always an earlier row), −1 for a first turn. */
  readonly parent: Int32Array;
  /** Think and tool time after the parent's completion, µs; NaN when the source does not say. */
  readonly delayUs: Float64Array;
};

export type Trace = {
  readonly header: TraceHeader;
  readonly rows: number;
  /** Arrival, integer µs from the trace's start, non-decreasing where not NaN; NaN: released by its parent only. */
  readonly arrivalUs: Float64Array;
  /** Prompt tokens as the engine sees them. */
  readonly inputTokens: Uint32Array;
  /** Generated tokens, the first included; 0 means prefill only. */
  readonly outputTokens: Uint32Array;
  readonly hashes?: HashRuns;
  readonly sessions?: Sessions;
  /** Higher is more urgent. */
  readonly priority?: Int16Array;
  /** Dictionary-coded model, tenant and class names. */
  readonly labels?: { readonly [name in "model" | "tenant" | "class"]?: LabelColumn };
};

export type LabelColumn = { readonly values: readonly string[]; readonly codes: Uint16Array };
