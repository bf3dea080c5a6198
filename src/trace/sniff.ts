/** What kind of file some bytes are: by magic, first line, and header names. */

import { fail, ok, type Problem, type Result } from "../core/index.ts";
import { AGENTIC_SCHEMA } from "./agentic-mooncake.ts";
import { bomLength, LF, OPEN_BRACE, OPEN_BRACKET, SPACE, textOf } from "./bytes.ts";
import { csvHeader } from "./csv-reader.ts";
import { bindKnownCsv, KNOWN_CSV, normalName } from "./csv-shape.ts";
import { DYNAMO_SCHEMA } from "./dynamo-request.ts";
import { DEFAULT_NAME, type CallFormat, type FormatName, type Role } from "./import-options.ts";

export type Sniffed = {
  readonly format: FormatName;
  /** Delimiter byte of a CSV file. */
  readonly delimiter: number;
  /** Header names of a CSV file, or keys of the first JSON row. */
  readonly names: readonly string[];
};

/** Bytes of the first line looked at (assumption: no header or first row is longer). */
const FIRST_LINE_LIMIT = 1 << 20;

/** Bytes of an object spread over lines that are looked at (assumption: its own keys come first). */
const SPREAD_BYTES = 4096;

const DELIMITERS = [",", ";", "\t", "|"].map((text) => text.charCodeAt(0));

const MAGICS: readonly { bytes: readonly number[]; what: string; remedy: string }[] = [
  {
    bytes: [0x1f, 0x8b],
    what: "the bytes are gzip-compressed",
    remedy: "decompress first (files named on the command line are decompressed by themselves)",
  },
  {
    bytes: [0x28, 0xb5, 0x2f, 0xfd],
    what: "the bytes are zstd-compressed",
    remedy: "decompress the file with `zstd -d` first",
  },
  {
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    what: "the bytes are xz-compressed",
    remedy: "decompress the file with `xz -d` first",
  },
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    what: "the bytes are a zip archive",
    remedy: "unpack the archive and import the file in it",
  },
  {
    bytes: [0x50, 0x41, 0x52, 0x31],
    what: "the file is Parquet, which is not read",
    remedy: "convert it to CSV with the columns arrival, input_tokens, output_tokens",
  },
  {
    bytes: [0xff, 0xfe],
    what: "the text is UTF-16",
    remedy: "save the file as UTF-8",
  },
  {
    bytes: [0xfe, 0xff],
    what: "the text is UTF-16",
    remedy: "save the file as UTF-8",
  },
];

/** "HWCOLS": start of a `headworks.columns.v1` file. */
const COLUMNS_MAGIC = [0x48, 0x57, 0x43, 0x4f, 0x4c, 0x53];

/** JSON rows that are known but not plain requests, by a key that gives them away. */
const OTHER_JSON: readonly { key: string; what: string; remedy: string }[] = [
  {
    key: "text_input",
    what: "the rows hold prompts as text, which needs a tokenizer",
    remedy: "replace the text by input_length in tokens",
  },
  {
    key: "messages",
    what: "the rows hold prompts as messages, which needs a tokenizer",
    remedy: "replace the messages by input_length in tokens",
  },
  {
    key: "requests",
    what: "each row holds several requests (an AIBrix or agent session)",
    remedy: "flatten it to one request per line, with session_id and delay",
  },
  {
    key: "sub_requests",
    what: "each row holds several requests (an LLMServingSim session)",
    remedy: "flatten it to one request per line, with session_id and delay",
  },
];

/**
 * Finds the format of some bytes. Errors: an empty file, a compressed or foreign file, a header that fits no
 * format and names no usable columns.
 */
export function sniffFormat(bytes: Uint8Array, name = DEFAULT_NAME): Result<Sniffed> {
  for (const magic of MAGICS) {
    if (startsWith(bytes, magic.bytes)) {
      return refuse(name, { what: magic.what, remedy: magic.remedy });
    }
  }
  if (startsWith(bytes, COLUMNS_MAGIC)) return ok({ format: "columns", delimiter: 0, names: [] });
  let from = bomLength(bytes);
  while (from < bytes.length && bytes[from]! <= SPACE) from++;
  if (from === bytes.length) {
    return refuse(name, {
      what: "the file is empty",
      expected: "CSV with a header, or one JSON object per line",
      remedy: "check that it was written and copied whole",
    });
  }
  const end = bytes.subarray(0, from + FIRST_LINE_LIMIT).indexOf(LF, from);
  const line = bytes.subarray(from, end < 0 ? from + FIRST_LINE_LIMIT : end);
  if (line.includes(0)) {
    return refuse(name, {
      what: "the file is binary",
      expected: "CSV with a header, or one JSON object per line",
      remedy: "name the trace itself, as text; a 0 byte within text is damage",
    });
  }
  if (line[0] === OPEN_BRACE) {
    // An object spread over lines tells its keys on the next ones.
    const isSpread = line.every((byte) => byte === OPEN_BRACE || byte <= SPACE);
    return sniffJson(isSpread ? bytes.subarray(from, from + SPREAD_BYTES) : line, name);
  }
  if (line[0] === OPEN_BRACKET) {
    return refuse(name, {
      what: "the file is a JSON array",
      expected: "one JSON object per line",
      remedy: "write each element on a line of its own, for example with `jq -c '.[]'`",
    });
  }
  return sniffCsv(line);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function refuse(where: string, problem: Problem): Result<Sniffed> {
  return fail({ where, ...problem });
}

function sniffJson(line: Uint8Array, name: string): Result<Sniffed> {
  const names = jsonKeys(line);
  const calls = callFormat(names, textOf(line.subarray(0, SCHEMA_BYTES)));
  if (calls !== undefined) return ok({ format: calls, delimiter: 0, names });
  for (const other of OTHER_JSON) {
    if (names.includes(other.key)) {
      return refuse(name, {
        what: other.what,
        expected: "one request per line, with its lengths in tokens",
        remedy: other.remedy,
      });
    }
  }
  const mooncake =
    names.includes("hash_ids") ||
    ["input_length", "output_length"].every((key) => names.includes(key)) ||
    (["input_tokens", "output_tokens"].every((key) => names.includes(key)) &&
      ["timestamp", "created_time"].some((key) => names.includes(key)));
  return ok({ format: mooncake ? "mooncake" : "jsonl", delimiter: 0, names });
}

/** Bytes in which a row names its schema (assumption). */
const SCHEMA_BYTES = 4096;

/** The call format that a first row's keys give away. */
function callFormat(names: readonly string[], text: string): CallFormat | undefined {
  const has = (...keys: readonly string[]): boolean => keys.every((key) => names.includes(key));
  if (text.includes(DYNAMO_SCHEMA)) return "dynamo";
  if (text.includes(AGENTIC_SCHEMA)) return "agentic_mooncake";
  if (has("request_id") && (has("wait_for") || has("dependencies"))) return "agentic_mooncake";
  if (has("requests") && (has("hash_id_scope") || has("block_size", "models"))) return "weka";
  if (has("chat_id", "parent_chat_id")) return "bailian";
  if (has("num_turns", "tool_call_latency")) return "applied_compute";
  return undefined;
}

/** Top-level keys of a JSON object, as far as its line can be read. */
export function jsonKeys(line: Uint8Array): string[] {
  const text = textOf(line);
  try {
    const row: unknown = JSON.parse(text);
    return typeof row === "object" && row !== null ? Object.keys(row) : [];
  } catch {
    // A broken first row: its keys still tell the format, and the reader then names the fault.
    return Array.from(text.matchAll(/"([A-Za-z_][\w-]{0,40})"\s*:/g), (match) => match[1]!);
  }
}

function sniffCsv(line: Uint8Array): Result<Sniffed> {
  let delimiter = DELIMITERS[0]!;
  let most = 0;
  for (const candidate of DELIMITERS) {
    let count = 0;
    for (const byte of line) if (byte === candidate) count++;
    if (count > most) {
      most = count;
      delimiter = candidate;
    }
  }
  const names = csvHeader(line, delimiter);
  const known = delimiter === DELIMITERS[0] ? bindKnownCsv(names, undefined) : undefined;
  return ok({ format: known?.format ?? "csv", delimiter, names });
}

/** The problem of a header that lacks columns, with what would have fitted. */
export function headerProblem(
  name: string,
  format: FormatName,
  names: readonly string[],
  missing: readonly Role[],
  unknown: readonly string[],
): Problem {
  const where = `${name}, line 1`;
  const found = names.map((text) => text.trim()).join(", ");
  if (unknown.length > 0) {
    return {
      what: `no column named ${unknown.map((text) => `"${text}"`).join(", ")}`,
      where,
      expected: `one of: ${found}`,
      remedy: "correct the column map",
    };
  }
  const normal = names.map(normalName);
  const lengths = normal.includes("num_prefill_tokens") && normal.includes("num_decode_tokens");
  if (lengths && missing.includes("arrival")) {
    return {
      what: "the file has token lengths but no arrival times (a vidur length file)",
      where,
      expected: "a column arrived_at in seconds",
      remedy:
        "add arrivals (a column arrived_at), or use the lengths as a distribution for `headworks trace synth`",
    };
  }
  if (names.length > 0 && normal.every((text) => text === "" || /^[\d.:+\-_tz]+$/.test(text))) {
    return {
      what: "the first line is data, a header is missing",
      where,
      expected: "a header that names the columns",
      remedy: "add a header line such as arrival_s,input_tokens,output_tokens",
    };
  }
  const formats = KNOWN_CSV.filter((known) => format === "csv" || known.format === format)
    .map(({ title, columns }) => `${Object.values(columns).slice(0, 3).join(",")} (${title})`)
    .join("; ");
  return {
    what: `the header names no column for ${missing.join(", ")}; it has: ${shorten(found)}`,
    where,
    expected: format === "jsonl" ? "keys for arrival, input and output" : formats,
    remedy: "name the columns, for example --columns arrival=NAME,input=NAME,output=NAME",
  };
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
