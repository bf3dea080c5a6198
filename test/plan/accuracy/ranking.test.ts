/** Configurations by throughput at an interactivity, and the loads that it takes to know it. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  curveOf,
  loadsToCover,
  noiseAt,
  throughputAt,
} from "../../../src/plan/accuracy/interactivity-curve.ts";
import type { CurvePoint } from "../../../src/plan/accuracy/interactivity-curve.ts";
import { loadSilicon } from "../../../src/plan/accuracy/load-silicon.ts";
import { furtherRuns, rankConfigurations } from "../../../src/plan/index.ts";
import type { MeasuredRun, SimulatedRun } from "../../../src/plan/index.ts";

/** A worker whose step takes base + each · clients ms, one token a step. */
function workerAt(load: number, base: number, each: number): CurvePoint {
  const interactivity = 1000 / (base + each * load);
  return { load, interactivity, throughput: load * interactivity };
}

describe("a curve of throughput over interactivity", () => {
  test("is exact for steps that grow evenly with their clients", () => {
    const ms = fc.double({ min: 0.1, max: 50, noNaN: true });
    const loads = fc.uniqueArray(fc.integer({ min: 1, max: 512 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(ms, ms, loads, fc.integer({ min: 1, max: 512 }), (base, each, known, load) => {
        const curve = curveOf(known.map((clients) => workerAt(clients, base, each)));
        const asked = workerAt(load, base, each);
        const error = throughputAt(curve, asked.interactivity) / asked.throughput - 1;
        expect(Math.abs(error)).toBeLessThan(1e-6);
      }),
    );
  });

  test("takes repeated runs as one, and none below zero", () => {
    const [a, b] = [workerAt(4, 5, 1), workerAt(64, 5, 1)];
    const shifted = { ...a, throughput: a.throughput * 1.2 };
    expect(curveOf([a, shifted, b])).toHaveLength(2);
    expect(throughputAt(curveOf([a, b]), 1000)).toBe(0);
  });

  test("is the less sure the faster it falls", () => {
    const flat = curveOf([
      { load: 1, interactivity: 100, throughput: 500 },
      { load: 8, interactivity: 50, throughput: 500 },
    ]);
    expect(noiseAt(flat, 75)).toBeCloseTo(0.022, 12);
    const steep = curveOf([
      { load: 1, interactivity: 100, throughput: 400 },
      { load: 8, interactivity: 90, throughput: 800 },
    ]);
    // −40 a token/s: at 95 tokens/s and 600 tokens/s per GPU 6.3 % for each per cent of interactivity.
    expect(noiseAt(steep, 95)).toBeCloseTo(Math.hypot(0.022, (0.016 * (40 * 95)) / 600), 12);
  });
});

describe("loads that cover a measured curve", () => {
  const measured = curveOf([workerAt(4, 5, 1), workerAt(64, 5, 1)]);
  const next = (base: number, each: number, ...loads: number[]): number[] =>
    loadsToCover(curveOf(loads.map((load) => workerAt(load, base, each))), measured);

  test("are none where the prediction covers it", () => {
    expect(next(5, 1, 4, 64)).toEqual([]);
  });

  test("double for a worker that is predicted too quick, and halve for one too slow", () => {
    expect(next(5, 0.5, 4, 64)).toEqual([128]);
    expect(next(5, 0.5, 4, 64, 128)).toEqual([]);
    expect(next(6, 1, 4, 64)).toEqual([2]);
    expect(next(6, 1, 2, 4, 64)).toEqual([]);
    expect(next(20, 1, 1, 64)).toEqual([]);
  });

  test("end where more clients change nothing, and at eight times the most", () => {
    const held = [workerAt(4, 1, 0.5), workerAt(64, 1, 0.5), workerAt(128, 1, 0.25)];
    expect(loadsToCover(curveOf(held), measured)).toEqual([]);
    expect(next(1, 0.01, 4, 64, 512)).toEqual([]);
    // A measured load that is no slower than the one before does not end it.
    const uneven = [workerAt(4, 5, 1), workerAt(32, 5, 0.6), workerAt(64, 5, 0.25)];
    expect(loadsToCover(curveOf(uneven), measured)).toEqual([128]);
  });
});

const HEADER =
  "model,system,backend,backend_version,precision,mode,isl,osl,concurrency,gemm_q,moe_q,bs,tp,adp,mtp,mep,p_bs,p_workers,p_tp,p_adp,p_mtp,p_mep,d_bs,d_workers,d_tp,d_adp,d_mtp,d_mep,ttft_ms,tpot_ms,measured,source";

function runsOf(tp: number, each: number): MeasuredRun[] {
  const rows = [4, 16, 64].map(
    (load) =>
      `llama-3.1-70b,h200_sxm,vllm,0.14,fp8,agg,1024,1024,${load},fp8,fp8,${load},${tp},,1,1${",".repeat(12)},100,${8 + each * load},2026-01-05,2026-04-06.csv`,
  );
  const loaded = loadSilicon("s.csv", [HEADER, ...rows].join("\n"));
  if (!loaded.ok) throw new Error(loaded.problem.what);
  return [...loaded.value.runs];
}

/** What a worker twice as slow per client as measured, or as quick, would have shown. */
function predicted(run: MeasuredRun, tpotMs: number): SimulatedRun {
  const windows = [{ ttftMean: 100, tpotMean: tpotMs }];
  const rest = { kvTokens: 1, steps: 1, meanBatch: 1, preemptions: 0, estimated: false };
  return { run, prediction: { windows, ...rest } };
}

function loadOf({ workload }: MeasuredRun): number {
  return workload.kind === "closed" ? workload.concurrency : NaN;
}

test("further loads are asked for until they cover, and only while they can be simulated", () => {
  const [one, two] = [runsOf(1, 0.5), runsOf(2, 0.2)];
  const tpotMs = (run: MeasuredRun): number => 8 + (run.layout.tp === 1 ? 0.1 : 0.2) * loadOf(run);
  const done = [...one, ...two].map((run) => predicted(run, tpotMs(run)));
  const further: SimulatedRun[] = [];
  for (;;) {
    const next = furtherRuns(done, further);
    if (next.length === 0) break;
    expect(next.every((run) => run.windows[0]!.measured.tpotMean === undefined)).toBe(true);
    further.push(...next.map((run) => predicted(run, tpotMs(run))));
  }
  // 40 ms a token were measured with 64 clients, 0.1 ms a client predicted: 512 for 59 ms.
  expect(further.map(({ run }) => loadOf(run))).toEqual([128, 256, 512]);
  expect(furtherRuns(done, [{ run: one[0]!.atConcurrency!(128) }])).toEqual([]);
  expect(rankConfigurations(done, further).pairs).toBeGreaterThan(0);
  expect(furtherRuns(done.slice(0, 3), [])).toEqual([]);
});
