/** Random small traces with what caches find hard: repeats, growing conversations, shared partial blocks, missing ids. */

import fc from "fast-check";
import { stream } from "../../src/core/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";

type Shape = typeof shapes extends fc.Arbitrary<infer T> ? T : never;

const shapes = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  rows: fc.integer({ min: 1, max: 50 }),
  gapUs: fc.constantFrom(0, 1, 5_000, 100_000),
  gridUs: fc.constantFrom(1, 1000, 50_000),
  inputMax: fc.constantFrom(1, 20, 200, 900),
  outputMax: fc.constantFrom(1, 5, 60, 200),
  blockSize: fc.constantFrom(0, 1, 8, 16, 24, 64),
  kinship: fc.constantFrom(0.3, 0.7, 0.95),
});

/** Timestamped rows without sessions, with or without block ids. */
export const randomTraces: fc.Arbitrary<Trace> = shapes.map((shape) => made(shape, 0));

/** The same with turns of sessions: prompts that go on from an earlier one and its answer, or say so and do not. */
export const randomTurns: fc.Arbitrary<Trace> = shapes.map((shape) => made(shape, 0.6));

function made(shape: Shape, turns: number): Trace {
  const random = stream(shape.seed, "naive-trace");
  const size = turns > 0 ? Math.max(1, shape.blockSize) : shape.blockSize;
  const rows: Row[] = [];
  let now = 0;
  let fresh = 0;
  const parent: number[] = [];
  for (let r = 0; r < shape.rows; r++) {
    now += random.next() < 0.4 ? 0 : random.int(shape.gapUs * (turns > 0 ? 4 : 1) + 1);
    now = Math.ceil(now / shape.gridUs) * shape.gridUs;
    const output = random.next() < 0.05 ? 0 : 1 + random.int(shape.outputMax);
    const draw = 1 + random.int(shape.inputMax);
    const before = r > 0 && random.next() < shape.kinship ? random.int(r) : -1;
    const kin = rows[before];
    const isTurn = turns > 0 && kin !== undefined && random.next() < turns;
    parent.push(isTurn ? before : -1);
    const kind = isTurn && random.next() < 0.7 ? 2 : random.int(4);
    // An exact repeat, a repeat that stops at a block, a prompt that goes on, or one that branches off.
    if (kin !== undefined && kind === 0) rows.push({ ...kin, at: now, output });
    else if (size === 0) rows.push({ at: now, input: draw, output });
    else {
      const whole = kin === undefined ? 0 : Math.min(Math.floor(kin.input / size), kin.ids!.length);
      const kept = kind === 3 ? random.int(whole + 1) : whole;
      let input = kind === 1 && whole > 0 ? whole * size : kept * size + draw;
      // The whole history, most often, and the new question.
      if (isTurn && kind === 2) input = kin.input + kin.output + random.int(20);
      const ids = (kin?.ids ?? []).slice(0, Math.min(kept, Math.floor(input / size)));
      while (ids.length * size < input) ids.push(fresh++);
      // Now and then the source leaves ids out at the end.
      if (random.next() < 0.1) ids.length = random.int(ids.length + 1);
      rows.push({ at: now, input, output, ids });
    }
  }
  const trace = traceOf(rows, size);
  if (turns === 0) return trace;
  const sessions = {
    session: Int32Array.from(parent, () => 0),
    sessionCount: 1,
    parent: Int32Array.from(parent),
    delayUs: Float64Array.from(parent, () => NaN),
  };
  return { ...trace, sessions };
}
