import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IdSet } from "../../src/trace/id-set.ts";
import { inspectTrace, type TraceStatistics } from "../../src/trace/inspect.ts";
import { StackDistances } from "../../src/trace/stack-distance.ts";
import type { Trace } from "../../src/trace/trace.ts";
import { azureTrace, mooncakeTrace, sharedData, traceOf, type Row } from "./inspect-fixtures.ts";

const ID_COUNT = 40;

/** Rows of one to four runs of consecutive ids below ID_COUNT, at random times. */
const hashedRows = fc
  .array(
    fc.record({
      gap: fc.nat(3e6),
      runs: fc.array(fc.tuple(fc.nat(ID_COUNT - 1), fc.integer({ min: 1, max: 12 })), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((specs) => {
    let t = 0;
    return specs.map(({ gap, runs }): Row => {
      t += gap;
      const ids = runs.flatMap(([start, length]) =>
        Array.from({ length: Math.min(length, ID_COUNT - start) }, (_, i) => start + i),
      );
      return { t, input: ids.length * 4 - 1, output: 1, ids };
    });
  });

/** An LRU cache of whole blocks, as a Map in order of recency: hits over all references. */
function bruteForceLru(rows: readonly Row[], capacity: number): number {
  const cache = new Map<number, true>();
  let hits = 0;
  for (const id of rows.flatMap((row) => row.ids ?? [])) {
    if (cache.delete(id)) hits++;
    cache.set(id, true);
    if (cache.size > capacity) cache.delete(cache.keys().next().value!);
  }
  return hits;
}

/** Distance and previous row of every block reference, by the definition. */
function bruteForceDistances(rows: readonly Row[]): string[] {
  const refs = rows.flatMap((row, at) => (row.ids ?? []).map((id) => ({ id, row: at })));
  return refs.map(({ id }, at) => {
    const before = refs.slice(0, at).findLastIndex((ref) => ref.id === id);
    if (before < 0) return "-1 from -1";
    const between = new Set(refs.slice(before + 1, at).map((ref) => ref.id));
    return `${between.size} from ${refs[before]!.row}`;
  });
}

function runDistances(trace: Trace): { found: string[]; unique: number; once: number } {
  const { rowStart, start, length, idCount } = trace.hashes!;
  const distances = new StackDistances(idCount, start.length);
  const found: string[] = [];
  let again = 0;
  for (let row = 0; row < trace.rows; row++) {
    for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) {
      distances.touch(row, start[run]!, length[run]!, (blocks, previousRow, distance, once) => {
        for (let i = 0; i < blocks; i++) found.push(`${distance} from ${previousRow}`);
        if (once) again += blocks;
      });
    }
  }
  return { found, unique: distances.uniqueBlocks, once: distances.uniqueBlocks - again };
}

describe("stack distances over runs", () => {
  test("are those of every single block, by the definition", () => {
    fc.assert(
      fc.property(hashedRows, (rows) => {
        const { found, unique, once } = runDistances(traceOf(rows, 4));
        expect(found).toEqual(bruteForceDistances(rows));
        const counts = new Map<number, number>();
        for (const id of rows.flatMap((row) => row.ids ?? [])) {
          counts.set(id, (counts.get(id) ?? 0) + 1);
        }
        expect(unique).toBe(counts.size);
        expect(once).toBe([...counts.values()].filter((count) => count === 1).length);
      }),
      { numRuns: 300 },
    );
  });

  test("give the hits of an LRU cache of any size", () => {
    fc.assert(
      fc.property(hashedRows, fc.integer({ min: 1, max: ID_COUNT }), (rows, capacity) => {
        const refs = rows.flatMap((row) => row.ids ?? []);
        const hits = runDistances(traceOf(rows, 4)).found.filter((line) => {
          const distance = Number(line.split(" ")[0]);
          return distance >= 0 && distance < capacity;
        });
        expect(hits.length).toBe(bruteForceLru(rows, capacity));
        expect(hits.length).toBeLessThanOrEqual(refs.length);
      }),
      { numRuns: 300 },
    );
  });
});

test("an id set answers has, floor and ceiling as a sorted array does", () => {
  const universe = 3000;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(universe - 1))), (changes) => {
      const set = new IdSet(universe);
      const oracle = new Set<number>();
      for (const [isAdded, id] of changes) {
        if (isAdded) set.add(id);
        else set.delete(id);
        if (isAdded) oracle.add(id);
        else oracle.delete(id);
      }
      const sorted = [...oracle].sort((a, b) => a - b);
      for (const [, id] of changes) {
        expect(set.has(id)).toBe(oracle.has(id));
        expect(set.floor(id)).toBe(sorted.findLast((member) => member <= id) ?? -1);
        expect(set.ceiling(id)).toBe(sorted.find((member) => member >= id) ?? -1);
      }
    }),
  );
});

describe("inspectTrace", () => {
  test("measures a small trace that can be counted by hand", () => {
    const statistics = inspectTrace(
      traceOf([
        { t: 0, input: 1024, output: 1, ids: [0, 1] },
        { t: 500_000, input: 1300, output: 2, ids: [0, 1, 2] },
        { t: 500_000, input: 600, output: 0, ids: [0, 3] },
        { t: 3_000_000, input: 512, output: 5, ids: [4] },
        { t: 4_000_000, input: 1300, output: 4, ids: [0, 1, 2] },
      ]),
    );
    expect(statistics.arrivals).toMatchObject({ spanS: 4, meanPerS: 1.25, tieShare: 0.2 });
    expect(statistics.arrivals.peakPerS[0]).toEqual({ windowS: 1, value: 3 });
    // Counts per second are 3, 0, 0, 1: mean 1, variance 1.5.
    expect(statistics.arrivals.indexOfDispersion[0]).toEqual({ windowS: 1, value: 1.5 });
    expect(statistics.input).toMatchObject({ min: 512, p50: 1024, max: 1300, total: 4736 });
    expect(statistics.output.zeros).toBe(1);
    const prefixes = statistics.prefixes!;
    expect(prefixes).toMatchObject({ blockRefs: 11, uniqueBlocks: 5, onceShare: 0.4 });
    // Hits: 0, 1024 of 1300, 512 of 600, 0, and all 1300 with the partial tail.
    expect(prefixes.infiniteCache.tokenHit).toBeCloseTo((1024 + 512 + 1300) / 4736, 12);
    expect(prefixes.infiniteCache.blockHit).toBeCloseTo(6 / 11, 12);
    expect(prefixes.infiniteCache.meanHit).toBeCloseTo((1024 / 1300 + 512 / 600 + 1) / 5, 12);
    expect(prefixes.infiniteCache).toMatchObject({ anyHitShare: 0.6, multiHitShare: 0.4 });
    const codes = statistics.quality.warnings.map((warning) => warning.code);
    expect(codes.slice(0, 2)).toEqual(["ties", "zero-output"]);
  });

  test("is plain data: JSON keeps every field, and no number is NaN", () => {
    fc.assert(
      fc.property(hashedRows, (rows) => {
        const statistics = inspectTrace(traceOf(rows, 4));
        expect(JSON.parse(JSON.stringify(statistics))).toEqual(statistics);
      }),
      { numRuns: 50 },
    );
    for (const rows of [[], [{ t: 0, input: 1, output: 1 }]]) {
      const statistics = inspectTrace(traceOf(rows));
      expect(JSON.parse(JSON.stringify(statistics))).toEqual(statistics);
    }
  });

  test("counts turns of sessions and warns of rows that wait for a parent", () => {
    const trace: Trace = {
      ...traceOf([
        { t: 0, input: 5, output: 1 },
        { t: 10, input: 5, output: 1 },
        { t: NaN, input: 9, output: 1 },
      ]),
      sessions: {
        session: Int32Array.of(0, -1, 0),
        sessionCount: 1,
        parent: Int32Array.of(-1, -1, 0),
        delayUs: Float64Array.of(NaN, NaN, 2e6),
      },
    };
    const statistics = inspectTrace(trace);
    expect(statistics.sessions).toMatchObject({ sessions: 1, singleRows: 1, turnsMean: 2 });
    expect(statistics.sessions!.delayS[1]).toEqual({ q: 0.5, value: 2 });
    expect(statistics.quality.warnings[0]!.code).toBe("no-arrivals");
    expect(statistics.arrivals.rowsWithoutArrival).toBe(1);
  });

  test.each([
    ["rate", Array.from({ length: 50 }, (_, i) => ({ t: i * 1e9, input: 1 + i, output: 1 + i }))],
    ["rate", Array.from({ length: 50 }, (_, i) => ({ t: i, input: 1 + i, output: 1 + i }))],
    ["tick", Array.from({ length: 90 }, (_, i) => ({ t: i - (i % 3), input: 1 + i, output: 1 }))],
    [
      "input-atom",
      Array.from({ length: 90 }, (_, i) => ({ t: i, input: Math.min(i, 80), output: i })),
    ],
    ["empty", []],
    ["zero-input", [{ t: 0, input: 0, output: 2 }]],
    ["long-input", [{ t: 0, input: 2e6, output: 2 }]],
  ])("warns: %s", (code, rows) => {
    const { warnings } = inspectTrace(traceOf(rows)).quality;
    expect(warnings.map((warning) => warning.code)).toContain(code);
  });
});

/** The published figures of traces.md §2.1 to §2.3. */
function expectLru(statistics: TraceStatistics, percent: { [blocks: number]: number }): void {
  for (const [blocks, expected] of Object.entries(percent)) {
    const point = statistics.prefixes!.lruHit.find((entry) => entry.blocks === Number(blocks));
    expect(100 * point!.hit).toBeCloseTo(expected, 0.5);
  }
}

const conversation = sharedData("traces/mooncake-fast25/conversation_trace.jsonl.gz");
const synthetic = sharedData("traces/mooncake-fast25/synthetic_trace.jsonl.gz");
const azure = sharedData("traces/azure-2023/AzureLLMInferenceTrace_conv.csv");

describe("golden numbers of real traces", () => {
  test.runIf(conversation !== undefined)("Mooncake conversation", () => {
    const trace = mooncakeTrace(conversation!);
    const statistics = inspectTrace(trace);
    const { arrivals, input, output, prefixes } = statistics;
    expect(arrivals.meanPerS).toBeCloseTo(3.401, 3);
    expect(arrivals.peakPerS.map((peak) => peak.value)).toEqual([28, 7.3, 260 / 60]);
    expect(arrivals.gapCv).toBeCloseTo(3.03, 2);
    expect(arrivals.tieShare).toBeCloseTo(0.902, 3);
    expect(arrivals.tickUs).toBe(3e6);
    expect(input).toMatchObject({ p10: 964, p50: 6909, p90: 27_367, max: 126_195, zeros: 0 });
    expect(input.mean).toBeCloseTo(12_035.06, 1);
    expect(output).toMatchObject({ p10: 24, p50: 350, p90: 597, max: 2000 });
    expect(output.mean).toBeCloseTo(342.6, 1);
    expect(statistics.inputOutputSpearman).toBeCloseTo(0.07, 2);
    expect(prefixes).toMatchObject({ blockRefs: 288_500, uniqueBlocks: 182_790 });
    expect(prefixes!.onceShare).toBeCloseTo(0.759, 2);
    expect(prefixes!.runsPerRow).toBeCloseTo(2.78, 2);
    expect(prefixes!.infiniteCache.tokenHit).toBeCloseTo(0.3736, 4);
    expect(prefixes!.infiniteCache.blockHit).toBeCloseTo(0.3664, 4);
    expect(prefixes!.infiniteCache.meanHit).toBeCloseTo(0.4094, 4);
    expect(prefixes!.infiniteCache.anyHitShare).toBeCloseTo(0.9999, 4);
    expect(prefixes!.infiniteCache.multiHitShare).toBeCloseTo(0.387, 3);
    expectLru(statistics, { 1e3: 4.5, 5e3: 11.0, 1e4: 21.1, 2e4: 28.8, 5e4: 35.5, 1e5: 36.4 });
    expect(prefixes!.stackDistance.map((point) => point.value)).toEqual([
      48, 4292, 8355, 17_849, 31_588, 85_267,
    ]);
    expect(prefixes!.reuseS.map((point) => Math.round(point.value!))).toEqual([0, 114, 519, 1578]);
    expect(prefixes!.workingSet.map((point) => Math.round(point.blocks!))).toEqual([
      4599, 19_661, 35_755, 96_534,
    ]);
    expect(statistics.quality.warnings.map((warning) => warning.code)).toEqual([
      "tick",
      "left-censored",
    ]);
  });

  test.runIf(synthetic !== undefined)("Mooncake synthetic", () => {
    const statistics = inspectTrace(mooncakeTrace(synthetic!));
    expect(statistics.prefixes).toMatchObject({ blockRefs: 121_877, uniqueBlocks: 43_924 });
    expect(statistics.prefixes!.infiniteCache.tokenHit).toBeCloseTo(0.6512, 4);
    expect(statistics.prefixes!.infiniteCache.blockHit).toBeCloseTo(0.6396, 4);
    expectLru(statistics, { 1e3: 8.3, 5e3: 27.9, 1e4: 42.4, 2e4: 57.2, 5e4: 64.0 });
  });

  test.runIf(azure !== undefined)("Azure 2023 conversation", () => {
    const statistics = inspectTrace(azureTrace(azure!));
    expect(statistics.rows).toBe(19_366);
    expect(statistics.arrivals.meanPerS).toBeCloseTo(5.53, 2);
    expect(statistics.arrivals.peakPerS.map((peak) => peak.value)).toEqual([19, 11.2, 8.7]);
    expect(statistics.arrivals.gapCv).toBeCloseTo(1.094, 3);
    const dispersion = statistics.arrivals.indexOfDispersion.map((point) => point.value!);
    expect(dispersion[0]).toBeCloseTo(1.39, 1);
    expect(dispersion[1]).toBeCloseTo(3.86, 1);
    expect(dispersion[2]).toBeCloseTo(16.1, 1);
    expect(dispersion[3]).toBeCloseTo(29.5, 0);
    expect(statistics.input).toMatchObject({ p10: 207, p50: 1020, p99: 4142, max: 14_050 });
    expect(statistics.output).toMatchObject({ p10: 54, p50: 129, p90: 424, p99: 601, max: 1000 });
    expect(statistics.prefixes).toBeUndefined();
  });
});
