import type { LengthSpec } from "./lengths.ts";
import type { AgentFlow, SynthRecipe } from "./synth-recipe.ts";

/**
 * Agentic coding after Weka's Claude Code traces (callanjfox/kv-cache-tester, Apache-2.0, 710 of 739 tasks). The numbers are fits of
 * traces.md §2.4 and recipe H of §6: ln-means and sigmas of tokens and of seconds.
 */

const lognormal = (mu: number, sigma: number, min = 1, max = 1_000_000): LengthSpec => ({
  kind: "lognormal",
  mu,
  sigma,
  min,
  max,
});

const mix = (...parts: readonly (readonly [weight: number, of: LengthSpec])[]): LengthSpec => ({
  kind: "mixture",
  parts: parts.map(([weight, of]) => ({ weight, of })),
});

/** ln 1000: waits are fitted in seconds and drawn in milliseconds. */
const LN_1000 = 6.907_755_278_982_137;
const wait = (mu: number, sigma: number): LengthSpec =>
  lognormal(mu + LN_1000, sigma, 0, 10_000_000);

const CODING: AgentFlow = {
  kind: "agents",
  name: "agents",
  // The traces have no wall clock: a rate that keeps some ten tasks open (assumption).
  arrivals: { kind: "poisson", perS: 0.01 },
  calls: mix([0.121, lognormal(1.7, 0.41, 3, 520)], [0.879, lognormal(3.94, 0.98, 3, 520)]),
  firstInput: mix([0.51, lognormal(9.81, 0.25)], [0.49, lognormal(11.66, 0.89)]),
  newAfterTool: mix(
    [0.65, lognormal(6.27, 0.76)],
    [0.33, lognormal(7.62, 1.13)],
    [0.014, lognormal(11.44, 0.72, 1, 300_000)],
  ),
  newAfterUser: mix([0.81, lognormal(6.28, 0.79)], [0.19, lognormal(8.23, 1.45, 1, 200_000)]),
  userShare: 0.135,
  rewindShare: 0.0125,
  rewindKeeps: 0.11,
  largeShare: 0.22,
  // Chosen so that the longest prompts, p90 and p99, come near those of the traces.
  largeFrom: 400_000,
  largeUntil: 800_000,
  compactFrom: 140_000,
  compactUntil: 168_000,
  compactTo: lognormal(10.57, 0.65, 15_000, 120_000),
  output: mix([0.69, lognormal(5.24, 0.59)], [0.31, lognormal(6.3, 1.09, 1, 32_000)]),
  toolWaitMs: mix([0.73, wait(1.99, 0.59)], [0.25, wait(3.82, 1.3)], [0.02, wait(6.38, 2.08)]),
  userWaitMs: wait(4.91, 1.77),
  heads: 343,
  // The ten most popular of 343 tool and system prompts cover 18 % of the tasks: rank^−0.37.
  headZipf: 0.37,
  headTokens: lognormal(9.57, 0.25, 2000, 40_000),
  // 63 sub-agents among 48,658 calls, 10.7 calls each, first prompts of 10.3 k.
  spawnShare: 63 / 48_658,
  childCalls: lognormal(2.1, 0.7, 1, 80),
  childFirstInput: lognormal(9.24, 0.5, 500, 100_000),
  // Least squares of the recorded service times: 1.18 + 0.0152 · out + 1.49 · in ÷ 10^5 s.
  serviceS: [1.18, 0.0152, 1.49e-5],
  maxInput: 900_000,
};

export const AGENTIC_RECIPES: readonly SynthRecipe[] = [
  {
    name: "agentic-coding",
    summary:
      "Coding agents after Weka's Claude Code traces: growing prompts, tool and user waits, compaction, sub-agents; " +
      "means of prompt and answer, hit rate and calls per task are compared in the tests",
    blockSize: 64,
    tickUs: 0,
    burnInS: 0,
    durationS: 6 * 3600,
    flows: [CODING],
  },
];
