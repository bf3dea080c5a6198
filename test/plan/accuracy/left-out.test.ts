/** What the targets are judged without, and what a missed one names. */

import { describe, expect, test } from "vitest";
import {
  contradiction,
  slowerWithFewer,
  stalledAmong,
} from "../../../src/plan/accuracy/suspect-records.ts";
import { judge, worstGroups } from "../../../src/plan/index.ts";
import type { AccuracyRow } from "../../../src/plan/index.ts";

const RECORD = {
  model: "llama-3.1-8b",
  source: "2026-04-06.csv",
  concurrency: 64,
  batch: 64,
  dp: 1,
  maxNumSeqs: 64,
  output: 1024,
  ttftMs: 200,
  tpotMs: 10,
};

describe("a record that contradicts itself", () => {
  test("is none as long as its columns agree", () => {
    expect(contradiction(RECORD)).toBeUndefined();
    expect(contradiction({ ...RECORD, batch: 8, dp: 8 })).toBeUndefined();
    expect(contradiction({ ...RECORD, batch: NaN })).toBeUndefined();
  });

  test("has a batch that is nobody's", () => {
    expect(contradiction({ ...RECORD, batch: 16 })).toMatch(/batch/);
  });

  test("has requests waiting beside free places", () => {
    const waiting = { ...RECORD, ttftMs: 30_000 };
    expect(contradiction(waiting)).toMatch(/waited/);
    // With fewer places than clients they may well wait.
    expect(contradiction({ ...waiting, maxNumSeqs: 16 })).toBeUndefined();
  });

  test("is one that the data's notes name", () => {
    const source = "gap/h200_sxm/vllm/0.12.0/nvidia_Llama-3.1-8B-Instruct-FP8.csv";
    expect(contradiction({ ...RECORD, source })).toMatch(/notes/);
  });
});

test("a stalled run is one far slower than its repetitions", () => {
  expect(stalledAmong([100, 110, 95, 400])).toEqual([false, false, false, true]);
  expect(stalledAmong([100, 400])).toEqual([false, false]);
  expect(stalledAmong([100, NaN, 110, 95, 290])).toEqual([false, false, false, false, false]);
});

test("a disturbed run is one slower than others with more clients", () => {
  const marks = (...tpotMs: number[]): boolean[] =>
    slowerWithFewer(tpotMs.map((ms, i) => ({ clients: 4 << i, tpotMs: ms })));
  expect(marks(5, 16, 10)).toEqual([false, true, false]);
  expect(marks(5, 6, 6)).toEqual([false, false, false]);
  // Within what identical runs scatter.
  expect(marks(5, 10.5, 10)).toEqual([false, false, false]);
  expect(marks(5, NaN, 10)).toEqual([false, false, false]);
});

function rowOf(group: string, predicted: number, suspect = false): AccuracyRow {
  return {
    run: `${group} ${predicted}`,
    family: "silicon",
    group,
    model: "m",
    gpu: "g",
    engine: "e",
    moe: false,
    shape: "1/1",
    window: "run",
    metric: "tpotMean",
    measured: 1,
    predicted,
    flags: [],
    suspect,
  };
}

const NO_RANKING = { groups: [], tau: 1, pairs: 0 };

test("targets leave suspects and groups that numbers were chosen after out, and say so", () => {
  const rows = [rowOf("a", 1.05), rowOf("a", 9, true), rowOf("b", 3)];
  const outcomes = judge(rows, NO_RANKING, (group) => group === "b");
  const dense = outcomes.find(({ id }) => id === "tpot-dense")!;
  expect(dense.value).toBeCloseTo(0.05, 9);
  expect(dense.met).toBe(true);
  expect(dense.withLeftOut?.rows).toBe(2);
  expect(dense.withLeftOut?.mape).toBeCloseTo((0.05 + 8 + 2) / 3, 9);
  expect(dense.worst).toEqual([]);
});

test("a missed target names the groups with the largest parts of the error", () => {
  const rows = [rowOf("a", 1.1), rowOf("a", 0.9), rowOf("b", 1.6), rowOf("c", 1), rowOf("d", 1.01)];
  const dense = judge(rows, NO_RANKING).find(({ id }) => id === "tpot-dense")!;
  expect(dense.met).toBe(false);
  expect(dense.worst.map(({ group }) => group)).toEqual(["b", "a", "d"]);
  expect(worstGroups(rows)[0]!.share).toBeCloseTo(0.6 / 0.81, 9);
  expect(worstGroups(rows)[1]!.bias).toBeCloseTo(0, 9);
});
