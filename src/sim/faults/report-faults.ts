/** The report's `faults`: each one's cost, and the goodput around it. */

import type { Incident } from "./fault-log.ts";
import type { FaultsSummary, FaultSummary, OutageSummary } from "./fault-summary.ts";
import type { Faults } from "./faults.ts";
import type { Outage } from "./outages.ts";

const US_PER_S = 1e6;
/** Seconds before a fault that say what is usual, and over which goodput is averaged. */
const BASELINE_S = 60;
const WINDOW_S = 10;
/** Share of the usual goodput at which a fault is over. */
const RECOVERED = 0.95;
/** Events in the report. */
const EVENTS_MAX = 1000;

/** `null`: nothing could break. */
export function faultSummary(faults: Faults | undefined, nowUs: number): FaultsSummary | null {
  if (faults === undefined) return null;
  const { incidents, goodBySecond } = faults.log;
  const sum = (pick: (incident: Incident) => number): number =>
    incidents.reduce((total, incident) => total + pick(incident), 0);
  const endS = Math.floor(nowUs / US_PER_S);
  return {
    moved: sum(({ moved }) => moved),
    failed: sum(({ failed }) => failed),
    tokensLost: sum(({ tokensLost }) => tokensLost),
    gpuSLost: sum(({ gpuUsLost }) => gpuUsLost) / US_PER_S,
    gpuSDown: sum(({ gpuUsDown }) => gpuUsDown) / US_PER_S,
    events: incidents.slice(0, EVENTS_MAX).map((one) => summaryOf(one, goodBySecond, endS)),
    more: Math.max(0, incidents.length - EVENTS_MAX),
    outages: faults.outages.list.slice(0, EVENTS_MAX).map(outageSummary),
  };
}

function summaryOf(one: Incident, good: readonly number[], endS: number): FaultSummary {
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
    ...goodputAround(good, Math.floor(one.atUs / US_PER_S), endS),
  };
}

function outageSummary({ worker, state, fromUs, untilUs }: Outage): OutageSummary {
  const untilS = Number.isNaN(untilUs) ? null : untilUs / US_PER_S;
  return { worker, state, fromS: fromUs / US_PER_S, untilS };
}

/** Mean a second over [from, to). */
function meanOf(good: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let second = from; second < to; second++) sum += good[second] ?? 0;
  return sum / (to - from);
}

/**
 * The goodput before second `atS` and after it, in means over `WINDOW_S`. It fell from the first window that is below
 * `RECOVERED` of the usual, to the first one after that which is not; the dip is the deepest between. `endS`: the run's end.
 */
export function goodputAround(
  good: readonly number[],
  atS: number,
  endS: number,
): Pick<FaultSummary, "goodputBeforePerS" | "goodputDip" | "recoveryS"> {
  const from = Math.max(0, atS - BASELINE_S);
  const before = atS > from ? meanOf(good, from, atS) : 0;
  if (before === 0) return { goodputBeforePerS: null, goodputDip: null, recoveryS: null };
  let least = before;
  let hasFallen = false;
  for (let second = atS + 1; second + WINDOW_S <= endS; second++) {
    const rate = meanOf(good, second, second + WINDOW_S);
    if (rate < RECOVERED * before) hasFallen = true;
    else if (hasFallen) {
      return dip(before, least, second + WINDOW_S - atS);
    }
    if (hasFallen) least = Math.min(least, rate);
    // A fault that shows shows soon.
    if (!hasFallen && second > atS + BASELINE_S) return dip(before, before, 0);
  }
  return dip(before, least, hasFallen ? null : 0);
}

function dip(before: number, least: number, recoveryS: number | null) {
  return { goodputBeforePerS: before, goodputDip: 1 - least / before, recoveryS };
}
