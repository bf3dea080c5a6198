/** Where a run went beyond what the kernels were measured on. */

import { MEASURED_REACH } from "../hardware/index.ts";
import type { Pool } from "./pool.ts";

/**
 * Warnings of a pool whose step times come from kernels, one for each measured range that its passes left.
 *
 * @param longestTokens prompt and answer of the longest request
 */
export function reachWarnings({ engine, meter }: Pool, longestTokens: number): string[] {
  const { facts } = engine;
  if (meter === undefined || facts.calibration === null) return [];
  const { data, pipeline } = facts.parallelism;
  const ranks = data * pipeline;
  const reached: [what: string, amount: number, measured: number][] = [
    ["tokens in a step", Math.ceil(meter.tokensMost / ranks), MEASURED_REACH.stepTokens],
    [
      "requests in a decode step",
      Math.ceil(meter.batchMost / ranks),
      MEASURED_REACH.decodeRequests,
    ],
    ["tokens in a request", longestTokens, MEASURED_REACH.contextTokens],
  ];
  return reached.flatMap(([what, amount, measured]) =>
    amount <= measured
      ? []
      : [
          `${amount} ${what} are beyond the ${measured} that kernels were measured on: extrapolated`,
        ],
  );
}
