/** Where a run went beyond what the kernels were measured on. */

import { measuredRanges, type MeasuredQuantity } from "../hardware/index.ts";
import type { Pool } from "./pool.ts";

const WORDS: Readonly<Record<MeasuredQuantity, string>> = {
  stepTokens: "tokens in a step",
  expertTokens: "tokens in a step",
  promptTokens: "tokens of a prompt in a step",
  decodeRequests: "requests in a decode step",
  contextTokens: "tokens in a request",
};

/**
 * Warnings of a pool whose step times come from kernels, one for each measured range that its passes left.
 *
 * @param longestTokens prompt and answer of the longest request
 */
export function reachWarnings({ engine, meter, ranks }: Pool, longestTokens: number): string[] {
  const { facts, machine, domain } = engine;
  if (meter === undefined || machine === undefined || domain === undefined) return [];
  const { pipeline } = facts.parallelism;
  // Attention ranks whose load a step's is.
  const data = facts.parallelism.data / ranks;
  const stepTokens = Math.ceil(meter.tokensMost / data / pipeline);
  const reached: Readonly<Record<MeasuredQuantity, number>> = {
    stepTokens,
    // Ranks of attention send their rows to the same experts.
    expertTokens: Math.ceil((meter.tokensMost * ranks) / pipeline),
    promptTokens: Math.min(stepTokens, longestTokens),
    decodeRequests: Math.ceil(meter.batchMost / data / pipeline),
    contextTokens: longestTokens,
  };
  return measuredRanges(domain, machine.entry.card).flatMap(({ kernels, quantity, most }) =>
    reached[quantity] <= most
      ? []
      : [
          `${reached[quantity]} ${WORDS[quantity]} are beyond the ${most} that ${kernels} ` +
            `${kernels.endsWith("s") ? "were" : "was"} measured with: extrapolated`,
        ],
  );
}
