/**
 * Qwen-Bailian's chat traces: full prompts, turns linked by chat ids, blocks of 16 tokens hashed each alone. Source: traces.md §3.
 */

import type { Draft } from "./draft.ts";
import { GraphDraft } from "./graph-draft.ts";
import { codeOf, Fields, putIds, shown, US_PER_S } from "./json-fields.ts";
import { isObject, type JsonValue } from "./json-value.ts";
import type { RowFault } from "./row-faults.ts";
import { RELATION_SEQUENCE, TRIGGER_COMPLETION } from "./trace.ts";

export const BAILIAN_BLOCK_SIZE = 16;
const ROOT = "-1";

type Chat = { readonly row: number; readonly task: number; readonly timeUs: number };

export class BailianReader {
  private readonly draft: Draft;
  private readonly graph = new GraphDraft();
  private readonly chats = new Map<string, Chat>();
  private tasks = 0;

  constructor(draft: Draft) {
    this.draft = draft;
    draft.graph = this.graph;
    draft.hasContentIds = true;
  }

  read(value: JsonValue, line: number): RowFault | undefined {
    if (!isObject(value)) return { reason: "is no JSON object", expected: "one chat per line" };
    const { draft, graph } = this;
    const fields = new Fields(value);
    const chat = fields.text("chat_id");
    const parentName = fields.text("parent_chat_id") ?? ROOT;
    const timeUs = fields.timeUs(US_PER_S, "timestamp");
    draft.clearRow();
    draft.rowTimeUs = timeUs;
    draft.rowInput = fields.count("input_length");
    draft.rowOutput = fields.count("output_length");
    draft.rowClass = codeOf(draft.labelNames.class, fields.text("type"));
    const ids = fields.ids("hash_ids");
    if (ids !== undefined) putIds(draft, ids);
    if (chat === undefined) fields.fail("chat_id", "is missing");
    if (Number.isNaN(timeUs)) fields.fail("timestamp", "is missing", "seconds");
    const parent = this.chats.get(parentName);
    const task = parent?.task ?? this.tasks;
    draft.rowSession = codeOf(draft.sessionNames, String(task));
    if (fields.fault !== undefined) return fields.fault;
    if (this.chats.has(chat!)) {
      return { column: "chat_id", reason: "is used twice", quote: shown(chat) };
    }
    const row = draft.rows;
    const fault = draft.commit(line);
    if (fault !== undefined) return fault;
    if (draft.rows === row) return undefined;
    if (parent === undefined) {
      this.tasks++;
      if (parentName !== ROOT) {
        draft.faults.note(
          "repaired: a turn whose parent is not in the file starts a session",
          line,
        );
      }
    }
    graph.addRow(task, line);
    this.chats.set(chat!, { row, task, timeUs });
    if (parent === undefined) return undefined;
    // The source has no times of completion: the distance of the arrivals stands for think and service time.
    graph.addEdge({
      to: row,
      on: parent.row,
      trigger: TRIGGER_COMPLETION,
      relation: RELATION_SEQUENCE,
      delayUs: Math.max(0, timeUs - parent.timeUs),
    });
    return undefined;
  }
}
