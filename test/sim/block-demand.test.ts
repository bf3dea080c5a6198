/** Block demand by phase against walking the batch, request by request and step by step. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockDemand } from "../../src/sim/block-demand.ts";

type Member = { step: number; context: number };

const batches = fc.record({
  size: fc.constantFrom(1, 2, 3, 16, 512),
  base: fc.integer({ min: 0, max: 3 }),
  members: fc.array(
    fc.record({
      step: fc.integer({ min: 0, max: 2000 }),
      context: fc.integer({ min: 1, max: 3000 }),
      stays: fc.boolean(),
    }),
    { maxLength: 12 },
  ),
  from: fc.integer({ min: 2000, max: 4000 }),
  steps: fc.integer({ min: 1, max: 1200 }),
  available: fc.integer({ min: 0, max: 60 }),
});

/** Blocks taken in `step`: every request whose context then begins a block. */
function takenIn(members: readonly Member[], size: number, step: number): number {
  return members.filter(({ step: joined, context }) => (context + step - joined - 1) % size === 0)
    .length;
}

test("demand of a step, of a run and within what is available equals the walk", () => {
  fc.assert(
    fc.property(batches, ({ size, base, members, from, steps, available }) => {
      const demand = new BlockDemand(size, new Int32Array((base + 1) * size), base * size);
      for (const { step, context } of members) demand.join(step, context);
      for (const { step, context, stays } of members) if (!stays) demand.leave(step, context);
      const left = members.filter((member) => member.stays);
      expect(demand.requests).toBe(left.length);
      let blocks = 0;
      let blockSteps = 0;
      let within = -1;
      for (let i = 0; i < steps; i++) {
        const taken = takenIn(left, size, from + i);
        expect(demand.at(from + i)).toBe(taken);
        blocks += taken;
        blockSteps += blocks;
        if (within < 0 && blocks > available) within = i;
      }
      const sum = { blocks: NaN, blockSteps: NaN };
      demand.sum(from, steps, sum);
      expect(sum).toEqual({ blocks, blockSteps });
      if (left.length > 0) {
        expect(demand.stepsWithin(from, steps, available)).toBe(within < 0 ? steps : within);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("no steps need no blocks", () => {
  const demand = new BlockDemand(4, new Int32Array(4), 0);
  demand.join(0, 5);
  const sum = { blocks: NaN, blockSteps: NaN };
  demand.sum(0, 0, sum);
  expect(sum).toEqual({ blocks: 0, blockSteps: 0 });
  expect(demand.stepsWithin(0, 5, 0)).toBe(0);
  expect(demand.stepsWithin(1, 3, 0)).toBe(3);
});
