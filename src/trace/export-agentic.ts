/** A trace as Dynamo's `agentic_mooncake`, version 2: a header, then a call per line with typed edges to the calls it waits for. */

import { AGENTIC_SCHEMA } from "./agentic-mooncake.ts";
import { ByteWriter } from "./byte-writer.ts";
import { writeIds } from "./export-ids.ts";
import { writePins } from "./export-pins.ts";
import { RELATIONS, TRIGGERS, type AgentHints, type CallGraph, type Trace } from "./trace.ts";

/** Bytes assumed per row at first; the writer grows when rows are longer. */
const ROW_BYTES = 256;

/** Rows as calls named by their number; those of plain sessions follow their turn before. */
export function writeAgentic(trace: Trace): Uint8Array {
  const { hashes, graph, header } = trace;
  const writer = new ByteWriter(trace.rows * ROW_BYTES);
  writer.text(
    `${JSON.stringify({
      schema: AGENTIC_SCHEMA,
      version: 2,
      ...(hashes === undefined ? {} : { block_size: header.blockSize, hash_id_scope: "global" }),
      source: { format: header.format, digest: header.source?.sha256 ?? "" },
    })}\n`,
  );
  const firsts = graph === undefined ? undefined : taskStarts(trace, graph);
  for (let row = 0; row < trace.rows; row++) {
    writer.ascii('{"request_id": "');
    writer.whole(row);
    writer.ascii('"');
    writeGroups(writer, trace, row);
    writer.ascii(', "input_length": ');
    writer.whole(trace.inputTokens[row]!);
    writer.ascii(', "output_length": ');
    writer.whole(trace.outputTokens[row]!);
    if (hashes !== undefined) writeIds(writer, hashes, row);
    writeTimes(writer, trace, row, firsts);
    writeMarks(writer, trace, row);
    writeEdges(writer, trace, row);
    writer.ascii("}\n");
  }
  return writer.bytes();
}

/** First arrival of each task, µs. */
function taskStarts({ arrivalUs }: Trace, { task, taskCount }: CallGraph): Float64Array {
  const firsts = new Float64Array(taskCount).fill(Infinity);
  task.forEach((code, row) => {
    if (code >= 0 && arrivalUs[row]! < firsts[code]!) firsts[code] = arrivalUs[row]!;
  });
  return firsts;
}

function writeGroups(writer: ByteWriter, { graph, sessions, labels }: Trace, row: number): void {
  const session = sessions?.session[row] ?? -1;
  const task = graph === undefined ? session : graph.task[row]!;
  if (task >= 0) writer.ascii(`, "play_id": "${task}"`);
  if (session >= 0) writer.ascii(`, "session_id": "${session}"`);
  const model = labels?.model;
  if (model !== undefined) {
    writer.text(`, "model": ${JSON.stringify(model.values[model.codes[row]!]!)}`);
  }
}

function writeTimes(
  writer: ByteWriter,
  { graph, arrivalUs }: Trace,
  row: number,
  firsts: Float64Array | undefined,
): void {
  const isRoot = graph === undefined || graph.edgeStart[row] === graph.edgeStart[row + 1];
  const first = firsts?.[graph!.task[row]!] ?? 0;
  const time = isRoot ? arrivalUs[row]! : first + (graph.notBeforeUs?.[row] ?? 0);
  const isTold = isRoot ? !Number.isNaN(time) : (graph.notBeforeUs?.[row] ?? 0) > 0;
  if (!isTold) return;
  writer.ascii(', "not_before_ms": ');
  writer.thousandths(time);
}

function writeMarks(
  writer: ByteWriter,
  { priority, hints, pins, labels }: Trace,
  row: number,
): void {
  if (priority !== undefined && priority[row] !== 0) {
    writer.ascii(', "priority": ');
    writer.signed(priority[row]!);
  }
  writeHints(writer, hints, row);
  writePins(writer, pins, row);
  for (const [name, label] of [
    ["policy_class", labels?.class],
    ["tenant", labels?.tenant],
  ] as const) {
    const text = label?.values[label.codes[row]!] ?? "";
    if (text !== "") writer.text(`, "${name}": ${JSON.stringify(text)}`);
  }
}

/** Appends a row's hints to the open object. */
export function writeHints(writer: ByteWriter, hints: AgentHints | undefined, row: number): void {
  const numbers = [
    ["strict_priority", hints?.strictPriority?.[row] ?? 0],
    ["osl", hints?.outputTokens?.[row] ?? 0],
  ] as const;
  for (const [name, value] of numbers) if (value > 0) writer.ascii(`, "${name}": ${value}`);
  const keepUs = hints?.keepUs?.[row] ?? 0;
  if (keepUs > 0) {
    writer.ascii(', "keep_ms": ');
    writer.thousandths(keepUs);
  }
}

function writeEdges(writer: ByteWriter, { graph, sessions, arrivalUs }: Trace, row: number): void {
  if (graph === undefined) {
    const parent = sessions?.parent[row] ?? -1;
    if (parent < 0) return;
    const told = sessions!.delayUs[row]!;
    // Without a recorded delay the distance of the arrivals stands for it, as in a replay.
    const distance = Math.max(0, arrivalUs[row]! - arrivalUs[parent]!);
    writer.ascii(', "dependencies": [');
    writeEdge(writer, parent, 0, 0, Number.isNaN(told) ? distance : told);
    writer.ascii("]");
    return;
  }
  const from = graph.edgeStart[row]!;
  const to = graph.edgeStart[row + 1]!;
  if (from === to) return;
  writer.ascii(', "dependencies": [');
  for (let edge = from; edge < to; edge++) {
    if (edge > from) writer.ascii(", ");
    const { on, trigger, relation, delayUs } = graph;
    writeEdge(writer, on[edge]!, trigger[edge]!, relation[edge]!, delayUs[edge]!);
  }
  writer.ascii("]");
}

function writeEdge(
  writer: ByteWriter,
  on: number,
  trigger: number,
  relation: number,
  delayUs: number,
): void {
  writer.ascii(`{"request_id": "${on}", "trigger": "${TRIGGERS[trigger]!}", "delay_ms": `);
  writer.thousandths(delayUs);
  writer.ascii(`, "relation": "${RELATIONS[relation]!}"}`);
}
