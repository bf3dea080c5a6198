import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Result } from "../../src/core/index.ts";
import { inspectTrace, type TraceStatistics } from "../../src/trace/inspect.ts";
import { PrefixTree } from "../../src/trace/prefix-tree.ts";
import { findRecipe, parametricRecipe, SYNTH_RECIPES } from "../../src/trace/synth-recipes.ts";
import type { ConversationFlow, SynthRecipe } from "../../src/trace/synth-recipe.ts";
import { rowSource, type SynthOptions } from "../../src/trace/synth-rows.ts";
import { synthesize } from "../../src/trace/synth.ts";
import type { Trace } from "../../src/trace/trace.ts";

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  return result.value;
}

function recipe(name: string): SynthRecipe {
  return valueOf(findRecipe(name));
}

function generate(name: string, options: SynthOptions): Trace {
  return valueOf(synthesize(recipe(name), options));
}

const HOUR_US = 3600e6;

/** Mean over seeds of each picked figure. */
function averaged<K extends string>(
  measured: readonly TraceStatistics[],
  pick: (statistics: TraceStatistics) => Record<K, number | null>,
): Record<K, number> {
  const sums: Record<string, number> = {};
  for (const statistics of measured) {
    for (const [key, value] of Object.entries<number | null>(pick(statistics))) {
      sums[key] = (sums[key] ?? 0) + value! / measured.length;
    }
  }
  return sums as Record<K, number>;
}

/** Each figure within a share of its target. */
function expectWithin(
  found: { [key: string]: number },
  target: { [key: string]: number },
  share: number,
): void {
  for (const [key, expected] of Object.entries(target)) {
    const off = found[key]! / expected - 1;
    expect(Math.abs(off), `${key}: ${found[key]} against ${expected}`).toBeLessThanOrEqual(share);
  }
}

const rate = (s: TraceStatistics) => ({ perS: s.arrivals.meanPerS });
const dispersion = (s: TraceStatistics) => {
  const [at1, at10, at60, at120] = s.arrivals.indexOfDispersion.map((point) => point.value);
  return { at1: at1!, at10: at10!, at60: at60!, at120: at120! };
};
const lengths = (s: TraceStatistics) => ({
  in10: s.input.p10,
  in50: s.input.p50,
  in90: s.input.p90,
  in99: s.input.p99,
  out10: s.output.p10,
  out50: s.output.p50,
  out90: s.output.p90,
  out99: s.output.p99,
});

describe("recipes against the figures of their traces (acceptance bars of traces.md §6)", () => {
  test("azure-conv", () => {
    const seeds = [1, 2, 3, 4, 5];
    const traces = seeds.map((seed) => generate("azure-conv", { seed, durationUs: 10 * HOUR_US }));
    const measured = traces.map((trace) => inspectTrace(trace));
    expectWithin(averaged(measured, rate), { perS: 5.53 }, 0.03);
    const target = { at1: 1.39, at10: 3.86, at60: 16.1, at120: 29.5 };
    expectWithin(averaged(measured, dispersion), target, 0.2);
    expectWithin(
      averaged(measured, lengths),
      {
        in10: 207,
        in50: 1020,
        in90: 2734,
        in99: 4142,
        out10: 54,
        out50: 129,
        out90: 424,
        out99: 601,
      },
      0.1,
    );
  });

  test("azure-code", () => {
    const seeds = [1, 2, 3, 4, 5];
    const traces = seeds.map((seed) => generate("azure-code", { seed, durationUs: 20 * HOUR_US }));
    const measured = traces.map((trace) => inspectTrace(trace));
    expectWithin(averaged(measured, rate), { perS: 2.567 }, 0.05);
    expectWithin(averaged(measured, dispersion), { at1: 13.2, at10: 71.6, at60: 164 }, 0.2);
    expectWithin(
      averaged(measured, lengths),
      { in10: 147, in50: 1469, in90: 5188, in99: 7436, out10: 7, out50: 13, out90: 55, out99: 252 },
      0.1,
    );
  });

  test("mooncake-conversation", () => {
    const traces = [1, 2, 3, 4, 5].map((seed) => generate("mooncake-conversation", { seed }));
    const measured = traces.map((trace) => inspectTrace(trace));
    expectWithin(averaged(measured, rate), { perS: 3.401 }, 0.03);
    expectWithin(averaged(measured, dispersion), { at10: 2.1, at60: 2.895, at120: 3.706 }, 0.2);
    expectWithin(
      averaged(measured, lengths),
      {
        in10: 964,
        in50: 6909,
        in90: 27_367,
        in99: 85_400,
        out10: 24,
        out50: 350,
        out90: 597,
        out99: 1119,
      },
      0.1,
    );
    const hits = averaged(measured, ({ prefixes }) => ({
      token: prefixes!.infiniteCache.tokenHit,
      mean: prefixes!.infiniteCache.meanHit,
      ...Object.fromEntries(prefixes!.lruHit.map(({ blocks, hit }) => [`lru${blocks}`, hit])),
    })) as Record<string, number>;
    expect(Math.abs(hits["token"]! - 0.3736)).toBeLessThan(0.015);
    expect(Math.abs(hits["mean"]! - 0.4094)).toBeLessThan(0.015);
    const lru = { 1000: 0.045, 5000: 0.11, 10_000: 0.211, 20_000: 0.288, 50_000: 0.355 };
    for (const [blocks, expected] of Object.entries(lru)) {
      expect(Math.abs(hits[`lru${blocks}`]! - expected)).toBeLessThan(0.03);
    }
    const cache = averaged(measured, ({ prefixes }) => ({
      at60: prefixes!.workingSet[0]!.blocks,
      at600: prefixes!.workingSet[2]!.blocks,
      reuse50: prefixes!.reuseS[1]!.value,
      perRow: prefixes!.runsPerRow,
    }));
    expectWithin(cache, { at60: 4599, at600: 35_755, reuse50: 114, perRow: 2.78 }, 0.1);
    // Ticks, and one system prompt that every row begins with.
    const ticks = traces[0]!.arrivalUs.every((t) => t % 3e6 === 0);
    expect(ticks).toBe(true);
    expect(traces[0]!.hashes!.start[0]).toBe(0);
  });

  test("toolagent", () => {
    const traces = [1, 2, 3].map((seed) => generate("toolagent", { seed }));
    const measured = traces.map((trace) => inspectTrace(trace));
    expectWithin(averaged(measured, rate), { perS: 6.56 }, 0.03);
    const means = averaged(measured, (s) => ({ input: s.input.mean, output: s.output.mean }));
    expectWithin(means, { input: 8596, output: 182 }, 0.1);
    const hit = averaged(measured, (s) => ({ token: s.prefixes!.infiniteCache.tokenHit }));
    expect(Math.abs(hit.token - 0.59)).toBeLessThan(0.04);
  });

  test("azure-week: rows of the week, hours of the day, lengths", () => {
    const week = 7 * 24 * HOUR_US;
    for (const [name, rows] of [
      ["azure-week-conv", 27_303_999],
      ["azure-week-code", 16_803_695],
    ] as const) {
      // One request in a hundred keeps the curve and spares the test the time.
      const trace = generate(name, { seed: 3, durationUs: week, rateScale: 0.01 });
      expectWithin({ rows: trace.rows * 100 }, { rows }, 0.03);
    }
    const hourly = new Float64Array(24);
    const code = generate("azure-week-code", { seed: 4, durationUs: week, rateScale: 0.02 });
    for (const t of code.arrivalUs) {
      const day = Math.floor(t / (24 * HOUR_US));
      const hour = Math.floor(t / HOUR_US) % 24;
      if (day >= 1 && day <= 5) hourly[hour] = hourly[hour]! + 1 / (5 * 3600 * 0.02);
    }
    // Weekday curve of traces.md §2.1.
    expectWithin(
      { at3: hourly[3]!, at8: hourly[8]!, at13: hourly[13]!, at19: hourly[19]! },
      { at3: 18.4, at8: 8, at13: 39.9, at19: 77 },
      0.12,
    );
    const both = inspectTrace(generate("azure-week", { seed: 5, rows: 100_000 }));
    expect(both.input.max).toBeLessThanOrEqual(8000);
  });
});

describe("generation", () => {
  const CHAT = recipe("mooncake-conversation");
  const flow = CHAT.flows[0] as ConversationFlow;

  test.each(SYNTH_RECIPES.map((one) => one.name))("%s repeats with its seed, only", (name) => {
    const options = { rows: 3000 };
    const first = generate(name, { seed: 7, ...options });
    expect(first.rows).toBe(3000);
    expect(generate(name, { seed: 7, ...options })).toEqual(first);
    expect(generate(name, { seed: 8, ...options }).inputTokens).not.toEqual(first.inputTokens);
    expect(inspectTrace(first).arrivals.meanPerS).toBeGreaterThan(0);
  });

  test.each(["azure-week", "azure-code", "poisson-lognormal"])(
    "%s streams the same rows as it makes in memory",
    (name) => {
      const options = { seed: 3, rows: 5000, rateScale: 2 };
      const trace = generate(name, options);
      const source = valueOf(rowSource(recipe(name), options));
      const row = { arrivalUs: 0, inputTokens: 0, outputTokens: 0 };
      let at = 0;
      for (; source.next(row); at++) {
        expect(row.arrivalUs).toBe(trace.arrivalUs[at]);
        expect(row.inputTokens).toBe(trace.inputTokens[at]);
        expect(row.outputTokens).toBe(trace.outputTokens[at]);
      }
      expect(at).toBe(5000);
    },
  );

  test("a longer trace begins with the shorter one", () => {
    for (const name of ["mooncake-conversation", "azure-conv"]) {
      const long = generate(name, { seed: 2, durationUs: 1200e6 });
      const short = generate(name, { seed: 2, durationUs: 600e6 });
      const rows = short.rows;
      expect(long.rows).toBeGreaterThan(rows);
      expect(long.arrivalUs.slice(0, rows)).toEqual(short.arrivalUs);
      expect(long.inputTokens.slice(0, rows)).toEqual(short.inputTokens);
      const runs = short.hashes?.start.length ?? 0;
      expect(long.hashes?.start.slice(0, runs)).toEqual(short.hashes?.start);
    }
  });

  test("changing one knob leaves the other streams alone", () => {
    const base = parametricRecipe();
    const longer = parametricRecipe({ output: { kind: "uniform", min: 1, max: 9 } });
    const slower = parametricRecipe({ arrivals: { kind: "gamma", perS: 2, shape: 0.5 } });
    const options = { seed: 1, rows: 2000 };
    const a = valueOf(synthesize(base, options));
    const b = valueOf(synthesize(longer, options));
    const c = valueOf(synthesize(slower, options));
    expect(b.arrivalUs).toEqual(a.arrivalUs);
    expect(b.inputTokens).toEqual(a.inputTokens);
    expect(b.outputTokens).not.toEqual(a.outputTokens);
    expect(c.arrivalUs).not.toEqual(a.arrivalUs);
    expect(c.inputTokens).toEqual(a.inputTokens);
    expect(c.outputTokens).toEqual(a.outputTokens);
  });

  test("more conversations, not faster ones, when the rate is scaled", () => {
    const reuse = [1, 4].map((rateScale) => {
      const trace = generate("mooncake-conversation", { seed: 1, rateScale });
      const statistics = inspectTrace(trace);
      return { rows: trace.rows, hit: statistics.prefixes!.infiniteCache.tokenHit! };
    });
    expect(reuse[1]!.rows / reuse[0]!.rows).toBeCloseTo(4, 0.5);
    expect(reuse[1]!.hit).toBeCloseTo(reuse[0]!.hit, 1);
  });

  test("block ids are chained: one parent each, ceil(input ÷ 512) per row, dense", () => {
    for (const name of ["mooncake-conversation", "toolagent"]) {
      const trace = generate(name, { seed: 6, rows: 2000 });
      const { rowStart, start, length, idCount } = trace.hashes!;
      const parent = new Map<number, number>();
      for (let row = 0; row < trace.rows; row++) {
        let before = -1;
        let blocks = 0;
        for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) {
          for (let id = start[run]!; id < start[run]! + length[run]!; id++) {
            expect(parent.get(id) ?? before).toBe(before);
            parent.set(id, before);
            before = id;
            blocks++;
          }
        }
        expect(blocks).toBe(Math.ceil(trace.inputTokens[row]! / 512));
      }
      expect(parent.size).toBe(idCount);
      expect(Math.max(...parent.keys())).toBe(idCount - 1);
    }
  });

  test("prefix groups give the hit rate of their share", () => {
    const shared = parametricRecipe({
      input: { kind: "constant", tokens: 512 },
      prefix: { groups: 4, tokens: { kind: "constant", tokens: 1536 }, zipf: 1, share: 0.5 },
    });
    const trace = valueOf(synthesize(shared, { seed: 1, rows: 4000 }));
    const statistics = inspectTrace(trace);
    // Half the rows have 3 of 4 blocks shared; the other half one block of its own.
    expect(statistics.prefixes!.infiniteCache.tokenHit).toBeCloseTo(1536 / 2560, 1.5);
    expect(statistics.prefixes!.infiniteCache.anyHitShare).toBeCloseTo(0.5, 1.5);
  });

  test.each<[string, SynthRecipe, SynthOptions]>([
    ["rows of 0", CHAT, { seed: 1, rows: 0 }],
    ["a negative duration", CHAT, { seed: 1, durationUs: -1 }],
    ["a rate scale of 0", CHAT, { seed: 1, rateScale: 0 }],
    ["a trace beyond memory", recipe("azure-week"), { seed: 1, rateScale: 10 }],
    ["blocks of half a token", { ...CHAT, blockSize: 0.5 }, { seed: 1 }],
    ["conversations without blocks", { ...CHAT, blockSize: 0 }, { seed: 1 }],
    ["no flows", { ...CHAT, flows: [] }, { seed: 1 }],
    ["endless turns", { ...CHAT, flows: [{ ...flow, continueByDepth: [1] }] }, { seed: 1 }],
    ["a share above 1", { ...CHAT, flows: [{ ...flow, newTextShare: 2 }] }, { seed: 1 }],
    ["a bad first turn", { ...CHAT, flows: [{ ...flow, roots: [] }] }, { seed: 1 }],
  ])("refuses %s", (_, bad, options) => {
    const result = synthesize(bad, options);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.problem.what).not.toBe("");
  });

  test("refuses to stream what has block ids, and names a misspelt recipe's neighbour", () => {
    expect(rowSource(CHAT, { seed: 1 })).toMatchObject({ ok: false });
    const misspelt = findRecipe("mooncake-conversatoin");
    expect(misspelt).toMatchObject({
      ok: false,
      problem: { remedy: "did you mean mooncake-conversation?" },
    });
    expect(findRecipe("xyzzy")).toMatchObject({ ok: false });
  });
});

test("a prefix tree keeps what it is told and renumbers densely", () => {
  const shapes = fc.array(
    fc.record({ parent: fc.nat(20), kept: fc.nat(8), blocks: fc.integer({ min: 0, max: 10 }) }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(shapes, (specs) => {
      const tree = new PrefixTree();
      const oracle: number[][] = [];
      let next = 0;
      for (const { parent, kept, blocks } of specs) {
        const from = parent < oracle.length ? parent : -1;
        const head = from < 0 ? [] : oracle[from]!.slice(0, Math.min(kept, blocks));
        oracle.push([...head, ...Array.from({ length: blocks - head.length }, () => next++)]);
        expect(tree.addPath(from, kept, blocks)).toBe(oracle.length - 1);
      }
      const names = new Map<number, number>();
      const renamed = oracle.map((path) =>
        path.map((id) => {
          if (!names.has(id)) names.set(id, names.size);
          return names.get(id)!;
        }),
      );
      const { rowStart, start, length, idCount } = tree.hashRuns(oracle.map((_, path) => path));
      const found = oracle.map((_, row) => {
        const ids: number[] = [];
        for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) {
          for (let i = 0; i < length[run]!; i++) ids.push(start[run]! + i);
        }
        return ids;
      });
      expect(found).toEqual(renamed);
      expect(idCount).toBe(names.size);
    }),
  );
});
