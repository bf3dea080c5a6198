import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventQueue, InvariantError } from "../../src/core/index.ts";

type Pending = { source: number; timeUs: number; kind: number };

function earliest(events: readonly Pending[]): Pending | undefined {
  return [...events].sort(
    (a, b) => a.timeUs - b.timeUs || a.kind - b.kind || a.source - b.source,
  )[0];
}

// Few times and kinds, so that ties of both are common.
const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("schedule" as const),
      source: fc.nat(60),
      timeUs: fc.nat(20),
      kind: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("cancel" as const), source: fc.nat(90) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("pop" as const) }) },
);

describe("EventQueue", () => {
  it("agrees with a sorted array after every operation", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const queue = new EventQueue(0);
        const oracle = new Map<number, Pending>();
        for (const operation of operations) {
          if (operation.op === "schedule") {
            const { source, timeUs, kind } = operation;
            queue.schedule(source, timeUs, kind);
            oracle.set(source, { source, timeUs, kind });
          } else if (operation.op === "cancel") {
            queue.cancel(operation.source);
            oracle.delete(operation.source);
          } else if (oracle.size > 0) {
            const expected = earliest([...oracle.values()])!;
            expect(queue.pop()).toBe(expected.source);
            oracle.delete(expected.source);
          }
          const next = earliest([...oracle.values()]);
          expect(queue.size).toBe(oracle.size);
          expect(queue.timeUs).toBe(next?.timeUs ?? Infinity);
          expect(queue.kind).toBe(next?.kind ?? -1);
          expect(queue.source).toBe(next?.source ?? -1);
          for (let source = 0; source < 95; source++) {
            expect(queue.isPending(source)).toBe(oracle.has(source));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("pops in an order that does not depend on the history of scheduling", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ timeUs: fc.nat(9), kind: fc.nat(2) }), { maxLength: 80 }),
        fc.array(fc.nat(79), { maxLength: 80 }),
        (events, detours) => {
          const direct = new EventQueue();
          const winding = new EventQueue();
          for (const source of detours) winding.schedule(source, 1000 - source, 7);
          for (const source of detours) if (source >= events.length) winding.cancel(source);
          for (let source = events.length - 1; source >= 0; source--) {
            winding.schedule(source, events[source]!.timeUs, events[source]!.kind);
          }
          events.forEach(({ timeUs, kind }, source) => direct.schedule(source, timeUs, kind));
          expect(winding.size).toBe(direct.size);
          while (direct.size > 0) expect(winding.pop()).toBe(direct.pop());
        },
      ),
    );
  });

  it("grows to any source", () => {
    const queue = new EventQueue(4);
    queue.schedule(100_000, 5, 1);
    queue.schedule(3, 5, 1);
    expect([queue.pop(), queue.pop(), queue.size]).toEqual([3, 100_000, 0]);
  });

  it("refuses what would corrupt the order", () => {
    const queue = new EventQueue();
    expect(() => queue.schedule(0, NaN, 0)).toThrow(InvariantError);
    expect(() => queue.schedule(0, Infinity, 0)).toThrow(InvariantError);
    expect(() => queue.schedule(-1, 0, 0)).toThrow(InvariantError);
    expect(() => queue.schedule(1.5, 0, 0)).toThrow(InvariantError);
    expect(() => queue.pop()).toThrow(InvariantError);
    expect(queue.size).toBe(0);
  });
});
