/**
 * Dynamo's `agentic_mooncake`, calls that wait for calls by name. Version 1: `wait_for` and two delays after the last of them
 * completes. Version 2: a header line, then rows with typed edges; names of sessions, and of blocks where the header's scope is
 * local, are a play's own. Source: dynamo-simulation.md §5.3 and §5.4; for the scope, the acceptance tests of Dynamo's replay, whose
 * plays have the same labels and ids and share nothing.
 */

import type { Draft } from "./draft.ts";
import { DROPPED_ROW, GraphDraft, UNKNOWN_ROW } from "./graph-draft.ts";
import { codeOf, Fields, nameOf, putHints, putIds, shown, US_PER_MS } from "./json-fields.ts";
import { PairMap } from "./pair-map.ts";
import { isObject, type JsonObject, type JsonValue } from "./json-value.ts";
import type { RowFault } from "./row-faults.ts";
import { TextInterner } from "./text-interner.ts";
import {
  RELATION_SEQUENCE,
  RELATIONS,
  TRIGGER_COMPLETION,
  TRIGGER_DISPATCH,
  TRIGGERS,
} from "./trace.ts";

export const AGENTIC_SCHEMA = "dynamo.agentic_mooncake";

type Edge = {
  readonly name: string;
  readonly trigger: number;
  readonly relation: number;
  readonly delayUs: number;
};

/** Reads rows into a draft; edges by name are resolved at the end, so that rows may come in any order. */
export class AgenticMooncakeReader {
  private readonly draft: Draft;
  private readonly graph = new GraphDraft();
  private readonly calls = new TextInterner();
  private readonly tasks = new TextInterner();
  /** Draft row of each call's name. */
  private readonly rowOf: number[] = [];
  /** Names that edges wait for, as codes. */
  private readonly named: number[] = [];
  /** Calls without output that were left out, by name. */
  private readonly dropped = new Set<number>();
  private hasPlays = false;
  /** The header's scope: names of blocks are a play's own. */
  private isLocal = false;
  private readonly localIds = new LocalIds();

  constructor(draft: Draft) {
    this.draft = draft;
    draft.graph = this.graph;
  }

  read(value: JsonValue, line: number): RowFault | undefined {
    if (!isObject(value)) return { reason: "is no JSON object", expected: "one call per line" };
    if (value["schema"] === AGENTIC_SCHEMA) return this.header(value);
    const { draft } = this;
    const fields = new Fields(value);
    draft.clearRow();
    const id = fields.text("request_id");
    if (id === undefined) return { column: "request_id", reason: "is missing" };
    const code = codeOf(this.calls, id);
    if (this.rowOf[code] !== undefined || this.dropped.has(code)) {
      return { column: "request_id", reason: "is used twice", quote: shown(id) };
    }
    const edges = fields.has("dependencies") ? typedEdges(fields) : plainEdges(fields);
    draft.rowInput = fields.count("input_length", "input_tokens");
    draft.rowOutput = fields.count("output_length", "output_tokens");
    const play = fields.text("play_id");
    const ids = fields.ids("hash_ids");
    if (ids !== undefined) putIds(draft, ids);
    const task = codeOf(this.tasks, play);
    if (this.isLocal) this.localIds.separate(draft, task);
    putHints(draft, fields);
    draft.rowSession = codeOf(draft.sessionNames, sessionName(play, fields.text("session_id")));
    const notBefore = fields.timeUs(US_PER_MS, "not_before_ms", "timestamp", "created_time");
    draft.rowWaits = edges.length > 0;
    if (!draft.rowWaits) draft.rowTimeUs = Number.isNaN(notBefore) ? 0 : notBefore;
    if (fields.fault !== undefined) return fields.fault;
    if (draft.rowInput === 0) return { column: "input_length", reason: "is 0" };
    const row = draft.rows;
    const fault = draft.commit(line);
    if (fault !== undefined) return fault;
    if (draft.rows === row) {
      this.dropped.add(code);
      return undefined;
    }
    this.rowOf[code] = row;
    if (play !== undefined) this.hasPlays = true;
    const isLater = draft.rowWaits && fields.has("not_before_ms");
    this.graph.addRow(task, line, isLater ? notBefore : 0);
    for (const { name, ...edge } of edges) {
      this.named.push(codeOf(this.calls, name));
      this.graph.addEdge({ ...edge, to: row, on: UNKNOWN_ROW });
    }
    return undefined;
  }

  private header(value: JsonObject): RowFault | undefined {
    const header = new Fields(value);
    const { blockSize } = this.draft.options;
    const version = header.count("version");
    const told = header.count("block_size");
    const scope = header.text("hash_id_scope") ?? "global";
    if (version !== 1 && version !== 2) header.fail("version", `is ${version}`, "1 or 2");
    if (!Number.isNaN(told) && told !== blockSize) {
      header.fail("block_size", `is ${told}`, `${blockSize}, as before or as given`);
    }
    if (scope !== "local" && scope !== "global") {
      header.fail("hash_id_scope", `is ${shown(scope)}`, "local or global");
    }
    this.isLocal = scope === "local";
    return header.fault;
  }

  /** Finds the rows that edges name, and the tasks where the file does not tell them. */
  end(): void {
    const { graph } = this;
    const on = graph.on.view();
    this.named.forEach((code, edge) => {
      on[edge] = this.rowOf[code] ?? (this.dropped.has(code) ? DROPPED_ROW : UNKNOWN_ROW);
    });
    if (this.hasPlays) {
      // A call of no play is a task of its own.
      const task = graph.task.view();
      let next = this.tasks.size;
      task.forEach((code, row) => (task[row] = code < 0 ? next++ : code));
      subtractStarts(this.draft, graph);
      return;
    }
    joinTasks(graph);
  }
}

/** The name of a session, which is its play's own. */
function sessionName(play: string | undefined, session: string | undefined): string | undefined {
  return session === undefined || play === undefined ? session : `${play.length}:${play}${session}`;
}

/** Numbers for block ids that mean another block in each play. */
class LocalIds {
  /** By task; first for calls of none. */
  private readonly byTask: PairMap[] = [];
  private count = 0;

  /** Replaces the ids of the draft's open row, a call of some task (−1: of none), by ids of the whole file. */
  separate(draft: Draft, task: number): void {
    const ids = (this.byTask[task + 1] ??= new PairMap());
    for (let i = 0; i < draft.rowIds; i++) {
      const id = ids.getOrPut(draft.idLows[i]!, draft.idHighs[i]!, this.count);
      if (id === this.count) this.count++;
      draft.idLows[i] = id;
      draft.idHighs[i] = 0;
    }
  }
}

/** Version 1: completion of all named calls, then one delay for the agent and one for its tools. */
function plainEdges(fields: Fields): Edge[] {
  const delay = fields.timeUs(US_PER_MS, "delay", "delay_ms");
  const tool = fields.timeUs(US_PER_MS, "tool_wait_ms");
  const delayUs = (Number.isNaN(delay) ? 0 : delay) + (Number.isNaN(tool) ? 0 : tool);
  return fields.list("wait_for").map((value) => {
    const name = nameOf(value);
    if (name === undefined) {
      fields.fail("wait_for", `has ${shown(value)} for a name`, "request ids");
    }
    return {
      name: name ?? "",
      trigger: TRIGGER_COMPLETION,
      relation: RELATION_SEQUENCE,
      delayUs,
    };
  });
}

/** Version 2: each edge with its trigger, delay and relation. */
function typedEdges(fields: Fields): Edge[] {
  return fields.list("dependencies").map((value, index) => {
    const edge = new Fields(isObject(value) ? value : {}, `dependencies[${index}]`);
    const trigger = TRIGGERS.findIndex((name) => name === (edge.text("trigger") ?? "completion"));
    const relation = RELATIONS.findIndex((name) => name === (edge.text("relation") ?? "sequence"));
    const delay = edge.timeUs(US_PER_MS, "delay_ms");
    if (!edge.has("request_id")) edge.fail("request_id", "is missing");
    if (trigger < 0) edge.fail("trigger", "is unknown", TRIGGERS.join(" or "));
    if (relation < 0) edge.fail("relation", "is unknown", RELATIONS.join(", "));
    fields.fault ??= edge.fault;
    return {
      name: edge.text("request_id") ?? "",
      trigger: trigger === TRIGGER_DISPATCH ? TRIGGER_DISPATCH : TRIGGER_COMPLETION,
      relation: Math.max(0, relation),
      delayUs: Number.isNaN(delay) ? 0 : delay,
    };
  });
}

/** Times in the file count from its start, a task's from its first arrival. */
function subtractStarts(draft: Draft, graph: GraphDraft): void {
  const task = graph.task.view();
  const times = draft.arrivalUs.view();
  const first = new Map<number, number>();
  task.forEach((code, row) => {
    const time = times[row]!;
    if (!Number.isNaN(time)) first.set(code, Math.min(first.get(code) ?? Infinity, time));
  });
  const notBefore = graph.notBeforeUs.view();
  notBefore.forEach((time, row) => {
    if (time > 0) notBefore[row] = Math.max(0, time - (first.get(task[row]!) ?? 0));
  });
}

/** Tasks as the parts of the graph that hang together. */
function joinTasks(graph: GraphDraft): void {
  const task = graph.task.view();
  const root = (row: number): number => {
    let at = row;
    while (task[at] !== at) {
      task[at] = task[task[at]!]!;
      at = task[at]!;
    }
    return at;
  };
  task.forEach((_, row) => (task[row] = row));
  const on = graph.on.view();
  graph.to.view().forEach((row, edge) => {
    if (on[edge]! < 0) return;
    const a = root(row);
    const b = root(on[edge]!);
    task[Math.max(a, b)] = Math.min(a, b);
  });
  task.forEach((_, row) => (task[row] = root(row)));
}
