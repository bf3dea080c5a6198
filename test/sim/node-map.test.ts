/** The open-addressing map against Map. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { NodeMap } from "../../src/sim/node-map.ts";

/** Few keys collide and delete often; many keys make it grow; far ones use all bits of the hash. */
const keys = fc.oneof(
  fc.nat(12),
  fc.nat(500),
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 30, 2 ** 24 + 1),
);
const operations = fc.array(
  fc.record({ op: fc.constantFrom("set", "set", "delete", "get"), key: keys, value: fc.nat() }),
  { maxLength: 600 },
);

test("sets, deletes and finds as a Map does", () => {
  fc.assert(
    fc.property(operations, (ops) => {
      const map = new NodeMap();
      const model = new Map<number, number>();
      for (const { op, key, value } of ops) {
        // The contract: `set` is for keys that are absent.
        if (op === "set" && !model.has(key)) {
          map.set(key, value);
          model.set(key, value);
        } else if (op === "delete") {
          map.delete(key);
          model.delete(key);
        }
        expect(map.get(key)).toBe(model.get(key) ?? -1);
        expect(map.size).toBe(model.size);
      }
      for (const [key, value] of model) expect(map.get(key)).toBe(value);
      for (let key = 0; key < 500; key++) expect(map.get(key)).toBe(model.get(key) ?? -1);
    }),
    { numRuns: 200, seed: 3 },
  );
});

test("keys that share a home survive the deletion of any of them", () => {
  // The home is the top bits of key · golden; with 16 places, these all begin at the same one.
  const home = (key: number): number => Math.imul(key, 0x9e3779b1) >>> 29;
  const same = Array.from({ length: 200 }, (_, key) => key)
    .filter((key) => home(key) === 7)
    .slice(0, 4);
  for (const gone of same) {
    const map = new NodeMap();
    for (const key of same) map.set(key, key + 1);
    map.delete(gone);
    for (const key of same) expect(map.get(key)).toBe(key === gone ? -1 : key + 1);
  }
});
