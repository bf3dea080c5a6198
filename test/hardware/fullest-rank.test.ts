import fc from "fast-check";
import { expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { fillRank, promptShare } from "../../src/hardware/kernels/fullest-rank.ts";
import type { StepShape } from "../../src/hardware/index.ts";

const newRank = () => ({ requests: 0, newTokens: 0, pastTokens: 0, pairs: 0 });

function stepOf(lengths: readonly number[]): StepShape {
  return {
    prefillRequests: lengths.length,
    prefillTokens: lengths.reduce((sum, length) => sum + length, 0),
    prefillPastTokens: 0,
    prefillPairs: lengths.reduce((sum, length) => sum + (length * length) / 2, 0),
    decodeRequests: 0,
    decodeContextTokens: 0,
  };
}

it("gives a single rank the whole step, and ranks with equal prompts an equal part", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 16 }),
      (lengths, dp) => {
        const step = stepOf(lengths);
        const rank = newRank();
        fillRank(step, { dp: 1, cp: 1 }, 1, rank);
        expect(rank.newTokens).toBe(step.prefillTokens);
        expect(rank.pairs).toBe(step.prefillPairs);
        const alike = stepOf(lengths.map(() => lengths[0]!));
        fillRank(alike, { dp, cp: 1 }, 1, rank);
        const most = Math.ceil(lengths.length / dp);
        expect(rank.newTokens).toBeCloseTo(most * lengths[0]!, -0.5);
        expect(rank.requests).toBeCloseTo(most, 9);
        // Nobody has more than there is.
        fillRank(step, { dp, cp: 1 }, 1, rank);
        expect(rank.newTokens).toBeLessThanOrEqual(step.prefillTokens);
        expect(rank.newTokens).toBeGreaterThanOrEqual(
          Math.floor(step.prefillTokens * promptShare(lengths.length, dp)),
        );
      },
    ),
  );
});

it.each([
  [8, 8],
  [16, 8],
  [5, 8],
  [12, 8],
])("finds the longest of ranks with random prompts: %i prompts on %i ranks", (prompts, dp) => {
  const random = stream(7, "ranks");
  const rank = newRank();
  const draws = 4000;
  const sums = { tokens: 0, pairs: 0, actualTokens: 0, actualPairs: 0 };
  for (let draw = 0; draw < draws; draw++) {
    const lengths = Array.from({ length: prompts }, () => Math.floor(1000 + 7000 * random.next()));
    fillRank(stepOf(lengths), { dp, cp: 1 }, 1, rank);
    sums.tokens += rank.newTokens;
    sums.pairs += rank.pairs;
    const ranks = Array.from({ length: dp }, () => ({ tokens: 0, pairs: 0 }));
    lengths.forEach((length, i) => {
      ranks[i % dp]!.tokens += length;
      ranks[i % dp]!.pairs += (length * length) / 2;
    });
    const fullest = ranks.reduce((a, b) => (b.tokens > a.tokens ? b : a));
    sums.actualTokens += fullest.tokens;
    sums.actualPairs += fullest.pairs;
  }
  expect(sums.tokens / sums.actualTokens).toBeCloseTo(1, 1);
  expect(sums.pairs / sums.actualPairs).toBeCloseTo(1, 0.8);
});
