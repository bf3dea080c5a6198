/** Formats whose rows nest, or whose calls wait for calls: values of the file → a reader → the draft. */

import { fail, type Result } from "../core/index.ts";
import { AgenticMooncakeReader } from "./agentic-mooncake.ts";
import { APPLIED_BLOCK_SIZE, AppliedComputeReader } from "./applied-compute.ts";
import { BAILIAN_BLOCK_SIZE, BailianReader } from "./bailian.ts";
import { Draft } from "./draft.ts";
import { DynamoRequestReader } from "./dynamo-request.ts";
import { finishTrace } from "./finish.ts";
import {
  DEFAULT_NAME,
  MOONCAKE_BLOCK_SIZE,
  type CallFormat,
  type ImportOptions,
} from "./import-options.ts";
import { Fields } from "./json-fields.ts";
import { isObject, JsonValues, type JsonValue } from "./json-value.ts";
import { RowFaults, type RowFault } from "./row-faults.ts";
import type { Trace } from "./trace.ts";
import { WEKA_BLOCK_SIZE, WekaReader } from "./weka.ts";

const ID_KEYS = ["hash_ids", "input_sequence_hashes"];

type Reader = {
  read(value: JsonValue, line: number): RowFault | undefined;
  end?(reject: (line: number, fault: RowFault) => boolean): boolean | void;
};

/** Block size where the file does not tell it. */
const BLOCK_SIZES: { readonly [format in CallFormat]: number } = {
  agentic_mooncake: MOONCAKE_BLOCK_SIZE,
  weka: WEKA_BLOCK_SIZE,
  dynamo: MOONCAKE_BLOCK_SIZE,
  bailian: BAILIAN_BLOCK_SIZE,
  applied_compute: APPLIED_BLOCK_SIZE,
};

/** Reads a file of one of the call formats. Errors: as `importTrace`; also edges to unknown calls and circles of calls. */
export function importCalls(
  bytes: Uint8Array,
  format: CallFormat,
  options: ImportOptions,
): Result<Trace> {
  const values = new JsonValues(bytes, ID_KEYS);
  const faults = new RowFaults(options.name ?? DEFAULT_NAME, options.maxBadRows ?? 0);
  let draft: Draft | undefined;
  let reader: Reader | undefined;
  for (;;) {
    const value = values.next();
    if (value === undefined && values.fault === "") break;
    if (value === undefined) {
      const expected = "JSON objects, one after the other";
      if (!faults.reject(values.line, { reason: values.fault, expected })) return faults.failure();
      continue;
    }
    if (draft === undefined || reader === undefined) {
      const blockSize = options.blockSize ?? blockSizeIn(value) ?? BLOCK_SIZES[format];
      const dropZeroOutput = options.zeroOutput === "drop";
      const room = { blockSize, dropZeroOutput, rowLimit: Infinity, rowsExpected: 0 };
      draft = new Draft(room, faults);
      reader = readerOf(format, draft, options);
    }
    const fault = reader.read(value, values.line);
    if (fault !== undefined && !faults.reject(values.line, fault)) return faults.failure();
  }
  if (draft === undefined || reader === undefined) {
    return fail({
      what: "the file has no rows",
      where: options.name ?? DEFAULT_NAME,
      remedy: "check that the file is complete",
    });
  }
  if (reader.end?.((line, fault) => faults.reject(line, fault)) === false) return faults.failure();
  return finishTrace(draft, { format, options, transforms: [] });
}

function readerOf(format: CallFormat, draft: Draft, options: ImportOptions): Reader {
  switch (format) {
    case "agentic_mooncake":
      return new AgenticMooncakeReader(draft);
    case "weka":
      return new WekaReader(draft, options.shareSystem === true);
    case "dynamo":
      return new DynamoRequestReader(draft);
    case "bailian":
      return new BailianReader(draft);
    case "applied_compute":
      return new AppliedComputeReader(draft);
  }
}

/** The block size that a first value tells: a header's, a task's, or that of a recorded request. */
function blockSizeIn(value: JsonValue): number | undefined {
  if (!isObject(value)) return undefined;
  const event = value["event"];
  const row = isObject(event) ? event : value;
  const request = row["request"];
  const replay = isObject(request) ? request["replay"] : undefined;
  const told = isObject(replay) ? replay["trace_block_size"] : row["block_size"];
  const size = new Fields({ size: told ?? null }).count("size");
  return size > 0 ? size : undefined;
}
