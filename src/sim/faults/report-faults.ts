/** The report's `faults`: each one's cost, and the goodput around it. */

import type { Incident } from "./fault-log.ts";
import type { FaultsSummary, FaultSummary, OutageSummary } from "./fault-summary.ts";
import type { Faults } from "./faults.ts";
import type { Outage } from "./outages.ts";

const US_PER_S = 1e6;
/** Seconds before a fault that say what is usual, and over which the share of good requests is taken. */
const BASELINE_S = 60;
const WINDOW_S = 10;
/** Part of the usual share at which a fault is over. */
const RECOVERED = 0.95;
/** Events in the report. */
const EVENTS_MAX = 1000;

/** `null`: nothing could break. */
export function faultSummary(faults: Faults | undefined, nowUs: number): FaultsSummary | null {
  if (faults === undefined) return null;
  const { incidents, goodBySecond: good, endedBySecond: ended } = faults.log;
  const sum = (pick: (incident: Incident) => number): number =>
    incidents.reduce((total, incident) => total + pick(incident), 0);
  const endS = Math.floor(nowUs / US_PER_S);
  return {
    moved: sum(({ moved }) => moved),
    failed: sum(({ failed }) => failed),
    tokensLost: sum(({ tokensLost }) => tokensLost),
    gpuSLost: sum(({ gpuUsLost }) => gpuUsLost) / US_PER_S,
    gpuSDown: sum(({ gpuUsDown }) => gpuUsDown) / US_PER_S,
    events: incidents.slice(0, EVENTS_MAX).map((one) => summaryOf(one, { good, ended }, endS)),
    more: Math.max(0, incidents.length - EVENTS_MAX),
    outages: faults.outages.list.slice(0, EVENTS_MAX).map(outageSummary),
  };
}

type BySecond = { readonly good: readonly number[]; readonly ended: readonly number[] };

function summaryOf(one: Incident, { good, ended }: BySecond, endS: number): FaultSummary {
  return {
    kind: one.kind,
    atS: one.atUs / US_PER_S,
    untilS: one.untilUs < Infinity ? one.untilUs / US_PER_S : null,
    workers: one.workers,
    link: one.link,
    touched: one.touched,
    moved: one.moved,
    failed: one.failed,
    tokensLost: one.tokensLost,
    gpuSLost: one.gpuUsLost / US_PER_S,
    gpuSDown: one.gpuUsDown / US_PER_S,
    ...goodputAround(good, ended, Math.floor(one.atUs / US_PER_S), endS),
  };
}

function outageSummary({ worker, state, fromUs, untilUs }: Outage): OutageSummary {
  const untilS = Number.isNaN(untilUs) ? null : untilUs / US_PER_S;
  return { worker, state, fromS: fromUs / US_PER_S, untilS };
}

/** Requests that ended over [from, to), and those of them that were good. */
function sumOf(by: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let second = from; second < to; second++) sum += by[second] ?? 0;
  return sum;
}

/**
 * The goodput before second `atS`, and what became of it: of the requests that end, the share within the SLO, so that more or
 * fewer requests alone are no dip. It fell from the first `WINDOW_S` from the fault on in which the share is below `RECOVERED` of
 * the usual, to the first after that in which it is not; the dip is the deepest between. `endS`: the run's end.
 */
export function goodputAround(
  good: readonly number[],
  ended: readonly number[],
  atS: number,
  endS: number,
): Pick<FaultSummary, "goodputBeforePerS" | "goodputDip" | "recoveryS"> {
  const from = Math.max(0, atS - BASELINE_S);
  const goodBefore = sumOf(good, from, atS);
  if (goodBefore === 0) return { goodputBeforePerS: null, goodputDip: null, recoveryS: null };
  const perS = goodBefore / (atS - from);
  const usual = goodBefore / sumOf(ended, from, atS);
  let least = usual;
  let hasFallen = false;
  let count = sumOf(ended, atS, atS + WINDOW_S);
  let goodCount = sumOf(good, atS, atS + WINDOW_S);
  for (let second = atS; second + WINDOW_S <= endS; second++) {
    // Where nothing ends nothing is known.
    const share = count === 0 ? NaN : goodCount / count;
    if (share < RECOVERED * usual) hasFallen = true;
    else if (hasFallen && count > 0) return dip(perS, 1 - least / usual, second - atS);
    if (hasFallen && share < least) least = share;
    // A fault that shows shows soon.
    if (!hasFallen && second > atS + BASELINE_S) return dip(perS, 0, 0);
    count += sumOf(ended, second + WINDOW_S, second + WINDOW_S + 1) - (ended[second] ?? 0);
    goodCount += sumOf(good, second + WINDOW_S, second + WINDOW_S + 1) - (good[second] ?? 0);
  }
  return dip(perS, 1 - least / usual, hasFallen ? null : 0);
}

function dip(goodputBeforePerS: number, goodputDip: number, recoveryS: number | null) {
  return { goodputBeforePerS, goodputDip, recoveryS };
}
