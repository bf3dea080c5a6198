/**
 * Traffic: when which request is offered. A trace (or a generator) is replayed by its timestamps, by a random process over
 * its rows, or in closed loop at a concurrency; later turns of a session are released by the completion of the turn before, calls of
 * an agent by the calls they wait for. A random process and a closed loop then let whole tasks in, not single calls.
 */

import { EventQueue, stream } from "../core/index.ts";
import type { Stream } from "../core/index.ts";
import type { RowSource, Sessions, SourceRow, Trace } from "../trace/index.ts";
import { CallReleases } from "./call-releases.ts";
import { delayRule, type DelayRule } from "./delay-rule.ts";
import type { Scenario } from "./scenario.ts";

const US_PER_S = 1e6;
const NONE = -1;

export class Traffic {
  /** Arrival of the next request, µs; Infinity when none is due before something completes. */
  nextUs = Infinity;
  /** The request just taken. */
  row = 0;
  input = 0;
  output = 0;
  /** Requests taken so far, and how many there will be (Infinity: unknown). */
  offered = 0;
  readonly total: number;
  /** Rows that the scenario's window or limit left out although they belong to a session that it kept. */
  orphans = 0;
  private readonly trace: Trace | undefined;
  private readonly rows: RowSource | undefined;
  private readonly generated: SourceRow = { arrivalUs: 0, inputTokens: 0, outputTokens: 0 };
  /** The generator has been read to the end of its rows or of the window. */
  private isRead = false;
  private readonly speedup: number;
  private readonly startUs: number;
  private readonly endUs: number;
  private readonly limit: number;
  private readonly mode: Scenario["traffic"]["arrivals"]["mode"];
  private readonly gap: (() => number) | undefined;
  /** Rows that arrive by themselves, in order; undefined: all rows of the trace. */
  private readonly roots: Uint32Array | undefined;
  private readonly rootCount: number;
  private cursor = 0;
  private cursorUs = Infinity;
  private clockUs = NaN;
  private lanesFree = 0;
  /** Closed loop: when the lanes were freed, the last ones, in a ring; the first ones are free from the start on. */
  private readonly laneUs: Float64Array;
  private laneNext = 0;
  /** Turns released by a completion and waiting for their delay, by row. */
  private readonly released = new EventQueue();
  private readonly firstTurnAfter: Int32Array | undefined;
  private readonly nextTurn: Int32Array | undefined;
  /** Calls that wait for calls, in place of turns. */
  private readonly calls: CallReleases | undefined;
  private readonly delay: DelayRule;
  private readonly givesUp: boolean;

  constructor(
    scenario: Scenario,
    input: { readonly trace?: Trace | undefined; readonly rows?: RowSource | undefined },
  ) {
    const { traffic } = scenario;
    const { arrivals } = traffic;
    this.trace = input.trace;
    this.rows = input.rows;
    this.mode = arrivals.mode;
    this.speedup = arrivals.mode === "timestamps" ? arrivals.speedup : 1;
    this.startUs = traffic.start_s * US_PER_S;
    this.endUs = traffic.end_s === null ? Infinity : traffic.end_s * US_PER_S;
    this.limit = traffic.requests ?? Infinity;
    this.clockUs = 0;
    this.gap = gapOf(scenario, stream(scenario.seed, "arrivals"));
    if (arrivals.mode === "closed") this.lanesFree = arrivals.concurrency;
    this.laneUs = new Float64Array(this.lanesFree);
    this.delay = delayRule(scenario);
    this.givesUp = traffic.after_failure === "give_up";
    const graph = this.trace?.graph;
    if (this.trace === undefined) {
      this.rootCount = Infinity;
      this.total = this.limit;
    } else if (graph !== undefined) {
      this.calls = new CallReleases(scenario, this.trace, graph, this.released);
      this.roots = this.calls.roots;
      this.rootCount = this.roots.length;
      this.total = this.calls.total;
    } else {
      const chosen = chooseRows(this.trace, this.startUs, this.endUs, this.limit, traffic.sessions);
      this.roots = chosen.roots;
      this.rootCount = chosen.roots?.length ?? this.trace.rows;
      this.total = chosen.total;
      this.orphans = chosen.orphans;
      this.firstTurnAfter = chosen.firstTurnAfter;
      this.nextTurn = chosen.nextTurn;
    }
    this.advanceCursor();
    this.refresh();
  }

  /** Sessions of the trace, if it has any. */
  get sessions(): Sessions | undefined {
    return this.trace?.sessions;
  }

  /** Takes the request that is due: fills `row`, `input` and `output`. */
  take(): void {
    this.offered++;
    const { nextUs } = this;
    if (this.released.timeUs <= this.cursorUs && this.releasedIsFirst()) {
      this.row = this.released.pop();
    } else {
      this.takeRoot();
    }
    this.calls?.sent(this.row, nextUs);
    this.refresh();
    if (this.trace === undefined) return;
    this.input = this.trace.inputTokens[this.row]!;
    this.output = this.trace.outputTokens[this.row]!;
  }

  /**
   * A request has ended (however): releases the turns behind it, or lets the next one of a closed loop in.
   *
   * @param nowUs from when on its client can follow up: the end, or later by the client's path
   * @param isDone it has its answer
   */
  ended(row: number, nowUs: number, isDone = true): void {
    const goesOn = isDone || !this.givesUp;
    if (this.calls !== undefined) {
      if (this.calls.ended(row, nowUs, goesOn)) this.freeLane(1, nowUs);
      this.refresh();
      return;
    }
    let turns = 0;
    if (this.firstTurnAfter !== undefined && goesOn) {
      for (let turn = this.firstTurnAfter[row]!; turn !== NONE; turn = this.nextTurn![turn]!) {
        this.released.schedule(turn, nowUs + this.delayUs(row, turn), 0);
        turns++;
      }
    }
    // A conversation keeps its lane for its next turn; when it branches, each turn takes one.
    this.freeLane(1 - turns, nowUs);
    this.refresh();
  }

  private freeLane(lanes: number, nowUs: number): void {
    if (this.mode !== "closed") return;
    this.lanesFree += lanes;
    this.laneUs[this.laneNext] = nowUs;
    if (++this.laneNext === this.laneUs.length) this.laneNext = 0;
    // A request that is due already must not be read over.
    if (this.cursorUs === Infinity) this.advanceCursor();
  }

  private refresh(): void {
    this.nextUs = Math.min(this.cursorUs, this.released.timeUs);
  }

  /** When the lane that has been free for longest was freed. */
  private get nextLaneUs(): number {
    const { laneUs } = this;
    const place = this.laneNext - this.lanesFree;
    return laneUs[place < 0 ? place + laneUs.length : place]!;
  }

  /** At the same instant the lower row goes first. */
  private releasedIsFirst(): boolean {
    if (this.released.timeUs < this.cursorUs) return true;
    return this.released.source < this.rootAt(this.cursor);
  }

  private rootAt(index: number): number {
    return this.roots === undefined ? index : this.roots[index]!;
  }

  private takeRoot(): void {
    this.row = this.rootAt(this.cursor);
    if (this.rows !== undefined) {
      this.input = this.generated.inputTokens;
      this.output = this.generated.outputTokens;
    }
    this.cursor++;
    if (this.mode === "closed") this.lanesFree--;
    this.advanceCursor();
  }

  private advanceCursor(): void {
    if (this.cursor >= this.rootCount || this.cursor >= this.limit) {
      this.cursorUs = Infinity;
      return;
    }
    if (this.rows !== undefined) {
      this.advanceGenerated(this.rows);
      return;
    }
    if (this.mode === "closed") this.cursorUs = this.lanesFree > 0 ? this.nextLaneUs : Infinity;
    else if (this.gap !== undefined) this.cursorUs = this.clockUs += this.gap();
    else {
      const arrivalUs = this.trace!.arrivalUs[this.rootAt(this.cursor)]!;
      this.cursorUs = Math.round((arrivalUs - this.startUs) / this.speedup);
    }
  }

  /** A generator is read once for each request, when the one before has been taken. */
  private advanceGenerated(rows: RowSource): void {
    const { generated } = this;
    this.cursorUs = Infinity;
    if (this.isRead || (this.mode === "closed" && this.lanesFree <= 0)) return;
    do this.isRead = !rows.next(generated);
    while (!this.isRead && generated.arrivalUs < this.startUs);
    if (this.isRead || generated.arrivalUs >= this.endUs) {
      this.isRead = true;
      return;
    }
    if (this.mode === "closed") this.cursorUs = this.nextLaneUs;
    else if (this.gap !== undefined) this.cursorUs = this.clockUs += this.gap();
    else this.cursorUs = Math.round((generated.arrivalUs - this.startUs) / this.speedup);
  }

  /** The recorded think time; without one, the recorded distance of the arrivals. */
  private delayUs(row: number, turn: number): number {
    const delay = this.trace!.sessions!.delayUs[turn]!;
    if (!Number.isNaN(delay)) return this.delay(delay);
    const distance = this.trace!.arrivalUs[turn]! - this.trace!.arrivalUs[row]!;
    return distance > 0 ? this.delay(distance) : 0;
  }
}

/** Gaps of an open-loop process, integer µs, at least 0; undefined when the trace's own times are replayed. */
function gapOf(scenario: Scenario, random: Stream): (() => number) | undefined {
  const { arrivals } = scenario.traffic;
  switch (arrivals.mode) {
    case "poisson": {
      const mean = US_PER_S / arrivals.rate_per_s;
      return () => Math.round(random.exponential(mean));
    }
    case "gamma": {
      const scale = US_PER_S / (arrivals.rate_per_s * arrivals.shape);
      return () => Math.round(random.gamma(arrivals.shape, scale));
    }
    case "timestamps":
    case "closed":
      return undefined;
  }
}

type ChosenRows = {
  readonly roots: Uint32Array | undefined;
  readonly total: number;
  readonly orphans: number;
  readonly firstTurnAfter: Int32Array | undefined;
  readonly nextTurn: Int32Array | undefined;
};

/**
 * The rows that a window and a limit keep. A kept turn whose parent is not kept becomes a root at its own time, or an
 * orphan when it has none.
 */
function chooseRows(
  trace: Trace,
  startUs: number,
  endUs: number,
  limit: number,
  sessionMode: "closed" | "open",
): ChosenRows {
  const { sessions, arrivalUs, rows } = trace;
  const last = Math.min(rows, limit);
  const whole = startUs <= 0 && endUs === Infinity;
  if (sessions === undefined && whole) {
    const roots = last === rows ? undefined : Uint32Array.from({ length: last }, (_, i) => i);
    return { roots, total: last, orphans: 0, firstTurnAfter: undefined, nextTurn: undefined };
  }
  const kept = new Uint8Array(rows);
  const roots: number[] = [];
  const firstTurnAfter = new Int32Array(rows).fill(NONE);
  const nextTurn = new Int32Array(rows).fill(NONE);
  let total = 0;
  let orphans = 0;
  for (let row = 0; row < rows && total < last; row++) {
    const time = arrivalUs[row]!;
    const parent = sessions?.parent[row] ?? NONE;
    const closed = parent !== NONE && (sessionMode === "closed" || Number.isNaN(time));
    if (closed && kept[parent] === 1) {
      nextTurn[row] = firstTurnAfter[parent]!;
      firstTurnAfter[parent] = row;
    } else if (time >= startUs && time < endUs) roots.push(row);
    else {
      if (Number.isNaN(time)) orphans++;
      continue;
    }
    kept[row] = 1;
    total++;
  }
  return { roots: Uint32Array.from(roots), total, orphans, firstTurnAfter, nextTurn };
}
