import { pow, stream, type Stream } from "../core/index.ts";
import { arrivalProcess } from "./arrivals.ts";
import { lengthSampler, type LengthSampler } from "./lengths.ts";
import { PrefixTree } from "./prefix-tree.ts";
import type { AgentFlow } from "./synth-recipe.ts";
import {
  RELATION_JOIN,
  RELATION_SEQUENCE,
  RELATION_SPAWN,
  TRIGGER_COMPLETION,
  TRIGGER_DISPATCH,
  type CallGraph,
  type HashRuns,
} from "./trace.ts";

const US_PER_S = 1e6;
const US_PER_MS = 1e3;

/** Generated calls in the order they were drawn; edges point to earlier ones. */
type Call = {
  readonly startUs: number;
  readonly endUs: number;
  readonly input: number;
  readonly output: number;
  readonly task: number;
  readonly session: number;
  readonly path: number;
  readonly edges: readonly Edge[];
};

type Edge = {
  readonly on: number;
  readonly trigger: number;
  readonly relation: number;
  readonly delayUs: number;
};

/** An agent's run under construction. */
type Run = {
  readonly task: number;
  readonly session: number;
  /** Longest prompt before the context is compacted; Infinity: never. */
  readonly compactAt: number;
  /** Head of every prompt: tools and system, as a path and its tokens. */
  readonly head: number;
  readonly headTokens: number;
  input: number;
  path: number;
  last: number;
};

export type AgentRows = {
  readonly arrivalUs: Float64Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
  readonly session: Int32Array;
  readonly sessionCount: number;
  readonly parent: Int32Array;
  readonly delayUs: Float64Array;
  readonly graph: CallGraph;
  readonly hashes: HashRuns;
};

/**
 * Draws tasks of agents that arrive before `toUs`: calls whose prompts grow by each answer and what a tool or a user adds, are wound back
 * or compacted now and then, and sub-agents that a call starts and a later one waits for. Times of later calls are nominal, with
 * the service times of the recorded service. At most `rows` calls, those of whole tasks.
 */
export function drawAgents(
  flow: AgentFlow,
  place: {
    readonly seed: number | string;
    readonly rateScale: number;
    readonly toUs: number;
    readonly rows: number;
    readonly blockSize: number;
  },
): AgentRows {
  const { seed, rateScale } = place;
  const draw = new AgentDraw(flow, seed, place.blockSize);
  const starts = arrivalProcess(flow.arrivals, { seed, name: `${flow.name}/arrivals`, rateScale });
  for (let t = starts.next(); t < place.toUs && draw.calls.length < place.rows; t = starts.next()) {
    draw.task(t, place.rows);
  }
  return draw.rows();
}

class AgentDraw {
  readonly calls: Call[] = [];
  private readonly flow: AgentFlow;
  private readonly blockSize: number;
  private readonly tree = new PrefixTree();
  private readonly heads: number[] = [];
  private readonly headTokens: number[] = [];
  private readonly popularity: number[] = [];
  private readonly kinds: Stream;
  private readonly edits: Stream;
  private readonly counts: LengthSampler;
  private readonly firsts: LengthSampler;
  private readonly fromTool: LengthSampler;
  private readonly fromUser: LengthSampler;
  private readonly compacted: LengthSampler;
  private readonly outputs: LengthSampler;
  private readonly toolWaitMs: LengthSampler;
  private readonly userWaitMs: LengthSampler;
  private readonly childCalls: LengthSampler;
  private readonly childFirsts: LengthSampler;
  private tasks = 0;
  private sessions = 0;

  constructor(flow: AgentFlow, seed: number | string, blockSize: number) {
    this.flow = flow;
    this.blockSize = blockSize;
    const named = (use: string): Stream => stream(seed, `${flow.name}/${use}`);
    this.kinds = named("kinds");
    this.edits = named("edits");
    this.counts = lengthSampler(flow.calls, named("calls"));
    this.firsts = lengthSampler(flow.firstInput, named("first-input"));
    this.fromTool = lengthSampler(flow.newAfterTool, named("new-after-tool"));
    this.fromUser = lengthSampler(flow.newAfterUser, named("new-after-user"));
    this.compacted = lengthSampler(flow.compactTo, named("compact-to"));
    this.outputs = lengthSampler(flow.output, named("output"));
    this.toolWaitMs = lengthSampler(flow.toolWaitMs, named("tool-wait"));
    this.userWaitMs = lengthSampler(flow.userWaitMs, named("user-wait"));
    this.childCalls = lengthSampler(flow.childCalls, named("child-calls"));
    this.childFirsts = lengthSampler(flow.childFirstInput, named("child-first-input"));
    const heads = lengthSampler(flow.headTokens, named("heads"));
    let total = 0;
    for (let head = 0; head < flow.heads; head++) {
      this.headTokens.push(heads.next());
      const blocks = Math.floor(this.headTokens[head]! / blockSize);
      this.heads.push(this.tree.addPath(-1, 0, blocks));
      this.popularity.push((total += pow(head + 1, -flow.headZipf)));
    }
  }

  /** One task, cut off where the trace is full. */
  task(startUs: number, rowsMost: number): void {
    const { flow } = this;
    const head = this.kinds.pick(this.popularity);
    const isLarge = this.kinds.next() < flow.largeShare;
    const headTokens = this.headTokens[head]!;
    const run: Run = {
      task: this.tasks++,
      session: this.sessions++,
      compactAt: isLarge
        ? this.between(flow.largeFrom, flow.largeUntil)
        : this.between(flow.compactFrom, flow.compactUntil),
      head: this.heads[head]!,
      headTokens,
      input: Math.min(flow.maxInput, Math.max(headTokens, this.firsts.next())),
      path: -1,
      last: -1,
    };
    const count = this.counts.next();
    this.open(run, startUs, []);
    const joins: Edge[] = [];
    for (let step = 1; step < count && this.calls.length < rowsMost; step++) {
      // Every step draws the same numbers whichever way it goes: one knob does not shift another's.
      const isUser = this.edits.next() < flow.userShare;
      const spawns = this.edits.next() < flow.spawnShare;
      if (spawns && this.calls.length + 1 < rowsMost) joins.push(this.child(run, rowsMost));
      const joined = joins.splice(0);
      this.step(run, isUser, joined);
    }
  }

  private open(run: Run, startUs: number, edges: readonly Edge[]): void {
    const headBlocks = Math.floor(run.headTokens / this.blockSize);
    run.path = this.tree.addPath(run.head, headBlocks, this.wholeBlocks(run.input));
    run.last = this.push(run, startUs, edges);
  }

  /** The next call of a run: after a tool's result or a user's word, and after the sub-agents it waits for. */
  private step(run: Run, isUser: boolean, joins: readonly Edge[]): void {
    const { flow } = this;
    const before = this.calls[run.last]!;
    const waitMs = (isUser ? this.userWaitMs : this.toolWaitMs).next();
    const fresh = (isUser ? this.fromUser : this.fromTool).next();
    const rewinds = this.edits.next() < flow.rewindShare;
    const compactTo = this.compacted.next();
    let kept = run.input;
    let input = run.input + fresh;
    if (input > run.compactAt) {
      kept = Math.min(run.headTokens, compactTo);
      input = Math.max(kept + 1, compactTo);
      run.path = this.tree.addPath(run.head, this.wholeBlocks(kept), this.wholeBlocks(input));
    } else {
      if (rewinds) kept = Math.floor(run.input * flow.rewindKeeps);
      input = Math.min(flow.maxInput, input);
      run.path = this.tree.addPath(run.path, this.wholeBlocks(kept), this.wholeBlocks(input));
    }
    run.input = input;
    const delayUs = waitMs * US_PER_MS;
    const edge = {
      on: run.last,
      trigger: TRIGGER_COMPLETION,
      relation: RELATION_SEQUENCE,
      delayUs,
    };
    const joinedUs = joins.reduce((most, { on }) => Math.max(most, this.calls[on]!.endUs), 0);
    const startUs = Math.max(before.endUs + delayUs, joinedUs);
    run.last = this.push(run, startUs, [edge, ...joins]);
  }

  /** A sub-agent, started by the run's last call while that runs; returns the edge by which the next call waits for it. */
  private child(parent: Run, rowsMost: number): Edge {
    const { flow } = this;
    const from = this.calls[parent.last]!;
    const delayUs = Math.round((from.endUs - from.startUs) * this.edits.next());
    const run: Run = {
      ...parent,
      session: this.sessions++,
      compactAt: Infinity,
      input: Math.min(flow.maxInput, this.childFirsts.next()),
      headTokens: 0,
    };
    const edge = {
      on: parent.last,
      trigger: TRIGGER_DISPATCH,
      relation: RELATION_SPAWN,
      delayUs,
    };
    this.open(run, from.startUs + delayUs, [edge]);
    const count = this.childCalls.next();
    for (let step = 1; step < count && this.calls.length + 1 < rowsMost; step++) {
      this.step(run, false, []);
    }
    return { on: run.last, trigger: TRIGGER_COMPLETION, relation: RELATION_JOIN, delayUs: 0 };
  }

  private push(run: Run, startUs: number, edges: readonly Edge[]): number {
    const { flow } = this;
    const { input } = run;
    const output = this.outputs.next();
    const serviceS = flow.serviceS[0] + flow.serviceS[1] * output + flow.serviceS[2] * input;
    const { task, session, path } = run;
    const endUs = startUs + Math.round(serviceS * US_PER_S);
    this.calls.push({ startUs, endUs, input, output, task, session, path, edges });
    return this.calls.length - 1;
  }

  private between(low: number, high: number): number {
    return Math.round(low + (high - low) * this.kinds.next());
  }

  /** Blocks with an id: a partial last block has none. */
  private wholeBlocks(tokens: number): number {
    return Math.floor(tokens / this.blockSize);
  }

  /** Calls in order of their nominal times. */
  rows(): AgentRows {
    const { calls } = this;
    const order = calls
      .map((_, call) => call)
      .sort((a, b) => calls[a]!.startUs - calls[b]!.startUs || a - b);
    const place = new Uint32Array(calls.length);
    order.forEach((call, row) => (place[call] = row));
    const sorted = order.map((call) => calls[call]!);
    const edges = sorted.flatMap((call) => call.edges);
    const edgeStart = new Uint32Array(sorted.length + 1);
    sorted.forEach((call, row) => (edgeStart[row + 1] = edgeStart[row]! + call.edges.length));
    const follows = sorted.map((call) =>
      call.edges.find(({ relation }) => relation === RELATION_SEQUENCE),
    );
    return {
      arrivalUs: Float64Array.from(sorted, ({ startUs }) => startUs),
      inputTokens: Uint32Array.from(sorted, ({ input }) => input),
      outputTokens: Uint32Array.from(sorted, ({ output }) => output),
      session: Int32Array.from(sorted, ({ session }) => session),
      sessionCount: this.sessions,
      parent: Int32Array.from(follows, (edge) => (edge === undefined ? -1 : place[edge.on]!)),
      delayUs: Float64Array.from(follows, (edge) => edge?.delayUs ?? NaN),
      graph: {
        task: Int32Array.from(sorted, ({ task }) => task),
        taskCount: this.tasks,
        edgeStart,
        on: Uint32Array.from(edges, ({ on }) => place[on]!),
        trigger: Uint8Array.from(edges, ({ trigger }) => trigger),
        relation: Uint8Array.from(edges, ({ relation }) => relation),
        delayUs: Float64Array.from(edges, ({ delayUs }) => delayUs),
      },
      // Numbered task by task, a prompt's ids make few runs, however tasks overlap in time.
      hashes: inOrder(this.tree.hashRuns(calls.map(({ path }) => path)), order),
    };
  }
}

/** The same ids, rows in another order. */
function inOrder(
  { rowStart, start, length, idCount }: HashRuns,
  order: readonly number[],
): HashRuns {
  const starts: number[] = [];
  const lengths: number[] = [];
  const rows = new Uint32Array(order.length + 1);
  order.forEach((from, row) => {
    for (let run = rowStart[from]!; run < rowStart[from + 1]!; run++) {
      starts.push(start[run]!);
      lengths.push(length[run]!);
    }
    rows[row + 1] = starts.length;
  });
  return {
    rowStart: rows,
    start: Uint32Array.from(starts),
    length: Uint32Array.from(lengths),
    idCount,
  };
}
