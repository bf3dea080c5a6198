/**
 * Weka's agent traces (kv-cache-tester, AgentX): one JSON object per task with its calls and sub-agents. Source:
 * dynamo-simulation.md §5.5, traces.md §3. Calls of a stream follow each other after the recorded think time; a sub-agent starts
 * with its parent's call in flight or after it, and the parent waits for one that it did not send to the background.
 */

import { invariant } from "../core/index.ts";
import type { Draft } from "./draft.ts";
import { GraphDraft } from "./graph-draft.ts";
import { codeOf, Fields, putIds, putLocalIds, US_PER_S } from "./json-fields.ts";
import { isObject, type IdList, type JsonObject, type JsonValue } from "./json-value.ts";
import type { RowFault } from "./row-faults.ts";
import { TOKENS_LIMIT } from "./scan-number.ts";
import {
  RELATION_JOIN,
  RELATION_SEQUENCE,
  RELATION_SPAWN,
  TRIGGER_COMPLETION,
  TRIGGER_DISPATCH,
} from "./trace.ts";
import { endOf, splitStreams, type Stream, type WekaCall } from "./weka-streams.ts";

/** Of the published traces. */
export const WEKA_BLOCK_SIZE = 64;

const NO_IDS: IdList = { count: 0, lows: new Uint32Array(0), highs: new Uint32Array(0) };

/** A sub-agent's streams, and whether its parent waits for them. */
type Child = { readonly streams: readonly Stream[]; readonly blocks: boolean };

/** A sub-agent as the file has it; times of its calls are its own, or the task's. */
type RawChild = {
  readonly markerUs: number;
  readonly calls: readonly WekaCall[];
  readonly blocks: boolean;
};

export class WekaReader {
  private readonly draft: Draft;
  private readonly graph = new GraphDraft();
  private readonly sharesSystem: boolean;
  private tasks = 0;
  private sessions = 0;
  /** Times in sub-agents count from their marker: some call so far would have come before it otherwise. */
  private isRelative = false;
  /** Ids of all tasks so far lie below. */
  private nextId = 0;
  /** First ids of shared system prompts, by their tool and system tokens. */
  private readonly systems = new Map<string, number>();

  /** `sharesSystem`: tasks with equal tool and system prompts share their blocks, which the files keep apart. */
  constructor(draft: Draft, sharesSystem: boolean) {
    this.draft = draft;
    this.sharesSystem = sharesSystem;
    draft.graph = this.graph;
    this.graph.isUntimed = true;
  }

  /** Reads one task; the fault of its first bad call when one is bad, and then none of its calls are kept. */
  read(value: JsonValue, line: number): RowFault | undefined {
    if (!isObject(value)) return { reason: "is no JSON object", expected: "one task per object" };
    const trace = new Fields(value);
    if (!Array.isArray(value["requests"])) return { column: "requests", reason: "is no list" };
    const blockSize = trace.count("block_size");
    if (!Number.isNaN(blockSize) && blockSize !== this.draft.options.blockSize) {
      const expected = `${this.draft.options.blockSize}, as before`;
      return { column: "block_size", reason: `is ${blockSize}`, expected };
    }
    const main: WekaCall[] = [];
    const raw: RawChild[] = [];
    let fault: RowFault | undefined;
    const size = this.draft.options.blockSize;
    trace.list("requests").forEach((entry, index) => {
      const place = { path: `requests[${index}]`, line, blockSize: size };
      if (!isObject(entry)) fault ??= { column: place.path, reason: "is no object" };
      else if (entry["type"] === "subagent") {
        const child = readChild(entry, place);
        if ("blocks" in child) raw.push(child);
        else fault ??= child;
      } else {
        const call = readCall(entry, place);
        if ("startUs" in call) main.push(call);
        else fault ??= call;
      }
    });
    const systemTokens = (trace.count("tool_tokens") || 0) + (trace.count("system_tokens") || 0);
    fault ??= trace.fault;
    if (fault !== undefined) return fault;
    const calls = [...main, ...raw.flatMap((child) => child.calls)];
    if (value["hash_id_scope"] !== "global" && !calls.every(({ ids }) => isSmall(ids))) {
      return {
        column: "hash_ids",
        reason: "has an id that is too large for one local to its task",
      };
    }
    main.sort((a, b) => a.startUs - b.startUs);
    this.isRelative ||= raw.some((child) =>
      child.calls.some(({ startUs }) => startUs < child.markerUs),
    );
    const children = raw.map((child) => this.placed(child));
    this.lower(value, this.worked(main), children, systemTokens);
    return undefined;
  }

  /** A sub-agent's stream in the time of its task. */
  private placed({ markerUs, calls, blocks }: RawChild): Child {
    const sinceUs = this.isRelative ? markerUs : 0;
    const own = this.worked(
      calls.map((call) => ({ ...call, startUs: call.startUs + sinceUs })),
    ).sort((a, b) => a.startUs - b.startUs);
    return { streams: own.length === 0 ? [] : [{ calls: own }], blocks };
  }

  /** Calls that hold work; others are counted as dropped. */
  private worked(calls: readonly WekaCall[]): WekaCall[] {
    const { faults, options } = this.draft;
    return calls.filter(({ input, output, line }) => {
      const idle = input === 0 ? "input" : output === 0 && options.dropZeroOutput ? "output" : "";
      if (idle !== "") faults.note(`dropped: no ${idle} tokens`, line);
      return idle === "";
    });
  }

  private lower(
    trace: JsonObject,
    main: readonly WekaCall[],
    children: readonly Child[],
    systemTokens: number,
  ): void {
    const [first, ...flattened] = splitStreams(main);
    if (first === undefined) {
      this.draft.faults.note("dropped: a task without calls");
      return;
    }
    const base = trace["hash_id_scope"] === "global" ? undefined : this.nextId;
    const calls = [first, ...flattened, ...children.flatMap(({ streams }) => streams)];
    if (base !== undefined) this.nextId += idRange(calls);
    const key = `${String(trace["tool_tokens"])}/${String(trace["system_tokens"])}`;
    const system = this.systemOf(key, systemTokens, first.calls[0]!, base);
    const all = [
      ...flattened.map((stream) => ({ streams: [stream], blocks: blocksParent(first, stream) })),
      ...children,
    ];
    const rows = new Map<WekaCall, number>();
    // By time of start, so that a row's forerunners come before it; joins wait for earlier ends only.
    const starts = [first, ...all.flatMap(({ streams }) => streams)].flatMap((stream, index) => {
      const session = this.sessions + index;
      return stream.calls.map((call, place) => ({ call, stream, place, session }));
    });
    starts.sort((a, b) => a.call.startUs - b.call.startUs || a.session - b.session);
    const joins = joinPoints(first, all);
    for (const { call, stream, place, session } of starts) {
      const row = this.append(call, session, base, system, place > 0 || stream !== first);
      rows.set(call, row);
      if (place > 0) this.follow(row, stream.calls, place, rows);
      else if (stream !== first) this.spawn(row, call, first, rows);
      for (const end of joins.get(call) ?? []) this.join(row, call, end, rows);
    }
    this.sessions += 1 + all.reduce((sum, child) => sum + child.streams.length, 0);
    this.tasks++;
  }

  /** Appends a call to the draft; its row. */
  private append(
    call: WekaCall,
    session: number,
    base: number | undefined,
    system: SharedSystem,
    waits: boolean,
  ): number {
    const { draft } = this;
    draft.clearRow();
    draft.rowInput = call.input;
    draft.rowOutput = call.output;
    draft.rowModel = codeOf(draft.labelNames.model, call.model);
    draft.rowSession = codeOf(draft.sessionNames, String(session));
    draft.rowWaits = waits;
    if (!waits) draft.rowTimeUs = 0;
    if (base === undefined) putIds(draft, call.ids);
    else putLocalIds(draft, call.ids, base);
    shareSystem(draft, call.ids, system);
    const row = draft.rows;
    const fault = draft.commit(call.line);
    invariant(fault === undefined && draft.rows > row, "calls are checked before they are kept");
    this.graph.addRow(this.tasks, call.line);
    return row;
  }

  /** The next call of a stream: think time after the one before. */
  private follow(
    row: number,
    calls: readonly WekaCall[],
    place: number,
    rows: ReadonlyMap<WekaCall, number>,
  ): void {
    const call = calls[place]!;
    const last = calls[place - 1]!;
    const gapUs = call.startUs - endOf(last);
    if (gapUs < 0 && Number.isNaN(call.thinkUs)) {
      this.draft.faults.note(
        "repaired: a turn starts before the previous one ends, think time taken as 0",
      );
    }
    this.graph.addEdge({
      to: row,
      on: rows.get(last)!,
      trigger: TRIGGER_COMPLETION,
      relation: RELATION_SEQUENCE,
      delayUs: Number.isNaN(call.thinkUs) ? Math.max(0, gapUs) : call.thinkUs,
    });
  }

  /** The first call of a sub-agent: after the parent's last call before it, while that runs or when it is over. */
  private spawn(
    row: number,
    call: WekaCall,
    main: Stream,
    rows: ReadonlyMap<WekaCall, number>,
  ): void {
    const parent = main.calls.findLast(({ startUs }) => startUs <= call.startUs);
    if (parent === undefined) {
      this.draft.faults.note("repaired: a sub-agent without a call before it starts at once");
      return;
    }
    const inFlight = call.startUs < endOf(parent);
    const sinceUs = call.startUs - (inFlight ? parent.startUs : endOf(parent));
    this.graph.addEdge({
      to: row,
      on: rows.get(parent)!,
      trigger: inFlight ? TRIGGER_DISPATCH : TRIGGER_COMPLETION,
      relation: RELATION_SPAWN,
      delayUs: Math.max(0, sinceUs),
    });
  }

  private join(
    row: number,
    call: WekaCall,
    end: WekaCall,
    rows: ReadonlyMap<WekaCall, number>,
  ): void {
    const on = rows.get(end);
    if (on === undefined || on >= row) return;
    this.graph.addEdge({
      to: row,
      on,
      trigger: TRIGGER_COMPLETION,
      relation: RELATION_JOIN,
      delayUs: Math.max(0, call.startUs - endOf(end)),
    });
  }

  private systemOf(
    key: string,
    tokens: number,
    first: WekaCall,
    base: number | undefined,
  ): SharedSystem {
    const blocks = Math.floor(tokens / this.draft.options.blockSize);
    if (!this.sharesSystem || base === undefined || blocks === 0) {
      return { ids: NO_IDS, blocks: 0, base: 0 };
    }
    const known = this.systems.get(key);
    if (known !== undefined) {
      return { ids: first.ids, blocks: Math.min(blocks, first.ids.count), base: known };
    }
    this.systems.set(key, this.nextId);
    this.nextId += blocks;
    return {
      ids: first.ids,
      blocks: Math.min(blocks, first.ids.count),
      base: this.nextId - blocks,
    };
  }
}

/** Leading blocks that tasks with the same tool and system prompt share; `ids`: what they are called in this task. */
type SharedSystem = { readonly ids: IdList; readonly blocks: number; readonly base: number };

function shareSystem(draft: Draft, ids: IdList, system: SharedSystem): void {
  const most = Math.min(system.blocks, ids.count);
  for (let i = 0; i < most && ids.lows[i] === system.ids.lows[i]; i++) {
    draft.idLows[i] = system.base + i;
    draft.idHighs[i] = Math.floor((system.base + i) / 4_294_967_296);
  }
}

/** One more than the largest id of some streams. */
function idRange(streams: readonly Stream[]): number {
  let range = 0;
  for (const { calls } of streams) {
    for (const { ids } of calls) {
      for (let i = 0; i < ids.count; i++) if (ids.lows[i]! >= range) range = ids.lows[i]! + 1;
    }
  }
  return range;
}

/** For each call of the main stream, the last calls of the sub-agents it waits for. */
function joinPoints(main: Stream, children: readonly Child[]): Map<WekaCall, WekaCall[]> {
  const joins = new Map<WekaCall, WekaCall[]>();
  for (const { streams, blocks } of children) {
    if (!blocks) continue;
    for (const stream of streams) {
      const last = stream.calls.reduce((a, b) => (endOf(b) > endOf(a) ? b : a));
      const next = main.calls.find(
        (call) => call.startUs >= endOf(last) && call.startUs > last.startUs,
      );
      if (next !== undefined) joins.set(next, [...(joins.get(next) ?? []), last]);
    }
  }
  return joins;
}

/** A flattened sub-agent blocks its parent when that made no call while it ran. */
function blocksParent(main: Stream, child: Stream): boolean {
  const from = child.calls[0]!.startUs;
  const to = endOf(child.calls.at(-1)!);
  return !main.calls.some((call) => call.startUs > from && call.startUs < to);
}

/** Where an entry stands. */
type Place = { readonly path: string; readonly line: number; readonly blockSize: number };

function readChild(entry: JsonObject, place: Place): RawChild | RowFault {
  const fields = new Fields(entry, place.path);
  const markerUs = fields.timeUs(US_PER_S, "t");
  const calls: WekaCall[] = [];
  for (const [index, inner] of fields.list("requests").entries()) {
    const path = `${place.path}.requests[${index}]`;
    if (!isObject(inner)) return { column: path, reason: "is no object" };
    const call = readCall(inner, { ...place, path });
    if (!("startUs" in call)) return call;
    calls.push(call);
  }
  const blocks = fields.text("status") !== "async_launched";
  return fields.fault ?? { markerUs, calls, blocks };
}

function readCall(entry: JsonObject, { path, line, blockSize }: Place): WekaCall | RowFault {
  const fields = new Fields(entry, path);
  const startUs = fields.timeUs(US_PER_S, "t");
  const call: WekaCall = {
    startUs,
    serviceUs: fields.timeUs(US_PER_S, "api_time"),
    thinkUs: fields.timeUs(US_PER_S, "think_time"),
    input: fields.count("in"),
    output: fields.count("out"),
    model: fields.text("model"),
    ids: fields.ids("hash_ids") ?? idsOfRuns(fields.list("hr")),
    line,
  };
  if (Number.isNaN(startUs)) fields.fail("t", "is missing", "seconds");
  if (Number.isNaN(call.input)) fields.fail("in", "is missing", "tokens");
  if (Number.isNaN(call.output)) fields.fail("out", "is missing", "tokens");
  const full = Math.floor(call.input / blockSize);
  if (call.ids.count !== full && call.ids.count !== Math.ceil(call.input / blockSize)) {
    const expected = `${full} for ${call.input} tokens in blocks of ${blockSize}`;
    fields.fail("hash_ids", `has ${call.ids.count} ids`, expected);
  }
  return fields.fault ?? call;
}

/** Ids written as runs: start, length, start, length … */
function idsOfRuns(runs: readonly JsonValue[]): IdList {
  const numbers = runs.map((value) => (typeof value === "number" ? value : NaN));
  let count = 0;
  for (let i = 1; i < numbers.length; i += 2) count += numbers[i]!;
  // More ids than a prompt can have tokens are left to the check against its length.
  const isSound = numbers.every((number) => Number.isInteger(number) && number >= 0);
  if (!isSound || count > TOKENS_LIMIT) return NO_IDS;
  const lows = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    for (let j = 0; j < numbers[i + 1]!; j++) lows[at++] = numbers[i]! + j;
  }
  return { count, lows, highs: new Uint32Array(count) };
}

/** Ids local to a task are small numbers; larger ones would not survive being told apart by task. */
function isSmall({ count, highs }: IdList): boolean {
  for (let i = 0; i < count; i++) if (highs[i] !== 0) return false;
  return true;
}
