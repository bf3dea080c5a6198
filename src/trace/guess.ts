/** Guesses for files of no known format: which column is which, and what unit its times are in. */

import type { ColumnMap, Role, TimeUnit } from "./import-options.ts";
import { normalName } from "./csv-shape.ts";
import { ALLOWED_NAME, PIN_NAMES } from "./row-pins.ts";

type NumericUnit = Exclude<TimeUnit, "iso">;

/** Usual names by role, normalised; a unit suffix (_s, _ms, _us, _ns) is cut off first. */
const ALIASES: { readonly [role in Role]: readonly string[] } = {
  arrival: [
    "arrival",
    "timestamp",
    "arrival_time",
    "arrived_at",
    "arrival_timestamp",
    "request_received",
    "created_time",
    "created_at",
    "start_time",
    "time",
    "t",
    "ts",
  ],
  input: [
    "input_tokens",
    "input_length",
    "input_len",
    "input_toks",
    "prompt_tokens",
    "prompt_length",
    "prompt_len",
    "prompt_size",
    "num_prefill_tokens",
    "prefill_tokens",
    "context_tokens",
    "contexttokens",
    "request_tokens",
    "isl",
    "in",
  ],
  output: [
    "output_tokens",
    "output_length",
    "output_len",
    "output_toks",
    "completion_tokens",
    "generated_tokens",
    "generatedtokens",
    "num_decode_tokens",
    "decode_tokens",
    "response_tokens",
    "response_length",
    "token_size",
    "osl",
    "out",
  ],
  session: ["session_id", "session", "conversation_id", "chat_id"],
  delay: ["delay", "think_time", "pre_gap"],
  elapsed: ["elapsed", "elapsed_time"],
  priority: ["priority"],
  model: ["model", "model_name"],
  tenant: ["tenant", "tenant_id", "client_id", "user_id", "user"],
  class: ["class", "slo_class", "policy_class", "log_type"],
  hashes: ["hash_ids"],
  // Not "worker": in results of a run that is where a request went.
  worker: [PIN_NAMES.worker],
  prefill_worker: [PIN_NAMES.prefill_worker],
  decode_worker: [PIN_NAMES.decode_worker],
  allowed_workers: [ALLOWED_NAME],
};

const SUFFIXES: readonly NumericUnit[] = ["s", "ms", "us", "ns"];

/** A name without its unit suffix, and the unit. */
export function splitUnit(name: string): { stem: string; unit: NumericUnit | undefined } {
  const normal = normalName(name);
  for (const unit of SUFFIXES) {
    const suffix = `_${unit}`;
    if (normal.endsWith(suffix)) {
      return { stem: normal.slice(0, -suffix.length).replace(/_unix$/, ""), unit };
    }
  }
  return { stem: normal, unit: undefined };
}

export type BoundColumns = {
  readonly columns: { readonly [role in Role]?: number };
  /** Roles that no name fits. */
  readonly missing: readonly Role[];
  /** Names of the map that the file does not have. */
  readonly unknown: readonly string[];
};

/** Finds a column for each role: by the map first, by the usual names otherwise. */
export function bindColumns(names: readonly string[], map: ColumnMap): BoundColumns {
  const normal = names.map(normalName);
  const stems = names.map((name) => splitUnit(name).stem);
  const columns: { [role in Role]?: number } = {};
  const unknown: string[] = [];
  for (const [role, aliases] of Object.entries(ALIASES) as [Role, readonly string[]][]) {
    const named = map[role];
    if (named !== undefined) {
      const exact = names.indexOf(named);
      const index = exact >= 0 ? exact : normal.indexOf(normalName(named));
      if (index >= 0) columns[role] = index;
      else unknown.push(named);
      continue;
    }
    const timed = role === "arrival" || role === "delay" || role === "elapsed";
    for (const alias of aliases) {
      const index = (timed ? stems : normal).indexOf(alias);
      if (index < 0) continue;
      columns[role] = index;
      break;
    }
  }
  const required: readonly Role[] = ["arrival", "input", "output"];
  const missing = required.filter((role) => columns[role] === undefined);
  return { columns, missing, unknown };
}

/** Rates a served model plausibly sees, requests/s (traces.md §5: 0.01 to 10,000), and a middle one. */
const TYPICAL_RATE = 5;

const UNIT_SECONDS: { readonly [unit in NumericUnit]: number } = {
  s: 1,
  ms: 1e3,
  us: 1e6,
  ns: 1e9,
};

export type UnitGuess = { readonly unit: NumericUnit; readonly remark: string };

/**
 * Guesses the unit of numeric times from a sample: by magnitude when they are wall-clock times, else the
 * unit whose request rate is closest, as a ratio, to a typical one. The remark says what was taken
 * and what it implies, because a wrong unit is a load a thousand times off.
 */
export function guessUnit(sample: readonly number[]): UnitGuess {
  let low = Infinity;
  let high = -Infinity;
  for (const time of sample) {
    low = Math.min(low, time);
    high = Math.max(high, time);
  }
  // 1e9 s is September 2001; each finer unit is a thousand times larger.
  if (low >= 1e9 && low < 1e19) {
    const unit = low < 1e11 ? "s" : low < 1e14 ? "ms" : low < 1e17 ? "us" : "ns";
    return { unit, remark: `noted: times taken as ${unit} since 1970, by their size` };
  }
  const span = high - low;
  if (!(span > 0)) return { unit: "s", remark: "noted: times taken as s, too few to tell" };
  let best: NumericUnit = "s";
  let bestDistance = Infinity;
  for (const unit of SUFFIXES) {
    const rate = ((sample.length - 1) / span) * UNIT_SECONDS[unit];
    const distance = rate > TYPICAL_RATE ? rate / TYPICAL_RATE : TYPICAL_RATE / rate;
    if (distance < bestDistance) {
      best = unit;
      bestDistance = distance;
    }
  }
  const rate = ((sample.length - 1) / span) * UNIT_SECONDS[best];
  return {
    unit: best,
    remark:
      `noted: times taken as ${best}, which makes ${rate.toPrecision(3)} requests/s at first; ` +
      "another unit is chosen with --time-unit",
  };
}
