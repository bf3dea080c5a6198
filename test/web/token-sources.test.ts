/** The flows of prompt tokens: whatever the report has, parts add up to what they are parts of. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sourcesChart } from "../../web/screens/kv/sources.ts";
import type { Report } from "../../web/workers/protocol.ts";

const tokens = fc.integer({ min: 0, max: 1_000_000 });
const misses = fc.record({
  neverSeen: tokens,
  evicted: tokens,
  onAnotherWorker: tokens,
  partialBlock: tokens,
  refused: tokens,
  fault: tokens,
});
type Misses = { readonly [reason: string]: number };
const sumOf = (parts: Misses): number => Object.values(parts).reduce((sum, one) => sum + one, 0);

/** A report whose lowest tier of each pool missed so much, of which `peer` came from peers and `slow` was found in vain. */
function reportOf(lowest: readonly Misses[], peer: number, slow: number): Report {
  const missed = lowest.reduce((sum, one) => sum + sumOf(one), 0);
  const by = { g1: 11, g2: 7, g3: 5, g4: 0, peer, computed: missed - peer + slow };
  const input = sumOf(by);
  // Levels above the lowest missed more; none of that may be counted twice.
  const tiers = lowest.flatMap((missedTokens, pool) => [
    { pool: String(pool), missedTokens: { ...missedTokens, evicted: 1e9 } },
    { pool: String(pool), missedTokens },
  ]);
  const report = {
    tokens: { input, output: 0, cached: input - by.computed, recomputed: 0 },
    kv: { tiers, tokensBySource: by },
  };
  return report as unknown as Report;
}

function partsOf(report: Report, of: string): number {
  const { rows } = sourcesChart(null, report, false).table;
  return rows
    .filter(([, from]) => from === of)
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}

describe("the flows of prompt tokens with tiers", () => {
  it("add up to all tokens, and the reasons to the computed ones", () => {
    fc.assert(
      fc.property(
        fc.array(misses, { minLength: 1, maxLength: 3 }),
        tokens,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lowest, slow, share) => {
          const seen = lowest.reduce((sum, one) => sum + sumOf(one), 0);
          const fresh = lowest.reduce((sum, one) => sum + one.neverSeen + one.partialBlock, 0);
          const peer = Math.floor((seen - fresh) * share);
          const report = reportOf(lowest, peer, slow);
          expect(partsOf(report, "prompt tokens")).toBe(report.tokens.input);
          expect(partsOf(report, "computed")).toBe(report.kv.tokensBySource?.computed);
        },
      ),
    );
  });

  it("name no reason for what peers brought", () => {
    const missed = {
      neverSeen: 5,
      evicted: 4,
      onAnotherWorker: 3,
      partialBlock: 1,
      refused: 2,
      fault: 0,
    };
    const names = (peer: number): string[] =>
      sourcesChart(null, reportOf([missed], peer, 0), false).table.rows.map(([to]) => String(to));
    expect(names(0)).toContain("evicted (lowest tier)");
    expect(names(2)).not.toContain("evicted (lowest tier)");
    expect(names(2)).toContain("seen before: gone or kept out");
  });
});
