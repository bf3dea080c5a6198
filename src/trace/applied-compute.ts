/**
 * Applied Compute's agent sessions: one row of lengths per session, num_turns calls with tools and one final answer. No times of
 * arrival and no block ids: a call's prompt is the one before it with its answer and the tool's output. Source: traces.md §3.
 */

import { LATEST_US, type Draft } from "./draft.ts";
import { GraphDraft } from "./graph-draft.ts";
import { codeOf, Fields, US_PER_S } from "./json-fields.ts";
import { isObject, type JsonValue } from "./json-value.ts";
import type { RowFault } from "./row-faults.ts";
import { TOKENS_LIMIT } from "./scan-number.ts";
import { RELATION_SEQUENCE, TRIGGER_COMPLETION } from "./trace.ts";

/** Tokens per block of the ids that are made up for growing prompts: vLLM's default. */
export const APPLIED_BLOCK_SIZE = 16;
/** Block ids of one session, spelled out (assumption: more would be a slip of the file, and fill the memory). */
const BLOCKS_LIMIT = 50_000_000;
/** More turns than any recorded session has (assumption). */
const TURNS_LIMIT = 100_000;

export class AppliedComputeReader {
  private readonly draft: Draft;
  private readonly graph = new GraphDraft();
  private sessions = 0;
  private nextId = 0;

  constructor(draft: Draft) {
    this.draft = draft;
    draft.graph = this.graph;
    this.graph.isUntimed = true;
  }

  read(value: JsonValue, line: number): RowFault | undefined {
    if (!isObject(value)) return { reason: "is no JSON object", expected: "one session per line" };
    const fields = new Fields(value);
    const turns = fields.count("num_turns");
    if (!(turns <= TURNS_LIMIT)) {
      fields.fail("num_turns", "is missing or absurd", `0 to ${TURNS_LIMIT}`);
      return fields.fault;
    }
    const answers = numbers(fields, "assistant_response_length", turns, tokens);
    const tools = numbers(fields, "tool_call_output_length", turns, tokens);
    const waitsUs = numbers(fields, "tool_call_latency", turns, microseconds);
    const first = fields.count("input_prompt_length");
    const final = fields.count("final_assistant_response_length");
    if (!(first > 0)) fields.fail("input_prompt_length", "is missing or 0", "tokens");
    if (Number.isNaN(final)) fields.fail("final_assistant_response_length", "is missing");
    const total = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0);
    const longest = first + total(answers) + total(tools);
    const blocks = ((turns + 1) * longest) / this.draft.options.blockSize;
    if (longest > TOKENS_LIMIT || blocks > BLOCKS_LIMIT) {
      fields.fail("num_turns", "makes a session absurdly long", `${TOKENS_LIMIT} tokens at most`);
    }
    if (fields.fault !== undefined) return fields.fault;
    const session: Session = { path: [], row: -1, waitUs: 0 };
    let input = first;
    for (let turn = 0; turn <= turns; turn++) {
      const output = turn < turns ? answers[turn]! : final;
      session.waitUs += waitsUs[turn - 1] ?? 0;
      const fault = this.append(session, input, output, line);
      if (fault !== undefined) return { ...fault, column: `turn ${turn}: ${fault.column ?? ""}` };
      input += output + (tools[turn] ?? 0);
    }
    this.sessions++;
    return undefined;
  }

  /** Appends a session's next call after the one that was kept before it, if any. */
  private append(
    session: Session,
    input: number,
    output: number,
    line: number,
  ): RowFault | undefined {
    const { draft } = this;
    const { path } = session;
    draft.clearRow();
    draft.rowInput = input;
    draft.rowOutput = output;
    draft.rowSession = codeOf(draft.sessionNames, String(this.sessions));
    draft.rowWaits = session.row >= 0;
    if (!draft.rowWaits) draft.rowTimeUs = 0;
    const blocks = Math.floor(input / draft.options.blockSize);
    while (path.length < blocks) path.push(this.nextId++);
    draft.beginIds(blocks);
    for (let i = 0; i < blocks; i++) {
      draft.idLows[i] = path[i]!;
      draft.idHighs[i] = 0;
    }
    draft.rowIds = blocks;
    const row = draft.rows;
    const fault = draft.commit(line);
    if (fault !== undefined || draft.rows === row) return fault;
    this.graph.addRow(this.sessions, line);
    if (session.row >= 0) {
      this.graph.addEdge({
        to: row,
        on: session.row,
        trigger: TRIGGER_COMPLETION,
        relation: RELATION_SEQUENCE,
        delayUs: session.waitUs,
      });
    }
    session.row = row;
    session.waitUs = 0;
    return undefined;
  }
}

/** A session under way: ids of its blocks so far, its last call that was kept (−1: none), the waits since. */
type Session = { readonly path: number[]; row: number; waitUs: number };

/** A list of `length` values, each as `read` has it; NaN there: it cannot be. */
function numbers(
  fields: Fields,
  name: string,
  length: number,
  read: (value: number) => number,
): number[] {
  const list = fields.list(name).map((value) => (typeof value === "number" ? read(value) : NaN));
  if (list.length !== length) {
    fields.fail(name, `has ${list.length} entries`, `${length}, as num_turns says`);
  }
  const wrong = list.findIndex(Number.isNaN);
  if (wrong >= 0) fields.fail(`${name}[${wrong}]`, "cannot be", read === tokens ? COUNTS : WAITS);
  return list;
}

const COUNTS = `a whole number of tokens from 0 to ${TOKENS_LIMIT}`;
const WAITS = "seconds, at least 0";

function tokens(value: number): number {
  return Number.isInteger(value) && value >= 0 && value <= TOKENS_LIMIT ? value : NaN;
}

function microseconds(value: number): number {
  const us = Math.round(value * US_PER_S);
  return us >= 0 && us <= LATEST_US ? us : NaN;
}
