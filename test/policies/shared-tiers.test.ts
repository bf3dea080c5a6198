/** Tiers below the device in the event index: stores that workers share, against a walk block by block. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  EventIndex,
  StoreReaders,
  TIER_DEVICE,
  TIER_DISK,
  TIER_HOST,
  TIER_REMOTE,
} from "../../src/policies/index.ts";
import type { TierReach } from "../../src/policies/index.ts";

const WORKERS = 4;
/** Who reads what: the device by worker, host memory by pairs, a disk of one worker and one of three, a store for all but one. */
const STORES = [
  [0, 1, 2, 3],
  [0, 0, 1, 1],
  [0, 1, 1, 1],
  [0, 0, 0, -1],
] as const;
const READERS = STORES.map((stores, tier) =>
  tier === TIER_DEVICE ? undefined : new StoreReaders(Int32Array.from(stores)),
);
/** One prompt of five nodes. */
const BEGIN = [0, 2, 3, 6, 7] as const;
const END = [2, 3, 6, 7, 9] as const;
const NODES = { nodeBegin: Int32Array.from(BEGIN), nodeEnd: Int32Array.from(END) };
const PROMPT = { path: Int32Array.from([0, 1, 2, 3, 4]), start: 0, length: 5 };

function newReach(): TierReach {
  const column = (): Int32Array => new Int32Array(WORKERS);
  return [column(), column(), column()];
}

/** Blocks by tier, store and node. */
type Held = Map<string, number>;

function walk(held: Held): number[][] {
  const has = (tier: number, worker: number, block: number): boolean => {
    const store = STORES[tier]![worker]!;
    const node = END.findIndex((end) => block < end);
    return store >= 0 && block < BEGIN[node]! + (held.get(`${tier},${store},${node}`) ?? 0);
  };
  const reach = Array.from({ length: WORKERS }, () => 0);
  return [TIER_DEVICE, TIER_HOST, TIER_DISK, TIER_REMOTE].map((tier) => {
    for (let worker = 0; worker < WORKERS; worker++) {
      while (reach[worker]! < 9 && has(tier, worker, reach[worker]!)) reach[worker]!++;
    }
    return reach.slice();
  });
}

const events = fc.array(
  fc.record({
    tier: fc.nat(3),
    worker: fc.nat(WORKERS - 1),
    node: fc.nat(4),
    share: fc.constantFrom(0, 0.5, 1, 1),
    leaves: fc.constantFrom(false, false, false, false, true),
  }),
  { minLength: 1, maxLength: 60 },
);

test("a prompt reaches as far as a walk over the stores that a worker reads", () => {
  let shared = 0;
  fc.assert(
    fc.property(events, (list) => {
      const index = new EventIndex(NODES, Infinity, READERS);
      const held: Held = new Map();
      const reach = newReach();
      for (const { tier, worker, node, share, leaves } of list) {
        const store = STORES[tier]![worker]!;
        if (leaves) {
          index.dropWorker(worker);
          // What others read too stays.
          for (const at of [TIER_DEVICE, TIER_HOST, TIER_DISK, TIER_REMOTE]) {
            const own = STORES[at]![worker]!;
            const readers = STORES[at]!.filter((one) => one === own).length;
            if (own < 0 || readers > 1) continue;
            for (let n = 0; n < 5; n++) held.delete(`${at},${own},${n}`);
          }
        } else if (store >= 0) {
          const blocks = Math.ceil((END[node]! - BEGIN[node]!) * share);
          index.set(tier, store, node, blocks);
          held.set(`${tier},${store},${node}`, blocks);
        }
        index.match(PROMPT, reach);
        const [device, host, , remote] = walk(held);
        expect(reach.map((column) => [...column])).toEqual([device, host, remote]);
        if (reach[2][1]! > reach[0][1]!) shared++;
      }
      const blocks = [...held.values()].reduce((sum, count) => sum + count, 0);
      expect(index.blocks).toBe(blocks);
    }),
    { numRuns: 300 },
  );
  expect(shared).toBeGreaterThan(300);
});

test("beyond the device a shared store has what a count finds", () => {
  const shared = new Int32Array(WORKERS);
  let found = 0;
  fc.assert(
    fc.property(events, (list) => {
      const index = new EventIndex(NODES, Infinity, READERS);
      const held = new Map<number, number>();
      const reach = newReach();
      for (const { tier, worker, node, share } of list) {
        const store = STORES[tier]![worker]!;
        if (store < 0) continue;
        const blocks = Math.ceil((END[node]! - BEGIN[node]!) * share);
        index.set(tier, store, node, blocks);
        if (tier === TIER_REMOTE) held.set(node, blocks);
        index.match(PROMPT, reach, true);
        index.matchShared(PROMPT, reach[0], shared);
        for (let one = 0; one < WORKERS; one++) {
          let count = 0;
          for (let block = reach[0][one]!; block < 9; block++) {
            const of = END.findIndex((end) => block < end);
            if (one < 3 && block < BEGIN[of]! + (held.get(of) ?? 0)) count++;
          }
          expect(shared[one]).toBe(count);
          found += count;
        }
        // What is counted apart is not counted with the disk.
        const [, , disk] = walk(new Map(heldOf(index)));
        expect([...reach[2]]).toEqual(disk);
      }
    }),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(1000);
});

/** What an index has been told, without the remote tier. */
function heldOf(index: EventIndex): [string, number][] {
  return [TIER_DEVICE, TIER_HOST, TIER_DISK].flatMap((tier) =>
    [0, 1, 2, 3].flatMap((store) =>
      [0, 1, 2, 3, 4].map((node): [string, number] => [
        `${tier},${store},${node}`,
        index.get(tier, store, node),
      ]),
    ),
  );
}
