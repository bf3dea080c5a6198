/** The tournament of loads against a scan. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { LoadTree } from "../../src/policies/router/load-tree.ts";

test("the least loaded worker, the first of equals, after any changes", () => {
  const runs = fc.record({
    workers: fc.integer({ min: 1, max: 40 }),
    // Whether the tree is asked before the first change or only later: it is built when asked.
    askedFrom: fc.nat(20),
    changes: fc.array(fc.record({ at: fc.nat(), up: fc.boolean() }), { maxLength: 120 }),
  });
  fc.assert(
    fc.property(runs, ({ workers, askedFrom, changes }) => {
      const tree = new LoadTree(workers);
      const loads = Array.from({ length: workers }, () => 0);
      changes.forEach(({ at, up }, i) => {
        const worker = at % workers;
        const change = up || loads[worker] === 0 ? 1 : -1;
        loads[worker]! += change;
        tree.add(worker, change);
        if (i >= askedFrom) expect(tree.least()).toBe(loads.indexOf(Math.min(...loads)));
      });
      expect([...tree.outstanding]).toEqual(loads);
      expect(tree.least()).toBe(loads.indexOf(Math.min(...loads)));
    }),
    { numRuns: 500, seed: 4 },
  );
});
