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
  /** True when the source has no arrival times: tasks must be given them (closed loop, or a random process). */
  readonly untimed?: boolean;
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

/** What an edge of the call graph waits for: the end of a call, or its being sent. */
export const TRIGGER_COMPLETION = 0;
export const TRIGGER_DISPATCH = 1;
export const TRIGGERS = ["completion", "dispatch"] as const;

/** Why one call waits for another: the next turn, a sub-agent's start, its result, or a replay's barrier. */
export const RELATION_SEQUENCE = 0;
export const RELATION_SPAWN = 1;
export const RELATION_JOIN = 2;
export const RELATION_BARRIER = 3;
export const RELATIONS = ["sequence", "spawn", "join", "replay_barrier"] as const;

/**
 * Calls that wait for calls: a row is released when all its edges have fired and its delays are over. It replaces
 * `sessions.parent`, which then only tells the turn before.
 */
export type CallGraph = {
  /** The task (one run of an agent, sub-agents included) of each row. */
  readonly task: Int32Array;
  readonly taskCount: number;
  /** rows + 1 entries: row r waits for the edges edgeStart[r] ≤ e < edgeStart[r+1]; none: it arrives by itself. */
  readonly edgeStart: Uint32Array;
  /** The row an edge waits for, always an earlier one. */
  readonly on: Uint32Array;
  readonly trigger: Uint8Array;
  readonly relation: Uint8Array;
  /** Think and tool time after the trigger, µs, ≥ 0. */
  readonly delayUs: Float64Array;
  /** Earliest release after the task's first arrival, µs; 0: none. */
  readonly notBeforeUs?: Float64Array;
};

/** What an agent tells the serving system beside its prompt (Dynamo's `agent_hints`); columns that no row uses are absent. */
export type AgentHints = {
  /** Strict tiers: a higher one goes first whatever else counts. */
  readonly strictPriority?: Uint32Array;
  /** Expected output, tokens; 0: not told. */
  readonly outputTokens?: Uint32Array;
  /** Time for which the prompt's KV will be wanted again, µs; 0: not told. */
  readonly keepUs?: Float64Array;
};

/** Workers that rows ask for, by their numbers in the scenario, −1: none; columns that no row uses are absent. */
export type RowPins = {
  /** Whatever the worker does (Dynamo: `backend_instance_id`). */
  readonly any?: Int32Array;
  /** For the prompt, where others give the answers (`prefill_worker_id`). */
  readonly prefill?: Int32Array;
  /** For the answer, or for both (`decode_worker_id`). */
  readonly decode?: Int32Array;
  readonly allowed?: AllowedWorkers;
};

/** The only workers that will do. */
export type AllowedWorkers = {
  /** Ascending, each number once; the first list is empty and stands for all workers. */
  readonly lists: readonly (readonly number[])[];
  /** List of each row. */
  readonly codes: Uint16Array;
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
  readonly graph?: CallGraph;
  readonly hints?: AgentHints;
  readonly pins?: RowPins;
  /** Higher is more urgent. */
  readonly priority?: Int16Array;
  /** Dictionary-coded model, tenant and class names. */
  readonly labels?: { readonly [name in "model" | "tenant" | "class"]?: LabelColumn };
};

export type LabelColumn = { readonly values: readonly string[]; readonly codes: Uint16Array };
