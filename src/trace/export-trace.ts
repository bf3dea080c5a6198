/** A trace as bytes: Mooncake JSON Lines, our CSV, or lossless columns. */

import { ByteWriter } from "./byte-writer.ts";
import { encodeTrace } from "./columns-trace.ts";
import { LABEL_NAMES } from "./draft.ts";
import { writeAgentic, writeHints } from "./export-agentic.ts";
import { writeIds } from "./export-ids.ts";
import { pinFields, writePins } from "./export-pins.ts";
import type { Trace } from "./trace.ts";

export const EXPORT_FORMATS = ["mooncake", "agentic_mooncake", "csv", "columns"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Bytes assumed per row at first; the writer grows when rows are longer. */
const ROW_BYTES = 64;

/**
 * Writes a trace. `mooncake` is what Mooncake publishes and Dynamo replays (times in ms, block ids
 * spelled out, the block size known to the reader); `agentic_mooncake` has calls that wait for calls; `csv` has a header with units; `columns` keeps
 * everything. What the first two lose is listed by `exportLosses`.
 */
export function exportTrace(trace: Trace, format: ExportFormat): Uint8Array {
  if (format === "columns") return encodeTrace(trace);
  if (format === "agentic_mooncake") return writeAgentic(trace);
  return format === "mooncake" ? writeMooncake(trace) : writeCsv(trace);
}

/** What a format cannot carry of this trace, one phrase each; empty when nothing is lost. */
export function exportLosses(trace: Trace, format: ExportFormat): string[] {
  if (format === "columns") return [];
  const losses: string[] = [];
  const { header, hashes, sessions } = trace;
  if (header.epochUnixUs !== undefined) losses.push("the wall-clock time of the first row");
  if (format === "agentic_mooncake") return losses;
  if (trace.graph !== undefined)
    losses.push("calls that wait for calls (agentic_mooncake has them)");
  if (sessions !== undefined && !isLinear(trace)) {
    losses.push("parents other than the session's previous turn");
  }
  if (format === "csv") {
    if (hashes !== undefined) losses.push("block ids");
    if (trace.hints !== undefined) losses.push("hints of agents");
    return losses;
  }
  if (hashes !== undefined && header.blockSize !== 512) {
    losses.push(`the block size (give the reader --block-size ${header.blockSize})`);
  }
  return losses;
}

/** Whether each turn's parent is the previous row of its session. */
function isLinear({ sessions }: Trace): boolean {
  if (sessions === undefined) return true;
  const last = new Int32Array(sessions.sessionCount).fill(-1);
  return sessions.session.every((session, row) => {
    if (session < 0) return sessions.parent[row] === -1;
    const previous = last[session]!;
    last[session] = row;
    return sessions.parent[row] === previous;
  });
}

function writeMooncake(trace: Trace): Uint8Array {
  const { hashes, sessions, priority, labels, hints, pins } = trace;
  const writer = new ByteWriter(trace.rows * ROW_BYTES);
  const model = labels?.model?.values.map((text) => JSON.stringify(text));
  const tenant = labels?.tenant?.values.map((text) => JSON.stringify(text));
  const policy = labels?.class?.values.map((text) => JSON.stringify(text));
  for (let row = 0; row < trace.rows; row++) {
    const time = trace.arrivalUs[row]!;
    writer.ascii("{");
    if (time === time) {
      writer.ascii('"timestamp": ');
      writer.thousandths(time);
      writer.ascii(", ");
    }
    writer.ascii('"input_length": ');
    writer.whole(trace.inputTokens[row]!);
    writer.ascii(', "output_length": ');
    writer.whole(trace.outputTokens[row]!);
    if (hashes !== undefined) writeIds(writer, hashes, row);
    if (sessions !== undefined && sessions.session[row]! >= 0) {
      writer.ascii(', "session_id": "');
      writer.whole(sessions.session[row]!);
      writer.ascii('"');
      const delay = sessions.delayUs[row]!;
      if (delay === delay) {
        writer.ascii(', "delay": ');
        writer.thousandths(delay);
      }
    }
    if (priority !== undefined && priority[row] !== 0) {
      writer.ascii(', "priority": ');
      writer.signed(priority[row]!);
    }
    writeHints(writer, hints, row);
    writePins(writer, pins, row);
    if (model !== undefined) writer.text(`, "model": ${model[labels!.model!.codes[row]!]!}`);
    if (tenant !== undefined) {
      writer.text(`, "tenant": ${tenant[labels!.tenant!.codes[row]!]!}`);
    }
    if (policy !== undefined) {
      writer.text(`, "policy_class": ${policy[labels!.class!.codes[row]!]!}`);
    }
    writer.ascii("}\n");
  }
  return writer.bytes();
}

function writeCsv(trace: Trace): Uint8Array {
  const { sessions, priority } = trace;
  const writer = new ByteWriter(trace.rows * ROW_BYTES);
  const labels = LABEL_NAMES.flatMap((name) => {
    const label = trace.labels?.[name];
    return label === undefined
      ? []
      : [{ name, codes: label.codes, values: label.values.map(csvField) }];
  });
  writer.ascii("arrival_us,input_tokens,output_tokens");
  if (sessions !== undefined) writer.ascii(",session_id,delay_us");
  if (priority !== undefined) writer.ascii(",priority");
  const pins = pinFields(trace.pins);
  for (const { name } of [...labels, ...pins]) writer.ascii(`,${name}`);
  writer.ascii("\n");
  for (let row = 0; row < trace.rows; row++) {
    const time = trace.arrivalUs[row]!;
    if (time === time) writer.whole(time);
    writer.ascii(",");
    writer.whole(trace.inputTokens[row]!);
    writer.ascii(",");
    writer.whole(trace.outputTokens[row]!);
    if (sessions !== undefined) {
      writer.ascii(",");
      if (sessions.session[row]! >= 0) writer.whole(sessions.session[row]!);
      writer.ascii(",");
      const delay = sessions.delayUs[row]!;
      if (delay === delay) writer.whole(delay);
    }
    if (priority !== undefined) {
      writer.ascii(",");
      writer.signed(priority[row]!);
    }
    for (const { codes, values } of labels) {
      writer.ascii(",");
      writer.text(values[codes[row]!]!);
    }
    for (const { field } of pins) writer.ascii(`,${field(row)}`);
    writer.ascii("\n");
  }
  return writer.bytes();
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
