import { orNull, quantileSorted } from "./inspect-sample.ts";
import type { Quantile } from "./inspect-prefixes.ts";
import type { Sessions } from "./trace.ts";

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
};

/** Turns per session and delays between turns, of a trace that has sessions. */
export function inspectSessions(sessions: Sessions): SessionStatistics {
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
  };
}
