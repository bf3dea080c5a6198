/**
 * `dynamo.request.trace.v1`: what Dynamo records of its requests, one line at the end of each. Lines come in order of completion and
 * may be missing; all are read before anything is told. Requests with an agent's context become calls that wait for calls. Source:
 * dynamo-simulation.md §5.7, traces.md §3.
 */

import type { Draft } from "./draft.ts";
import { GraphDraft } from "./graph-draft.ts";
import { codeOf, Fields, putHints, putIds, US_PER_MS } from "./json-fields.ts";
import { isObject, type IdList, type JsonObject, type JsonValue } from "./json-value.ts";
import type { RowFault } from "./row-faults.ts";
import {
  RELATION_SEQUENCE,
  RELATION_SPAWN,
  TRIGGER_COMPLETION,
  TRIGGER_DISPATCH,
} from "./trace.ts";

export const DYNAMO_SCHEMA = "dynamo.request.trace.v1";

type Call = {
  readonly line: number;
  readonly session: string | undefined;
  readonly parentSession: string | undefined;
  readonly receivedUs: number;
  /** NaN: not recorded. */
  readonly serviceUs: number;
  readonly input: number;
  readonly output: number;
  readonly ids: IdList | undefined;
  readonly fields: Fields;
};

export class DynamoRequestReader {
  private readonly draft: Draft;
  private readonly calls: Call[] = [];

  constructor(draft: Draft) {
    this.draft = draft;
  }

  read(value: JsonValue, line: number): RowFault | undefined {
    const row = eventOf(value);
    if (row === undefined) return { reason: "is no JSON object", expected: "one event per line" };
    const fields = new Fields(row);
    const schema = fields.text("schema");
    if (schema !== DYNAMO_SCHEMA) {
      return { column: "schema", reason: `is ${String(schema)}`, expected: DYNAMO_SCHEMA };
    }
    const type = fields.text("event_type");
    if (type !== "request_end") {
      if (type === undefined) return { column: "event_type", reason: "is missing" };
      this.draft.faults.note(`noted: an event of type ${type} is not a request`, line);
      return fields.fault;
    }
    const call = readCall(fields, line, this.draft.options.blockSize);
    if (!("receivedUs" in call)) return call;
    const first = this.calls[0];
    if (first !== undefined && (first.session === undefined) !== (call.session === undefined)) {
      return {
        column: "agent_context",
        reason: call.session === undefined ? "is missing" : "is there",
        expected: "an agent's context in all rows or in none, as in the first",
      };
    }
    this.calls.push(call);
    return undefined;
  }

  /** Puts the calls into the draft, in order of their arrival; the fault of a bad one by its line. */
  end(reject: (line: number, fault: RowFault) => boolean): boolean {
    const { calls, draft } = this;
    calls.sort((a, b) => a.receivedUs - b.receivedUs || a.line - b.line);
    const isAgentic = calls[0]?.session !== undefined;
    const links = isAgentic ? new SessionLinks(draft) : undefined;
    for (const call of calls) {
      draft.clearRow();
      draft.rowInput = call.input;
      draft.rowOutput = call.output;
      draft.rowTimeUs = call.receivedUs;
      if (call.ids !== undefined) putIds(draft, call.ids);
      putHints(draft, call.fields);
      draft.rowSession = codeOf(draft.sessionNames, call.session);
      const row = draft.rows;
      const fault = call.fields.fault ?? draft.commit(call.line);
      if (fault !== undefined) {
        if (!reject(call.line, fault)) return false;
      } else if (draft.rows > row) links?.add(row, call);
    }
    return true;
  }
}

/** The event itself, bare or wrapped with a time. */
function eventOf(value: JsonValue): JsonObject | undefined {
  if (!isObject(value)) return undefined;
  const inner = value["event"];
  return value["schema"] === undefined && isObject(inner) ? inner : value;
}

function readCall(row: Fields, line: number, blockSize: number): Call | RowFault {
  const request = row.child("request");
  if (request === undefined) return row.fault ?? { column: "request", reason: "is missing" };
  const fields = new Fields(request, "request");
  const replay = new Fields(fields.child("replay") ?? {}, "request.replay");
  const context = new Fields(row.child("agent_context") ?? {}, "agent_context");
  const received = fields.timeUs(US_PER_MS, "request_received_ms");
  if (Number.isNaN(received)) fields.fail("request_received_ms", "is missing", "milliseconds");
  const size = replay.count("trace_block_size");
  if (!Number.isNaN(size) && size !== blockSize) {
    replay.fail("trace_block_size", `is ${size}`, `${blockSize}, as in the rows before`);
  }
  const replayed = replay.count("input_length");
  const call: Call = {
    line,
    session: context.text("session_id") ?? context.text("trajectory_id"),
    parentSession: context.text("parent_session_id") ?? context.text("parent_trajectory_id"),
    receivedUs: received,
    serviceUs: fields.timeUs(US_PER_MS, "total_time_ms"),
    input: Number.isNaN(replayed) ? fields.count("input_tokens") : replayed,
    output: fields.count("output_tokens"),
    ids: replay.ids("input_sequence_hashes"),
    fields: new Fields(request, "request"),
  };
  return row.fault ?? fields.fault ?? replay.fault ?? context.fault ?? call;
}

/** Links the calls of sessions as they are appended in order of their arrival. */
class SessionLinks {
  private readonly graph = new GraphDraft();
  private readonly draft: Draft;
  private readonly last = new Map<string, { readonly row: number; readonly call: Call }>();
  private readonly taskOf = new Map<string, number>();
  private tasks = 0;

  constructor(draft: Draft) {
    this.draft = draft;
    draft.graph = this.graph;
  }

  add(row: number, call: Call): void {
    const session = call.session!;
    const before = this.last.get(session);
    const parent =
      before === undefined && call.parentSession !== undefined
        ? this.last.get(call.parentSession)
        : undefined;
    if (before === undefined && parent === undefined && call.parentSession !== undefined) {
      this.draft.faults.note("repaired: a sub-agent whose parent has no call before it", call.line);
    }
    const on = before ?? parent;
    const owner = call.parentSession ?? session;
    const task = this.taskOf.get(session) ?? this.taskOf.get(owner) ?? this.tasks++;
    this.taskOf.set(session, task);
    this.graph.addRow(task, call.line);
    if (on !== undefined) this.link(row, call, on, before !== undefined);
    this.last.set(session, { row, call });
  }

  /** A call that started while the one before it ran waits for that to be sent, another for its end. */
  private link(
    row: number,
    call: Call,
    on: { readonly row: number; readonly call: Call },
    isSequence: boolean,
  ): void {
    const { receivedUs, serviceUs } = on.call;
    const endUs = receivedUs + (Number.isNaN(serviceUs) ? 0 : serviceUs);
    const inFlight = call.receivedUs < endUs;
    if (Number.isNaN(serviceUs)) {
      this.draft.faults.note(
        "noted: without total_time_ms think time includes the service of the call before",
      );
    }
    this.graph.addEdge({
      to: row,
      on: on.row,
      trigger: inFlight ? TRIGGER_DISPATCH : TRIGGER_COMPLETION,
      relation: isSequence ? RELATION_SEQUENCE : RELATION_SPAWN,
      delayUs: call.receivedUs - (inFlight ? receivedUs : endUs),
    });
  }
}
