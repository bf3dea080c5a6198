/** A trace as a `headworks.columns.v1` file, without loss. */

import {
  decodeColumns,
  encodeColumns,
  fail,
  ok,
  type ColumnTable,
  type Result,
  type TableColumn,
} from "../core/index.ts";
import { bytesOf, textOf } from "./bytes.ts";
import { LABEL_NAMES } from "./draft.ts";
import { column, graphColumns, hintColumns, readGraph, readHints } from "./columns-graph.ts";
import { pinColumns, readPins } from "./columns-pins.ts";
import { DEFAULT_NAME, type ImportOptions } from "./import-options.ts";
import type { CallGraph, HashRuns, LabelColumn, Sessions, Trace, TraceHeader } from "./trace.ts";

const TABLE = "trace";

/** Fixed parts of a trace that are not columns, kept as JSON text in a byte column of their own. */
type Meta = {
  readonly header: TraceHeader;
  readonly idCount: number;
  readonly sessionCount: number;
  readonly taskCount?: number;
  readonly labels: { readonly [name: string]: readonly string[] };
};

/** Writes a trace with everything it holds. */
export function encodeTrace(trace: Trace): Uint8Array {
  const labels: { [name: string]: readonly string[] } = {};
  const columns: TableColumn[] = [
    { name: "arrival", unit: "us", data: trace.arrivalUs },
    { name: "input", unit: "token", data: trace.inputTokens },
    { name: "output", unit: "token", data: trace.outputTokens },
  ];
  if (trace.hashes !== undefined) {
    columns.push(
      { name: "hashRowStart", data: trace.hashes.rowStart },
      { name: "hashStart", data: trace.hashes.start },
      { name: "hashLength", unit: "block", data: trace.hashes.length },
    );
  }
  if (trace.sessions !== undefined) {
    columns.push(
      { name: "session", data: trace.sessions.session },
      { name: "parent", data: trace.sessions.parent },
      { name: "delay", unit: "us", data: trace.sessions.delayUs },
    );
  }
  if (trace.graph !== undefined) columns.push(...graphColumns(trace.graph));
  columns.push(...hintColumns(trace.hints), ...pinColumns(trace.pins));
  if (trace.priority !== undefined) columns.push({ name: "priority", data: trace.priority });
  for (const name of LABEL_NAMES) {
    const label = trace.labels?.[name];
    if (label === undefined) continue;
    labels[name] = label.values;
    columns.push({ name: `label.${name}`, data: label.codes });
  }
  const meta: Meta = {
    header: trace.header,
    idCount: trace.hashes?.idCount ?? 0,
    sessionCount: trace.sessions?.sessionCount ?? 0,
    ...(trace.graph === undefined ? {} : { taskCount: trace.graph.taskCount }),
    labels,
  };
  columns.push({ name: "meta", data: bytesOf(JSON.stringify(meta)) });
  return encodeColumns({ name: TABLE, columns });
}

/**
 * Reads a trace written by `encodeTrace`. Errors: a damaged or foreign file, columns that contradict each
 * other, options that only text formats have.
 */
export function decodeTrace(bytes: Uint8Array, options: ImportOptions): Result<Trace> {
  const name = options.name ?? DEFAULT_NAME;
  if (options.window !== undefined || options.limit !== undefined) {
    return fail({
      what: "a columns file is read whole",
      where: name,
      remedy: "cut the trace when it is imported from its source, or convert it to csv first",
    });
  }
  const table = decodeColumns(bytes);
  if (!table.ok) {
    const { where } = table.problem;
    return fail({ ...table.problem, where: where === undefined ? name : `${name}, ${where}` });
  }
  const trace = assemble(table.value);
  if (typeof trace === "string") {
    return fail({
      what: `the columns file holds no sound trace: ${trace}`,
      where: name,
      remedy: "write it again with `headworks trace convert`",
    });
  }
  return ok(options.name === undefined ? trace : { ...trace, header: { ...trace.header, name } });
}

function assemble(table: ColumnTable): Trace | string {
  if (table.name !== TABLE) return `it is a table named "${table.name}"`;
  const meta = readMeta(column(table, "meta", Uint8Array));
  if (meta === undefined) return "its header is unreadable";
  const arrivalUs = column(table, "arrival", Float64Array);
  const inputTokens = column(table, "input", Uint32Array);
  const outputTokens = column(table, "output", Uint32Array);
  if (arrivalUs === undefined || inputTokens === undefined || outputTokens === undefined) {
    return "a column of arrivals, inputs or outputs is missing";
  }
  const rows = arrivalUs.length;
  if (inputTokens.length !== rows || outputTokens.length !== rows) {
    return "its columns differ in length";
  }
  const hashes = readHashes(table, meta, rows);
  if (typeof hashes === "string") return hashes;
  const sessions = readSessions(table, meta, rows);
  if (typeof sessions === "string") return sessions;
  const graph = readGraph(table, meta.taskCount, rows);
  if (typeof graph === "string") return graph;
  const hints = readHints(table, rows);
  if (typeof hints === "string") return hints;
  const pins = readPins(table, rows);
  if (typeof pins === "string") return pins;
  const fault = arrivalFault(arrivalUs, sessions, graph);
  if (fault !== undefined) return fault;
  const labels = readLabels(table, meta, rows);
  if (typeof labels === "string") return labels;
  const priority = column(table, "priority", Int16Array);
  if (priority !== undefined && priority.length !== rows) return "its columns differ in length";
  return {
    header: meta.header,
    rows,
    arrivalUs,
    inputTokens,
    outputTokens,
    ...(hashes === undefined ? {} : { hashes }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(graph === undefined ? {} : { graph }),
    ...(hints === undefined ? {} : { hints }),
    ...(pins === undefined ? {} : { pins }),
    ...(priority === undefined ? {} : { priority }),
    ...(labels === undefined ? {} : { labels }),
  };
}

/** The file's digest has vouched for its bytes: what is checked here is that it is ours. */
function readMeta(bytes: Uint8Array | undefined): Meta | undefined {
  if (bytes === undefined) return undefined;
  try {
    const meta = JSON.parse(textOf(bytes)) as Meta;
    return meta.header.v === 1 && Array.isArray(meta.header.importLog) ? meta : undefined;
  } catch {
    return undefined;
  }
}

function readHashes(table: ColumnTable, meta: Meta, rows: number): HashRuns | string | undefined {
  const rowStart = column(table, "hashRowStart", Uint32Array);
  const start = column(table, "hashStart", Uint32Array);
  const length = column(table, "hashLength", Uint32Array);
  if (rowStart === undefined || start === undefined || length === undefined) return undefined;
  if (rowStart.length !== rows + 1 || start.length !== length.length || rowStart[0] !== 0) {
    return "its block runs do not fit its rows";
  }
  for (let row = 0; row < rows; row++) {
    if (rowStart[row + 1]! < rowStart[row]!) return "its block runs are out of order";
  }
  if (rowStart[rows] !== start.length) return "its block runs do not fit its rows";
  for (let run = 0; run < start.length; run++) {
    if (length[run] === 0 || start[run]! + length[run]! > meta.idCount) {
      return "a block run reaches beyond its ids";
    }
  }
  return { rowStart, start, length, idCount: meta.idCount };
}

function readSessions(table: ColumnTable, meta: Meta, rows: number): Sessions | string | undefined {
  const session = column(table, "session", Int32Array);
  const parent = column(table, "parent", Int32Array);
  const delayUs = column(table, "delay", Float64Array);
  if (session === undefined || parent === undefined || delayUs === undefined) return undefined;
  if (session.length !== rows || parent.length !== rows || delayUs.length !== rows) {
    return "its columns differ in length";
  }
  for (let row = 0; row < rows; row++) {
    if (parent[row]! >= row) return "a turn comes before its parent";
    if (session[row]! >= meta.sessionCount) return "a session number is out of range";
    if (delayUs[row]! < 0) return "a delay is negative";
  }
  return { session, sessionCount: meta.sessionCount, parent, delayUs };
}

function arrivalFault(
  arrivalUs: Float64Array,
  sessions: Sessions | undefined,
  graph: CallGraph | undefined,
): string | undefined {
  let latest = 0;
  for (let row = 0; row < arrivalUs.length; row++) {
    const time = arrivalUs[row]!;
    if (time !== time) {
      const waits =
        graph === undefined
          ? sessions !== undefined && sessions.parent[row]! >= 0
          : graph.edgeStart[row]! < graph.edgeStart[row + 1]!;
      if (!waits) return "a first turn has no arrival";
      continue;
    }
    if (!(time >= latest) || time === Infinity) return "its arrivals are out of order";
    latest = time;
  }
  return undefined;
}

function readLabels(table: ColumnTable, meta: Meta, rows: number): Trace["labels"] | string {
  const labels: { [name in (typeof LABEL_NAMES)[number]]?: LabelColumn } = {};
  let any = false;
  for (const name of LABEL_NAMES) {
    const codes = column(table, `label.${name}`, Uint16Array);
    const values = meta.labels[name];
    if (codes === undefined || values === undefined) continue;
    if (codes.length !== rows) return "its columns differ in length";
    if (codes.some((code) => code >= values.length)) return "a label has no name";
    labels[name] = { values, codes };
    any = true;
  }
  return any ? labels : undefined;
}
