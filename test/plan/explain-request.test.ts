/** The fate of a request that is explained: its times, by hand. */

import { expect, test } from "vitest";
import { fateOf } from "../../src/plan/index.ts";
import type { RequestColumns } from "../../src/sim/index.ts";

const f64 = (...values: number[]): Float64Array => Float64Array.from(values);
const u32 = (...values: number[]): Uint32Array => Uint32Array.from(values);

/** Two requests; the second was handed over, loaded a prefix first, and lost its place once. */
const COLUMNS: RequestColumns = {
  rows: 2,
  row: u32(4, 7),
  arrivalUs: f64(0, 1000),
  admittedUs: f64(NaN, 3000),
  firstTokenUs: f64(NaN, 10_000),
  finishUs: f64(NaN, 30_000),
  inputTokens: u32(10, 20),
  outputTokens: u32(0, 5),
  cachedTokens: u32(0, 16),
  preemptions: u32(0, 1),
  worker: Int32Array.from([-1, 3]),
  status: Uint8Array.from([1, 0]),
  asides: {
    onboardUs: f64(0, 500),
    transferUs: f64(0, 2000),
    settleUs: f64(0, 250),
    redoFirstUs: f64(0, 0),
    redoUs: f64(0, 4000),
  },
};

test("parts of a request's time add up as they were spent", () => {
  const fate = fateOf(COLUMNS, 7);
  expect(fate).toEqual({
    ok: true,
    value: {
      worker: 3,
      status: "completed",
      arrivalS: 0.001,
      queueMs: 2,
      prefillMs: 7,
      ttftMs: 9,
      decodeMs: 20,
      e2eMs: 29,
      onboardMs: 0.5,
      transferMs: 2.25,
      redoMs: 4,
      inputTokens: 20,
      outputTokens: 5,
      cachedTokens: 16,
      preemptions: 1,
    },
  });
});

test("who was refused has no times, and who is not there is named", () => {
  const refused = fateOf(COLUMNS, 4);
  expect(refused.ok && [refused.value.worker, refused.value.ttftMs, refused.value.redoMs]).toEqual([
    null,
    null,
    0,
  ]);
  const none = fateOf(COLUMNS, 5);
  expect(none.ok ? "" : none.problem.what).toBe("the run has no request 5");
});
