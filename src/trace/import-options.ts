/** What a caller may ask of an import, and the names of the formats. */

/** Formats whose rows nest or whose calls wait for calls. */
export const CALL_FORMATS = [
  "agentic_mooncake",
  "weka",
  "dynamo",
  "bailian",
  "applied_compute",
] as const;

export type CallFormat = (typeof CALL_FORMATS)[number];

/** Formats that `importTrace` reads. `csv` and `jsonl` are generic, bound by a column map. */
export const FORMATS = [
  "mooncake",
  "mooncake_delta",
  ...CALL_FORMATS,
  "azure",
  "burstgpt",
  "vidur",
  "splitwise",
  "csv",
  "jsonl",
  "columns",
] as const;

export type FormatName = (typeof FORMATS)[number];

/** Units a time column can be in; `iso` is a calendar time. */
export const TIME_UNITS = ["s", "ms", "us", "ns", "iso"] as const;

export type TimeUnit = (typeof TIME_UNITS)[number];

/** What a column of a generic file can mean. */
export const ROLES = [
  "arrival",
  "input",
  "output",
  "session",
  "delay",
  "elapsed",
  "priority",
  "model",
  "tenant",
  "class",
  "hashes",
  "worker",
  "prefill_worker",
  "decode_worker",
  "allowed_workers",
] as const;

export type Role = (typeof ROLES)[number];

/** Names of the file's columns (or JSON keys) by role, for generic files. */
export type ColumnMap = { readonly [role in Role]?: string };

export type ImportOptions = {
  /** Sniffed from the first lines when absent. */
  readonly format?: FormatName;
  /** Name of the trace in messages and reports; "trace" when absent. */
  readonly name?: string;
  /** Tokens per block of `hash_ids`; 512 when absent, as in the public Mooncake traces. */
  readonly blockSize?: number;
  /** Bad rows to skip and count before the import fails; 0 when absent: the first is the error. */
  readonly maxBadRows?: number;
  /** Columns of a generic file; those not named are guessed from the header. */
  readonly columns?: ColumnMap;
  /** Unit of a generic file's times; guessed when absent. Delay and elapsed times share it. */
  readonly timeUnit?: TimeUnit;
  /** Keeps arrivals with fromUs ≤ t < toUs, µs from the first arrival of the file. */
  readonly window?: { readonly fromUs: number; readonly toUs: number };
  /** Keeps at most this many rows: the first of the file, or of the window when there is one. */
  readonly limit?: number;
  /** Weka: tasks with equal tool and system prompts share their blocks; their files keep all blocks apart. False when absent. */
  readonly shareSystem?: boolean;
  /** Rows without output tokens: prefill-only work, or failures to drop (default for BurstGPT). */
  readonly zeroOutput?: "keep" | "drop";
  readonly licence?: string;
  readonly source?: { readonly uri?: string; readonly sha256?: string };
};

/** Block size of the public Mooncake and toolagent traces, and Dynamo's default (`block_size`). */
export const MOONCAKE_BLOCK_SIZE = 512;

export const DEFAULT_NAME = "trace";
