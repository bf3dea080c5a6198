/**
 * When a session's next turn will come: by the think and tool times that the trace has (what an agent that knows its tools could tell),
 * or by the gaps seen so far, the session's own and, before it has any, everybody's.
 */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { RELATION_SEQUENCE, TRIGGER_COMPLETION } from "../../trace/index.ts";
import type { Trace } from "../../trace/index.ts";
import { delayRule } from "../delay-rule.ts";
import type { Scenario } from "../scenario.ts";

/** Sessions of a trace's rows, and the declared time from a row's end to its next turn. */
export type SessionTurns = {
  /** By row, −1: it stands alone. */
  readonly session: Int32Array;
  readonly sessionCount: number;
  /** By row, µs; NaN: no turn follows. Undefined: nobody declares times, they are observed. */
  readonly declaredUs: Float64Array | undefined;
};

/** What a forecast is made from. Errors: a trace that does not say which requests belong together. */
export function sessionTurnsOf(scenario: Scenario, trace: Trace | undefined): Result<SessionTurns> {
  const sessions = trace?.sessions;
  if (trace === undefined || sessions === undefined) {
    return fail({
      what: "the traffic does not say which requests are turns of one session",
      where: "kv.prefetch.into",
      expected: "a trace with sessions",
      remedy: "set traffic.source.infer_sessions: true, or kv.prefetch.into: none",
    });
  }
  const { session, sessionCount } = sessions;
  const declares = scenario.kv.prefetch.predict === "declared";
  return ok({
    session,
    sessionCount,
    declaredUs: declares ? declaredTimes(scenario, trace) : undefined,
  });
}

function declaredTimes(scenario: Scenario, trace: Trace): Float64Array {
  const { rows, arrivalUs, graph, sessions } = trace;
  const rule = delayRule(scenario);
  const times = new Float64Array(rows).fill(NaN);
  const earliest = (row: number, us: number): void => {
    if (!(times[row]! <= us)) times[row] = us;
  };
  for (let turn = 0; turn < rows; turn++) {
    if (graph === undefined) {
      const before = sessions!.parent[turn]!;
      if (before < 0) continue;
      const delayUs = sessions!.delayUs[turn]!;
      const apartUs = Math.max(0, arrivalUs[turn]! - arrivalUs[before]!);
      earliest(before, rule(Number.isNaN(delayUs) ? apartUs : delayUs));
      continue;
    }
    for (let edge = graph.edgeStart[turn]!; edge < graph.edgeStart[turn + 1]!; edge++) {
      const isNext = graph.relation[edge] === RELATION_SEQUENCE;
      if (isNext && graph.trigger[edge] === TRIGGER_COMPLETION)
        earliest(graph.on[edge]!, rule(graph.delayUs[edge]!));
    }
  }
  return times;
}

export class TurnForecast {
  private readonly turns: SessionTurns;
  /** By session: the newest end of a turn, and its mean gap, newer ones counting more; NaN: none yet. */
  private readonly endUs: Float64Array;
  private readonly gapUs: Float64Array;
  private gaps = 0;
  private gapSumUs = 0;

  constructor(turns: SessionTurns) {
    this.turns = turns;
    this.endUs = new Float64Array(turns.sessionCount).fill(NaN);
    this.gapUs = new Float64Array(turns.sessionCount).fill(NaN);
  }

  /** The session of a row, −1: none. */
  sessionOf(row: number): number {
    return this.turns.session[row]!;
  }

  /** A turn has come to its worker: what the time since the turn before tells. */
  came(session: number, nowUs: number): void {
    const gapUs = nowUs - this.endUs[session]!;
    if (!(gapUs >= 0)) return;
    this.endUs[session] = NaN;
    const meanUs = this.gapUs[session]!;
    this.gapUs[session] = Number.isNaN(meanUs) ? gapUs : (meanUs + gapUs) / 2;
    this.gaps++;
    this.gapSumUs += gapUs;
  }

  /** A turn has ended; when the next one is expected, µs; NaN: never, or nobody can say. */
  ended(row: number, nowUs: number): number {
    const { declaredUs } = this.turns;
    if (declaredUs !== undefined) return nowUs + declaredUs[row]!;
    const session = this.sessionOf(row);
    this.endUs[session] = nowUs;
    const ownUs = this.gapUs[session]!;
    if (!Number.isNaN(ownUs)) return nowUs + Math.round(ownUs);
    return this.gaps === 0 ? NaN : nowUs + Math.round(this.gapSumUs / this.gaps);
  }
}
