/** What the explorer's views show, against counts made the plain way on random runs. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearestRank } from "../../src/core/index.ts";
import {
  insightOf,
  latenciesWithin,
  slicePyramid,
  slowestWithin,
  sourcesWithin,
  WHOLE_RUN,
  windowInsight,
} from "../../src/plan/index.ts";
import { REQUEST_COMPLETED, SLICE_MIXED } from "../../src/sim/index.ts";
import type { SimulationResult } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { LAW_TIMEOUT_MS, lawRuns, record } from "../laws/law-runs.ts";
import { randomRuns } from "../support/random-scenario.ts";

type Whole = Required<SimulationResult>;

/** Rows that the report measures, and their client-side latencies in ms, ascending. */
function measured({ report, requests }: Whole): number[] {
  const warmupUs = report.scenario.traffic.warmup_s * 1e6;
  return Array.from({ length: requests.rows }, (_, row) => row).filter(
    (row) => requests.status[row] === REQUEST_COMPLETED && requests.arrivalUs[row]! >= warmupUs,
  );
}

function e2eMs(run: Whole, row: number): number {
  const { requests, report } = run;
  return (requests.finishUs[row]! - requests.arrivalUs[row]!) / 1e3 + report.engine.clientPathMs;
}

describe("a run's insight", () => {
  it(
    "has every measured request in its distributions, and the report's own quantiles",
    () => {
      fc.assert(
        fc.property(randomRuns, (random) => {
          const run = record(random);
          const rows = measured(run);
          const { curves, requests } = latenciesWithin(run, WHOLE_RUN)!;
          expect(insightOf(run).whole!.requests).toBe(rows.length);
          expect(requests).toBe(rows.length);
          const e2e = curves.find(({ name }) => name === "e2e")!;
          const plain = rows.map((row) => e2eMs(run, row)).sort((a, b) => a - b);
          expect(e2e.count).toBe(plain.length);
          if (plain.length === 0) return;
          expect(e2e.share.at(-1)).toBe(1);
          e2e.ms.forEach((ms, i) => {
            const rank = Math.round(e2e.share[i]! * plain.length) - 1;
            expect(ms).toBeCloseTo(plain[rank]!, 6);
          });
          const { p99 } = run.report.latency.e2eMs;
          const own = plain[nearestRank(plain.length, 0.99)]!;
          const error = run.report.quantileError.latency + 1e-9;
          expect(Math.abs(p99! - own)).toBeLessThanOrEqual(error * own + 1e-6);
        }),
        lawRuns(40),
      );
    },
    LAW_TIMEOUT_MS,
  );

  it(
    "splits each request's time without a rest",
    () => {
      fc.assert(
        fc.property(randomRuns, (random) => {
          const run = record(random);
          const { whole } = insightOf(run);
          expect(windowInsight(run, WHOLE_RUN)).toEqual(whole);
          const { byE2e } = whole!;
          const { overTime, overPrompt } = latenciesWithin(run, WHOLE_RUN)!;
          const rows = measured(run);
          const plain = rows.map((row) => e2eMs(run, row)).sort((a, b) => a - b);
          for (const { ms, requests, label } of byE2e) {
            const sum = Object.values(ms).reduce((total, part) => total + part, 0);
            const at = { p50: 0.45, p90: 0.88, p99: 0.985 }[label]!;
            const first = Math.min(plain.length - 1, Math.floor(at * plain.length));
            const mean = plain.slice(first, first + requests).reduce((a, b) => a + b, 0) / requests;
            expect(sum).toBeCloseTo(mean, 6);
          }
          for (const density of [overTime, overPrompt]) {
            const total = density.counts.reduce((sum, count) => sum + count, 0);
            expect(total).toBeLessThanOrEqual(rows.length);
          }
          // Every request that asked for a token has a first one, and every other has none.
          const { requests } = run;
          const firsts = rows.filter((row) => !Number.isNaN(requests.firstTokenUs[row]!)).length;
          expect(overTime.counts.reduce((sum, count) => sum + count, 0)).toBe(firsts);
        }),
        lawRuns(30),
      );
    },
    LAW_TIMEOUT_MS,
  );

  it(
    "tells the sources of prompt tokens as a set of every block each worker saw does",
    () => {
      fc.assert(
        fc.property(randomRuns, (random) => {
          const run = record(random);
          const sources = sourcesWithin(run, random.trace, WHOLE_RUN);
          if (random.trace.hashes === undefined) {
            expect(sources).toBeNull();
            return;
          }
          expect(sources).toEqual(plainSources(run, random.trace));
          const { total, ...parts } = sources!;
          expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
        }),
        lawRuns(40),
      );
    },
    LAW_TIMEOUT_MS,
  );

  it(
    "keeps to the requests that arrived within a window",
    () => {
      fc.assert(
        fc.property(randomRuns, fc.nat(1000), fc.nat(1000), (random, a, b) => {
          const run = record(random);
          const span = run.report.simS * 1e6;
          const [fromUs, toUs] = [(span * a) / 1000, (span * b) / 1000].sort((x, y) => x - y) as [
            number,
            number,
          ];
          const inside = measured(run).filter(
            (row) => run.requests.arrivalUs[row]! >= fromUs && run.requests.arrivalUs[row]! <= toUs,
          );
          const part = { fromUs, toUs };
          expect(windowInsight(run, part)!.requests).toBe(inside.length);
          expect(latenciesWithin(run, part)!.requests).toBe(inside.length);
          const slowest = Math.max(0, ...inside.map((row) => e2eMs(run, row)));
          const [own] = slowestWithin(run, part);
          if (own === undefined) expect(inside).toEqual([]);
          else {
            const ms = (own.finishUs - own.arrivalUs) / 1e3 + run.report.engine.clientPathMs;
            expect(ms).toBeCloseTo(slowest, 6);
          }
        }),
        lawRuns(30),
      );
    },
    LAW_TIMEOUT_MS,
  );
});

/** With sets of block names, request by request in the order of admission. */
function plainSources(run: Whole, trace: Trace) {
  const { requests } = run;
  const hashes = trace.hashes!;
  const wanted = new Set(measured(run));
  const seen = new Set<string>();
  const sums = { total: 0, cached: 0, firstSeen: 0, elsewhere: 0, evicted: 0, partial: 0 };
  const order = Array.from({ length: requests.rows }, (_, row) => row)
    .filter((row) => !Number.isNaN(requests.admittedUs[row]!) && requests.worker[row]! >= 0)
    .sort((a, b) => requests.admittedUs[a]! - requests.admittedUs[b]! || a - b);
  for (const row of order) {
    const traceRow = requests.row[row]!;
    if (traceRow >= trace.rows) continue;
    const ids: number[] = [];
    for (let i = hashes.rowStart[traceRow]!; i < hashes.rowStart[traceRow + 1]!; i++) {
      for (let k = 0; k < hashes.length[i]!; k++) ids.push(hashes.start[i]! + k);
    }
    const worker = requests.worker[row]!;
    const leading = (isSeen: (id: number) => boolean): number => {
      const at = ids.findIndex((id) => !isSeen(id));
      return at < 0 ? ids.length : at;
    };
    const own = leading((id) => seen.has(`${String(worker)}/${String(id)}`));
    const any = leading((id) => seen.has(`any/${String(id)}`));
    for (const id of ids) seen.add(`${String(worker)}/${String(id)}`).add(`any/${String(id)}`);
    if (!wanted.has(row)) continue;
    const input = requests.inputTokens[row]!;
    const { blockSize } = trace.header;
    const cached = requests.cachedTokens[row]!;
    const ownTokens = Math.max(cached, Math.min(input, own * blockSize));
    const anyTokens = Math.max(ownTokens, Math.min(input, any * blockSize));
    const whole = Math.max(anyTokens, input - (input % blockSize));
    sums.total += input;
    sums.cached += cached;
    sums.evicted += ownTokens - cached;
    sums.elsewhere += anyTokens - ownTokens;
    sums.firstSeen += whole - anyTokens;
    sums.partial += input - whole;
  }
  return sums;
}

describe("the levels of the timeline", () => {
  it(
    "hold each worker's time, at every width of bucket",
    () => {
      fc.assert(
        fc.property(randomRuns, (random) => {
          const { slices, report } = record(random);
          const endUs = Math.max(1, ...slices.endUs);
          const workers = report.workers.length;
          const pyramid = slicePyramid(slices, workers, endUs);
          for (let worker = 0; worker < workers; worker++) {
            const plain = { mixed: 0, decode: 0 };
            for (let i = 0; i < slices.rows; i++) {
              if (slices.worker[i] !== worker) continue;
              const us = slices.endUs[i]! - slices.startUs[i]!;
              plain[slices.kind[i] === SLICE_MIXED ? "mixed" : "decode"] += us;
            }
            for (const { buckets, bucketUs, mixed, decode } of pyramid.levels) {
              const sum = (of: Float32Array): number =>
                of.subarray(worker * buckets, (worker + 1) * buckets).reduce((a, b) => a + b, 0) *
                bucketUs;
              // 32-bit shares: some millionths of the run.
              expect(Math.abs(sum(mixed) - plain.mixed)).toBeLessThan(1e-4 * endUs);
              expect(Math.abs(sum(decode) - plain.decode)).toBeLessThan(1e-4 * endUs);
            }
          }
        }),
        lawRuns(30),
      );
    },
    LAW_TIMEOUT_MS,
  );
});
