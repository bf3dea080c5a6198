/** Finish heaps that share an arena against sorted lists. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { FinishHeap, HeapArena } from "../../src/sim/finish-heap.ts";

const HEAPS = 3;
const which = fc.nat(HEAPS - 1);
const operations = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ op: fc.constant("push" as const), which, step: fc.nat(20) }),
    },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("pop" as const), which }) },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constant("remove" as const), which, pick: fc.nat() }),
    },
  ),
  { maxLength: 300 },
);

type Entry = { slot: number; step: number; order: number };

function sorted(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => (a.step === b.step ? a.order - b.order : a.step - b.step));
}

test("pops by step, then by order of admission, whatever was removed in between", () => {
  fc.assert(
    fc.property(operations, (ops) => {
      const arena = new HeapArena();
      const heaps = Array.from({ length: HEAPS }, () => new FinishHeap(arena));
      const models: Entry[][] = heaps.map(() => []);
      ops.forEach((operation, order) => {
        const heap = heaps[operation.which]!;
        const model = models[operation.which]!;
        if (operation.op === "push") {
          // Slots are places in a table: any number, unlike orders not in sequence.
          const entry = { slot: (order * 7919) % 1009, step: operation.step, order };
          model.push(entry);
          heap.push(entry.slot, entry.step, order);
        } else if (model.length > 0) {
          const at = operation.op === "pop" ? 0 : operation.pick % model.length;
          const [gone] = sorted(model).splice(at, 1);
          if (operation.op === "remove") heap.remove(gone!.slot);
          else expect(heap.pop()).toBe(gone!.slot);
        }
        heaps.forEach((each, i) => {
          expect(each.size).toBe(models[i]!.length);
          expect(each.firstStep).toBe(sorted(models[i]!)[0]?.step ?? Infinity);
        });
      });
      heaps.forEach((heap, i) => {
        for (const { slot } of sorted(models[i]!)) expect(heap.pop()).toBe(slot);
      });
    }),
    { numRuns: 300, seed: 2 },
  );
});

test("many heaps that grow past the arena's first size keep their own numbers", () => {
  const arena = new HeapArena();
  const heaps = Array.from({ length: 50 }, () => new FinishHeap(arena));
  for (let step = 99; step >= 0; step--) {
    heaps.forEach((heap, i) => heap.push(1000 * i + step, step, step));
  }
  heaps.forEach((heap, i) => {
    for (let step = 0; step < 100; step++) expect(heap.pop()).toBe(1000 * i + step);
    expect(heap.firstStep).toBe(Infinity);
  });
});

test("removing one that is not there changes nothing", () => {
  const heap = new FinishHeap(new HeapArena());
  heap.remove(1);
  heap.push(24, 5, 0);
  heap.remove(48);
  expect([heap.size, heap.firstStep, heap.pop()]).toEqual([1, 5, 24]);
});
