import { orNull, quantileSorted } from "./inspect-sample.ts";
import type { Quantile } from "./inspect-prefixes.ts";
import {
  RELATION_BARRIER,
  RELATION_JOIN,
  RELATION_SEQUENCE,
  RELATION_SPAWN,
  type CallGraph,
  type RELATIONS,
  type Sessions,
} from "./trace.ts";

const US_PER_S = 1e6;
const LEVELS = [0.1, 0.5, 0.9, 0.99] as const;

export type SessionStatistics = {
  readonly sessions: number;
  /** Rows of no session. */
  readonly singleRows: number;
  readonly turnsMean: number | null;
  readonly turns: readonly Quantile[];
  readonly turnsMax: number;
  /** Rows that wait for a parent. */
  readonly laterTurns: number;
  /** Think and tool time after the parent's completion, s, where the source says. */
  readonly delayS: readonly Quantile[];
  /** Tasks and the edges between their calls, of a trace with a call graph. */
  readonly tasks?: {
    readonly tasks: number;
    readonly callsMean: number | null;
    readonly calls: readonly Quantile[];
    readonly callsMax: number;
    readonly edges: { readonly [relation in (typeof RELATIONS)[number]]: number };
  };
};

function inspectTasks(graph: CallGraph): NonNullable<SessionStatistics["tasks"]> {
  const calls = new Uint32Array(graph.taskCount);
  let rows = 0;
  for (const task of graph.task) {
    if (task < 0) continue;
    calls[task]!++;
    rows++;
  }
  calls.sort();
  const count = (relation: number): number =>
    graph.relation.filter((one) => one === relation).length;
  return {
    tasks: graph.taskCount,
    callsMean: orNull(rows / graph.taskCount),
    calls: LEVELS.map((q) => ({ q, value: orNull(quantileSorted(calls, q)) })),
    callsMax: calls.at(-1) ?? 0,
    edges: {
      sequence: count(RELATION_SEQUENCE),
      spawn: count(RELATION_SPAWN),
      join: count(RELATION_JOIN),
      replay_barrier: count(RELATION_BARRIER),
    },
  };
}

/** Turns per session and delays between turns, of a trace that has sessions. */
export function inspectSessions(sessions: Sessions, graph?: CallGraph): SessionStatistics {
  const turns = new Uint32Array(sessions.sessionCount);
  let singleRows = 0;
  for (const session of sessions.session) {
    if (session < 0) singleRows++;
    else turns[session] = turns[session]! + 1;
  }
  turns.sort();
  let laterTurns = 0;
  for (const parent of sessions.parent) if (parent >= 0) laterTurns++;
  const delays = sessions.delayUs.filter((delay) => !Number.isNaN(delay)).sort();
  const rows = sessions.session.length - singleRows;
  return {
    sessions: sessions.sessionCount,
    singleRows,
    turnsMean: orNull(rows / sessions.sessionCount),
    turns: LEVELS.map((q) => ({ q, value: orNull(quantileSorted(turns, q)) })),
    turnsMax: turns.at(-1) ?? 0,
    laterTurns,
    delayS: LEVELS.map((q) => ({ q, value: orNull(quantileSorted(delays, q) / US_PER_S) })),
    ...(graph === undefined ? {} : { tasks: inspectTasks(graph) }),
  };
}
