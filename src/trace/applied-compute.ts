/**
 * Applied Compute's agent sessions: one row of lengths per session, num_turns calls with tools and one final answer. No times of
 * arrival and no block ids: a call's prompt is the one before it with its answer and the tool's output. Source: traces.md §3.
 */

import type { Draft } from "./draft.ts";
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
    const answers = numbers(fields, "assistant_response_length", turns);
    const tools = numbers(fields, "tool_call_output_length", turns);
    const waits = numbers(fields, "tool_call_latency", turns);
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
    const path: number[] = [];
    let input = first;
    for (let turn = 0; turn <= turns; turn++) {
      const output = turn < turns ? answers[turn]! : final;
      const fault = this.append(path, input, output, turn, waits[turn - 1] ?? 0, line);
      if (fault !== undefined) return { ...fault, column: `turn ${turn}: ${fault.column ?? ""}` };
      input += output + (tools[turn] ?? 0);
    }
    this.sessions++;
    return undefined;
  }

  /** Appends a call; `path`: ids of the session's blocks so far, to which the new ones are added. */
  private append(
    path: number[],
    input: number,
    output: number,
    turn: number,
    waitS: number,
    line: number,
  ): RowFault | undefined {
    const { draft } = this;
    draft.clearRow();
    draft.rowInput = input;
    draft.rowOutput = output;
    draft.rowSession = codeOf(draft.sessionNames, String(this.sessions));
    draft.rowWaits = turn > 0;
    if (turn === 0) draft.rowTimeUs = 0;
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
    if (fault !== undefined) return fault;
    this.graph.addRow(this.sessions, line);
    if (turn > 0) {
      this.graph.addEdge({
        to: row,
        on: row - 1,
        trigger: TRIGGER_COMPLETION,
        relation: RELATION_SEQUENCE,
        delayUs: Math.round(waitS * US_PER_S),
      });
    }
    return undefined;
  }
}

/** A list of `length` numbers ≥ 0. */
function numbers(fields: Fields, name: string, length: number): number[] {
  const list = fields.list(name).map(Number);
  if (list.length !== length) {
    fields.fail(name, `has ${list.length} entries`, `${length}, as num_turns says`);
  } else if (!list.every((number) => number >= 0 && Number.isFinite(number))) {
    fields.fail(name, "has an entry that is no number ≥ 0");
  }
  return list;
}
