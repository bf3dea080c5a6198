/** The gaps between tokens that decode steps leave behind, recorded for whole runs at once. */

import type { DecodeStretch } from "./decode-stretch.ts";
import type { Engine } from "./engine.ts";
import { AT_FIRST_TOKEN_US, AT_LAST_TOKEN_US } from "./request-table.ts";
import type { TokenStalls } from "./token-stalls.ts";

/** Decode steps of one run that have ended. */
export type EndedSteps = {
  readonly stretch: DecodeStretch;
  /** Number of the first one in the stretch, and how many. */
  readonly first: number;
  readonly steps: number;
  /** When the first one started, and the last one ended. */
  readonly startUs: number;
  readonly endUs: number;
  /** Places of the batch that are kept by requests that are done and get no tokens. */
  readonly doneCount: number;
  readonly stalls: TokenStalls | undefined;
};

/** Records the gaps of the steps that ended after the warm-up. */
export function addRunGaps({ gaps, gapsFromUs, stepByStep }: Engine, ended: EndedSteps): void {
  const { stretch, first, steps, startUs, stalls } = ended;
  const isStalled = stalls !== undefined && stalls.requests > 0;
  if (ended.endUs <= gapsFromUs) {
    stalls?.clear();
    return;
  }
  let from = first;
  if (startUs < gapsFromUs) from = stretch.stepsBy(gapsFromUs, first, first + steps);
  const live = stretch.batch - ended.doneCount;
  if (isStalled) {
    if (from === first) {
      gaps.add(stretch.stepUs(first), live - stalls.requests);
      stalls.end(gaps, startUs, stretch.stepUs(first));
      from++;
    } else stalls.clear();
  }
  const count = first + steps - from;
  if (count === 0) return;
  if (stepByStep || ended.doneCount > 0) {
    for (let j = from; j < from + count; j++) gaps.add(stretch.stepUs(j), live);
  } else stretch.addGaps(gaps, from, count);
}

/** A mixed step that ended at `endUs` and took `elapsedUs` gave `requests` decoding requests a token. */
export function addMixedGaps(
  { gaps, gapsFromUs }: Engine,
  stalls: TokenStalls | undefined,
  requests: number,
  endUs: number,
  elapsedUs: number,
): void {
  const isMeasured = endUs > gapsFromUs;
  if (isMeasured) gaps.add(elapsedUs, requests - (stalls?.requests ?? 0));
  if (stalls === undefined) return;
  if (isMeasured) stalls.end(gaps, endUs - elapsedUs, elapsedUs);
  else stalls.clear();
}

/** The token that the end of a prompt has made at `nowUs`; true when it is the request's first. */
export function addPromptToken(engine: Engine, slot: number, nowUs: number): boolean {
  const { data } = engine.table;
  if (Number.isNaN(data[slot + AT_FIRST_TOKEN_US]!)) {
    data[slot + AT_FIRST_TOKEN_US] = nowUs;
    return true;
  }
  if (nowUs > engine.gapsFromUs) engine.gaps.add(nowUs - data[slot + AT_LAST_TOKEN_US]!, 1);
  return false;
}
