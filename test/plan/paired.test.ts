/** Runs paired by request, against pairs looked up the plain way on random scenarios. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { pairedRuns, WHOLE_RUN } from "../../src/plan/index.ts";
import type { LatencyName, PairedInsight } from "../../src/plan/index.ts";
import { REQUEST_COMPLETED } from "../../src/sim/index.ts";
import type { SimulationResult } from "../../src/sim/index.ts";
import { LAW_TIMEOUT_MS, lawRuns, record, withSections } from "../laws/law-runs.ts";
import { randomRuns } from "../support/random-scenario.ts";
import type { RandomRun } from "../support/random-scenario.ts";

type Whole = Required<SimulationResult>;
const NAMES: readonly LatencyName[] = ["ttft", "tpot", "e2e", "queue"];

/** The same requests with larger batches: some wait less, some longer. */
function variant(random: RandomRun): RandomRun {
  const { engine } = random.scenario;
  const scenario = withSections(random.scenario, {
    engine: { ...engine, max_num_seqs: engine.max_num_seqs === 1 ? 4 : 1 },
  });
  return { ...random, scenario };
}

function usOf({ requests, report }: Whole, row: number, name: LatencyName): number {
  const at = requests.arrivalUs[row]!;
  const first = requests.firstTokenUs[row]!;
  const finish = requests.finishUs[row]!;
  const tokens = requests.outputTokens[row]!;
  const path = report.engine.clientPathMs * 1e3;
  if (name === "queue") return requests.admittedUs[row]! - at;
  if (name === "ttft") return first - at + path;
  if (name === "e2e") return finish - at + path;
  return tokens < 2 ? NaN : (finish - first) / (tokens - 1);
}

/** Measured rows by row of the trace. */
function measured({ report, requests }: Whole): Map<number, number> {
  const rows = new Map<number, number>();
  for (let row = 0; row < requests.rows; row++) {
    if (requests.status[row] !== REQUEST_COMPLETED) continue;
    if (requests.arrivalUs[row]! < report.scenario.traffic.warmup_s * 1e6) continue;
    rows.set(requests.row[row]!, row);
  }
  return rows;
}

function plainChanges(a: Whole, b: Whole, name: LatencyName): number[] {
  const inA = measured(a);
  return [...measured(b)]
    .map(([request, row]) =>
      inA.has(request) ? (usOf(b, row, name) - usOf(a, inA.get(request)!, name)) / 1e3 : NaN,
    )
    .filter((ms) => !Number.isNaN(ms))
    .sort((x, y) => x - y);
}

function sumOf(parts: PairedInsight["slowerParts"]): number {
  return Object.values(parts!.ms).reduce((sum, ms) => sum + ms, 0);
}

it(
  "changes are those of the same requests, their parts add up, and nobody is counted twice",
  () => {
    let changed = 0;
    fc.assert(
      fc.property(randomRuns, fc.constantFrom(...NAMES), (random, name) => {
        const [a, b] = [record(random), record(variant(random))];
        const plain = plainChanges(a, b, name);
        const found = pairedRuns(a, b, WHOLE_RUN, name);
        if (plain.length === 0) {
          expect(found).toBeNull();
          return;
        }
        const paired = found!;
        expect(paired.pairs).toBe(plain.length);
        expect(paired.slower).toBe(plain.filter((ms) => ms > 0).length);
        expect(paired.faster).toBe(plain.filter((ms) => ms < 0).length);
        changed += paired.slower + paired.faster;
        const mean = plain.reduce((sum, ms) => sum + ms, 0) / plain.length;
        expect(paired.meanMs.mean).toBeCloseTo(mean, 6);
        for (const { share, ms } of paired.quantiles) {
          expect(ms).toBeCloseTo(plain[Math.ceil(share * plain.length) - 1]!, 6);
        }
        paired.ms.forEach((ms, i) => {
          expect(ms).toBeCloseTo(plain[Math.round(paired.share[i]! * plain.length) - 1]!, 6);
        });
        expect(paired.beside!.counts.reduce((sum, one) => sum + one, 0)).toBe(plain.length);
        const [inA, inB] = [measured(a), measured(b)];
        expect(paired.onlyA).toBe([...inA.keys()].filter((request) => !inB.has(request)).length);
        expect(paired.onlyB).toBe([...inB.keys()].filter((request) => !inA.has(request)).length);
        checkExtremes(paired, plain);
        if (name === "tpot" || name === "queue") return;
        const slower = plain.filter((ms) => ms > 0);
        if (slower.length === 0) expect(paired.slowerParts).toBeNull();
        else {
          const own = slower.reduce((sum, ms) => sum + ms, 0) / slower.length;
          expect(sumOf(paired.slowerParts)).toBeCloseTo(own, 6);
        }
      }),
      lawRuns(40),
    );
    expect(changed).toBeGreaterThan(100);
  },
  LAW_TIMEOUT_MS,
);

function checkExtremes({ mostSlower, mostFaster }: PairedInsight, plain: readonly number[]): void {
  const most = plain.at(-1)!;
  const least = plain[0]!;
  if (most > 0) expect(mostSlower[0]!.bMs - mostSlower[0]!.aMs).toBeCloseTo(most, 6);
  else expect(mostSlower).toEqual([]);
  if (least < 0) expect(mostFaster[0]!.bMs - mostFaster[0]!.aMs).toBeCloseTo(least, 6);
  else expect(mostFaster).toEqual([]);
}

it(
  "a run beside itself has not changed, to the microsecond",
  () => {
    fc.assert(
      fc.property(randomRuns, (random) => {
        const run = record(random);
        const paired = pairedRuns(run, run, WHOLE_RUN, "e2e");
        if (paired === null) return;
        expect([paired.slower, paired.faster, paired.onlyA, paired.onlyB]).toEqual([0, 0, 0, 0]);
        expect(paired.meanMs.mean).toBe(0);
        expect(paired.slowerParts).toBeNull();
      }),
      lawRuns(20),
    );
  },
  LAW_TIMEOUT_MS,
);
