/**
 * `dynamo.request.trace.v1`: what Dynamo records of its requests, one line at the end of each. Lines come in order of completion and
 * may be missing; all are read before anything is told. Requests with an agent's context become calls that wait for calls. Source:
 * dynamo-simulation.md §5.7, traces.md §3.
 */

import { linkAgents, type AgentCall, type AgentTool } from "./agent-links.ts";
import type { Draft } from "./draft.ts";
import { codeOf, Fields, putHints, putIds, shown, US_PER_MS } from "./json-fields.ts";
import { isObject, type IdList, type JsonObject, type JsonValue } from "./json-value.ts";
import type { RowFault } from "./row-faults.ts";

export const DYNAMO_SCHEMA = "dynamo.request.trace.v1";

type Call = {
  readonly line: number;
  readonly session: string | undefined;
  readonly parentSession: string | undefined;
  readonly id: string | undefined;
  readonly receivedUs: number;
  readonly endUs: number;
  readonly input: number;
  readonly output: number;
  readonly ids: IdList | undefined;
  readonly fields: Fields;
};

export class DynamoRequestReader {
  private readonly draft: Draft;
  private readonly calls: Call[] = [];
  private readonly tools: AgentTool[] = [];
  private readonly ids = new Set<string>();
  /** Parents of sessions as their first rows have them, undefined: none. */
  private readonly parents = new Map<string, string | undefined>();

  constructor(draft: Draft) {
    this.draft = draft;
  }

  read(value: JsonValue, line: number): RowFault | undefined {
    const row = eventOf(value);
    if (row === undefined) return { reason: "is no JSON object", expected: "one event per line" };
    const fields = new Fields(row);
    const schema = fields.text("schema");
    if (schema !== DYNAMO_SCHEMA) {
      return { column: "schema", reason: `is ${shown(schema)}`, expected: DYNAMO_SCHEMA };
    }
    const type = fields.text("event_type");
    if (type !== "request_end") {
      if (type === undefined) return { column: "event_type", reason: "is missing" };
      this.draft.faults.note(`noted: an event of type ${shown(type)} is not a request`, line);
      const tool = type === "tool_end" || type === "tool_error" ? readTool(fields) : undefined;
      if (tool !== undefined) this.tools.push(tool);
      return fields.fault;
    }
    const call = readCall(fields, line, this.draft.options.blockSize);
    if (!("receivedUs" in call)) return call;
    const fault = this.contradiction(call);
    if (fault !== undefined) return fault;
    this.calls.push(call);
    if (call.id !== undefined) this.ids.add(call.id);
    if (call.session !== undefined) this.parents.set(call.session, call.parentSession);
    return undefined;
  }

  /** What in a call contradicts those before it. */
  private contradiction({ id, session, parentSession }: Call): RowFault | undefined {
    if (id !== undefined && this.ids.has(id)) {
      return { column: "request.request_id", reason: "is used twice", quote: shown(id) };
    }
    const first = this.calls[0];
    if (first !== undefined && (first.session === undefined) !== (session === undefined)) {
      return {
        column: "agent_context",
        reason: session === undefined ? "is missing" : "is there",
        expected: "an agent's context in all rows or in none, as in the first",
      };
    }
    if (session === undefined || !this.parents.has(session)) return undefined;
    const parent = this.parents.get(session);
    if (parent === parentSession) return undefined;
    return {
      column: "agent_context.parent_session_id",
      reason: `is ${shown(parentSession)}`,
      expected: `${parent === undefined ? "none" : shown(parent)}, as in the session's other rows`,
    };
  }

  /** Puts the calls into the draft, in order of their arrival; the fault of a bad one by its line. */
  end(reject: (line: number, fault: RowFault) => boolean): boolean {
    const { calls, draft } = this;
    calls.sort((a, b) => a.receivedUs - b.receivedUs || a.endUs - b.endUs || a.line - b.line);
    const agents: AgentCall[] = [];
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
      } else if (draft.rows > row && call.session !== undefined) {
        const { line, id, session, parentSession, receivedUs: startUs, endUs } = call;
        agents.push({ row, line, id, session, parentSession, startUs, endUs });
      }
    }
    if (calls[0]?.session !== undefined) linkAgents(draft, agents, this.tools);
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
  const serviceUs = fields.timeUs(US_PER_MS, "total_time_ms");
  // Rows are written when their request ends.
  const writtenUs = row.timeUs(US_PER_MS, "event_time_unix_ms");
  const endUs = Number.isNaN(serviceUs) ? writtenUs : received + serviceUs;
  const call: Call = {
    line,
    session: context.text("session_id") ?? context.text("trajectory_id"),
    parentSession: context.text("parent_session_id") ?? context.text("parent_trajectory_id"),
    id: fields.text("request_id"),
    receivedUs: received,
    endUs: endUs >= received ? endUs : received,
    input: Number.isNaN(replayed) ? fields.count("input_tokens") : replayed,
    output: fields.count("output_tokens"),
    ids: replay.ids("input_sequence_hashes"),
    fields: new Fields(request, "request"),
  };
  return row.fault ?? fields.fault ?? replay.fault ?? context.fault ?? call;
}

/** What a tool's event tells of the sub-agent it ran; undefined when it ran none. */
function readTool(row: Fields): AgentTool | undefined {
  const tool = new Fields(row.child("tool") ?? {}, "tool");
  const told = new Fields(tool.child("claude") ?? {}, "tool.claude");
  const child = told.text("child_session_id");
  const mode = told.text("execution_mode") ?? "blocking";
  const agent: AgentTool | undefined =
    child === undefined
      ? undefined
      : {
          source: told.text("source_request_id"),
          consumer: told.text("consumer_request_id"),
          child,
          isBackground: mode === "background",
        };
  if (mode !== "blocking" && mode !== "background") {
    told.fail("execution_mode", `is ${shown(mode)}`, "blocking or background");
  }
  const fault = tool.fault ?? told.fault;
  if (fault !== undefined) row.fault ??= fault;
  return row.fault === undefined ? agent : undefined;
}
