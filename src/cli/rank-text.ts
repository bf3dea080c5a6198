/** Attention ranks in lock step, as text. */

import type { Report } from "../sim/index.ts";
import { countText, numberText, percentText } from "./numbers.ts";

/** Rows of facts, two for each pool whose ranks are workers of their own; none without. */
export function rankRows({ pools }: Report): [string, string][] {
  return pools.flatMap(({ name, lockStep }): [string, string][] => {
    if (lockStep === undefined) return [];
    const { ranks, workedShare, waitedShare, idleShare, imbalance } = lockStep;
    const of = pools.length === 1 ? "" : `${name}: `;
    return [
      [
        "ranks",
        `${of}${countText(ranks)} a worker in lock step: ${percentText(workedShare)} of their time at work, ` +
          `${percentText(waitedShare)} waiting for slower ranks, ${percentText(idleShare)} without any`,
      ],
      ["", `a worker's fullest rank has ${numberText(imbalance)} times the mean rank's tokens`],
    ];
  });
}

/** "2 workers of 8 ranks", "16 workers": of the first pool. */
export function workersText({ pools, scenario }: Report): string {
  const { workers = scenario.cluster.workers, lockStep } = pools[0] ?? {};
  const ranks = lockStep?.ranks ?? 1;
  const count = workers / ranks;
  const of = ranks === 1 ? "" : ` of ${countText(ranks)} ranks`;
  return `${countText(count)} worker${count === 1 ? "" : "s"}${of}`;
}
