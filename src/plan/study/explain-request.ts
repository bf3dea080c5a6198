/**
 * Why a request went where it went, and where it had better gone: the run is made again with a witness, and again for each
 * of the best-scored candidates with the request sent there instead.
 */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import type { DecisionRecord, Report, RequestColumns, SimulationResult } from "../../sim/index.ts";
import { REQUEST_STATUS_NAMES } from "../../sim/index.ts";

/** How a request fared. Times in ms; null: never. */
export type RequestFate = {
  readonly worker: number | null;
  readonly status: string;
  readonly arrivalS: number;
  readonly queueMs: number | null;
  readonly prefillMs: number | null;
  readonly ttftMs: number | null;
  readonly decodeMs: number | null;
  readonly e2eMs: number | null;
  /** Of these: loading its prefix from a lower tier, handing its prompt over to a decode worker, doing again what was lost. */
  readonly onboardMs: number;
  readonly transferMs: number;
  readonly redoMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly preemptions: number;
};

/** What would have come of another choice. */
export type Alternative = {
  readonly worker: number;
  readonly chosen: boolean;
  readonly fate: RequestFate;
  /** Goodput of the whole run and its mean TTFT. */
  readonly goodputPerS: number | null;
  readonly ttftMsMean: number | null;
};

export type Explanation = {
  readonly schema: "headworks.explanation.v1";
  readonly request: number;
  /** Whether the run could be made again exactly. */
  readonly sameDigest: boolean;
  readonly fate: RequestFate;
  readonly decisions: readonly DecisionRecord[];
  /** By the request's own time to its last token, best first. */
  readonly hindsight: readonly Alternative[];
};

/** The fate of a row. Errors: no such request in the run. */
export function fateOf(columns: RequestColumns, request: number): Result<RequestFate> {
  const at = columns.row.indexOf(request);
  if (at < 0) {
    return fail({
      what: `the run has no request ${request}`,
      where: "--request",
      expected: `a row of the trace, as in requests.csv; ${columns.rows} were offered`,
    });
  }
  const arrivalUs = columns.arrivalUs[at]!;
  const admittedUs = columns.admittedUs[at]!;
  const firstUs = columns.firstTokenUs[at]!;
  const finishUs = columns.finishUs[at]!;
  const ms = (us: number): number | null => (Number.isNaN(us) ? null : us / 1e3);
  const worker = columns.worker[at]!;
  const { asides } = columns;
  const aside = (column: Float64Array | undefined): number => (column?.[at] ?? 0) / 1e3;
  return ok({
    worker: worker < 0 ? null : worker,
    status: REQUEST_STATUS_NAMES[columns.status[at]!] ?? "unknown",
    arrivalS: arrivalUs / 1e6,
    queueMs: ms(admittedUs - arrivalUs),
    prefillMs: ms(firstUs - admittedUs),
    ttftMs: ms(firstUs - arrivalUs),
    decodeMs: ms(finishUs - firstUs),
    e2eMs: ms(finishUs - arrivalUs),
    onboardMs: aside(asides?.onboardUs),
    transferMs: aside(asides?.transferUs) + aside(asides?.settleUs),
    redoMs: aside(asides?.redoFirstUs) + aside(asides?.redoUs),
    inputTokens: columns.inputTokens[at]!,
    outputTokens: columns.outputTokens[at]!,
    cachedTokens: columns.cachedTokens[at]!,
    preemptions: columns.preemptions[at]!,
  });
}

/**
 * Explains a request. `run` makes the run again, sending the request to a worker when one is given; `most` other workers
 * are tried, in order of their scores. Errors: those of `run`; no such request.
 */
export async function explainRequest(
  report: Report,
  request: number,
  most: number,
  run: (force?: number) => Promise<Result<SimulationResult>>,
): Promise<Result<Explanation>> {
  const again = await run();
  if (!again.ok) return again;
  const { requests, decisions = [] } = again.value;
  if (requests === undefined) return fail({ what: "the run kept no requests" });
  const fate = fateOf(requests, request);
  if (!fate.ok) return fate;
  const first = decisions[0];
  const hindsight: Alternative[] = [];
  if (first !== undefined) {
    hindsight.push(alternative(first.worker, true, fate.value, again.value.report));
    const others = first.candidates.map(({ worker }) => worker).filter((id) => id !== first.worker);
    for (const worker of others.slice(0, most)) {
      const other = await run(worker);
      if (!other.ok) return other;
      const otherFate = fateOf(other.value.requests!, request);
      if (!otherFate.ok) return otherFate;
      hindsight.push(alternative(worker, false, otherFate.value, other.value.report));
    }
  }
  const time = ({ fate: { e2eMs } }: Alternative): number => e2eMs ?? Infinity;
  return ok({
    schema: "headworks.explanation.v1",
    request,
    sameDigest: again.value.report.digest === report.digest,
    fate: fate.value,
    decisions,
    hindsight: hindsight.sort((a, b) => time(a) - time(b)),
  });
}

function alternative(
  worker: number,
  chosen: boolean,
  fate: RequestFate,
  report: Report,
): Alternative {
  const { goodputPerS } = report.slo;
  return { worker, chosen, fate, goodputPerS, ttftMsMean: report.latency.ttftMs.mean };
}
