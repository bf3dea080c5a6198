/** What our router makes of prefixes in lower tiers, worked out by hand. */

import { expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  StoreReaders,
  TIER_DEVICE,
  TIER_DISK,
  TIER_HOST,
  TIER_REMOTE,
} from "../../src/policies/index.ts";
import { FACTS, LINEAR, requestOf, stateOf } from "./router-fixture.ts";

const random = stream(1, "router");
const HOST = { firstUs: 100, blockUs: 10 };

/** Scores of a prompt of 160 tokens at workers with ten blocks in one tier or none; nothing but the first token counts. */
function scores(disk: { firstUs: number; blockUs: number } | undefined): number[] {
  const steps = { ...FACTS, steps: LINEAR };
  const facts = disk === undefined ? steps : { ...steps, lower: { host: HOST, disk } };
  const knobs = { harm: 0, work: 0, decode: 0, miss: 0 };
  const state = stateOf("headworks", knobs, [facts, facts, facts, facts]);
  for (let node = 0; node < 10; node++) {
    state.index.set(TIER_DEVICE, 0, node, 1);
    state.index.set(TIER_HOST, 1, node, 1);
    state.index.set(node < 4 ? TIER_HOST : TIER_DISK, 2, node, 1);
  }
  state.choose(requestOf(1, 160), 0, random);
  return [...state.scores];
}

test("a prefix below is worth what fetching it saves, where it saves anything", () => {
  // The last token is always computed: 10 µs. From host memory 100 + 10 × 10 µs; none of it here: 1600 µs.
  // The third: 140 µs for four blocks, the rest from a disk that takes 300 µs beside it.
  expect(scores({ firstUs: 240, blockUs: 10 })).toEqual([10, 210, 310, 1600]);
  // Slower than computing those six blocks: four come, 960 µs are computed.
  expect(scores({ firstUs: 5000, blockUs: 10 })).toEqual([10, 210, 1100, 1600]);
});

test("without times of the links a block below is worth a share of one on the device", () => {
  // Ten blocks at three quarters; four at three quarters and six at one.
  expect(scores(undefined)).toEqual([10, 400, 880, 1600]);
});

test("a remote store is known to all workers that read it, each behind what it has itself", () => {
  const facts = {
    ...FACTS,
    steps: LINEAR,
    lower: { host: HOST, disk: { firstUs: 240, blockUs: 10 } },
  };
  const remote = new StoreReaders(Int32Array.from([0, 0, -1]));
  const state = stateOf(
    "headworks",
    { harm: 0, work: 0, decode: 0, miss: 0 },
    [facts, facts, facts],
    { storeReaders: [undefined, undefined, undefined, remote] },
  );
  for (let node = 0; node < 10; node++) state.index.set(TIER_REMOTE, 0, node, 1);
  for (let node = 0; node < 4; node++) state.index.set(TIER_DEVICE, 1, node, 1);
  state.choose(requestOf(1, 160), 0, random);
  // All ten are fetched, or the six behind those on the device; the third reads no store.
  expect([...state.scores]).toEqual([240 + 100 + 10, 240 + 60 + 10, 1600]);
});
