/** Transfers worked out by hand. */

import { describe, expect, test } from "vitest";
import { Network } from "../../../src/sim/network/network.ts";

const GB_PER_S = 1000;

/** Links of the given rates in GB/s; set-up 100 µs and 1 µs a descriptor. */
function networkOf(rates: readonly number[], most = Infinity, shared = true): Network {
  return new Network({
    links: rates.map((rate, i) => ({
      name: `link ${i}`,
      kind: "nic",
      node: i,
      bytesPerUs: rate * GB_PER_S,
      members: 1,
    })),
    shared,
    setupUs: 100,
    descriptorUs: 1,
    owners: 4,
    transfersPerOwner: most,
  });
}

/** Ends of all transfers by their tag. */
function run(network: Network, untilUs = Infinity): Map<number, number> {
  const ends = new Map<number, number>();
  while (network.nextUs < untilUs) {
    const nowUs = network.nextUs;
    for (let flow = network.pop(nowUs); flow >= 0; flow = network.pop(nowUs)) {
      ends.set(network.tagOf(flow), nowUs);
    }
  }
  return ends;
}

describe("transfers", () => {
  test("alone: latency + set-up + descriptors + bytes ÷ the slowest link", () => {
    const network = networkOf([50, 25]);
    const both = [
      { link: 0, lanes: 1 },
      { link: 1, lanes: 1 },
    ];
    const route = network.addRoute(both, 1, 10);
    network.start(route, 1_000_000_000, 1, 0, { descriptors: 40 });
    expect(run(network)).toEqual(new Map([[1, 10 + 100 + 40 + 40_000]]));
    expect(network.times.aloneUs(route, 1_000_000_000, 40)).toBe(40_150);
    expect(network.links.bytesAt(1, 50_000)).toBe(1_000_000_000);
    expect(network.links.busyAt(1, 50_000)).toBe(40_000);
  });

  test("lanes move in parallel: four shards over four ports take a quarter", () => {
    const network = networkOf([50, 50, 50, 50]);
    const ports = [0, 1, 2, 3].map((link) => ({ link, lanes: 1 }));
    network.start(network.addRoute(ports, 4, 0), 1_000_000_000, 1, 0);
    expect(run(network).get(1)).toBe(100 + 5000);
  });

  test("two at once take half each, and the survivor the whole", () => {
    const network = networkOf([10]);
    const route = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    network.start(route, 10_000_000, 1, 0);
    network.start(route, 20_000_000, 2, 0);
    // 2 × 1 ms together, then 1 ms alone.
    expect(run(network)).toEqual(
      new Map([
        [1, 100 + 2000],
        [2, 100 + 3000],
      ]),
    );
  });

  test("a flow held back elsewhere leaves the rest to the other", () => {
    const network = networkOf([10, 2]);
    const slow = network.addRoute(
      [
        { link: 0, lanes: 1 },
        { link: 1, lanes: 1 },
      ],
      1,
      0,
    );
    const fast = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    network.start(slow, 2_000_000, 1, 0);
    network.start(fast, 8_000_000, 2, 0);
    network.start(fast, 1_000_000, 3, 50_000, { bytesPerUsMax: 100 });
    expect(run(network)).toEqual(
      new Map([
        [1, 1100],
        [2, 1100],
        [3, 50_100 + 10_000],
      ]),
    );
  });

  test("a weight of three gets three quarters", () => {
    const network = networkOf([4]);
    const route = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    network.start(route, 3_000_000, 1, 0, { weight: 3 });
    network.start(route, 3_000_000, 2, 0);
    expect(run(network).get(1)).toBe(100 + 1000);
  });

  test("a worker's transfers beyond its cap wait in line, and a cancelled one gives its turn", () => {
    const network = networkOf([1, 1, 1], 1);
    const routes = [0, 1, 2].map((link) => network.addRoute([{ link, lanes: 1 }], 1, 0));
    const first = network.start(routes[0]!, 1_000_000, 1, 0, { owner: 2 });
    network.start(routes[1]!, 1_000_000, 2, 0, { owner: 2 });
    const last = network.start(routes[2]!, 1_000_000, 3, 0, { owner: 2 });
    network.start(routes[2]!, 1_000_000, 4, 0, { owner: 1 });
    run(network, 500);
    network.cancel(first, 500);
    network.cancel(last, 500);
    expect(run(network)).toEqual(
      new Map([
        [4, 1100],
        [2, 500 + 1100],
      ]),
    );
    expect(network.links.bytesAt(0, 2000)).toBe(400_000);
  });

  test("a cut link holds its flows until it is mended", () => {
    const network = networkOf([1]);
    const route = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    network.start(route, 1_000_000, 1, 0);
    run(network, 600);
    network.setScale(0, 0, 600);
    expect(network.nextUs).toBe(Infinity);
    network.setScale(0, 0.5, 10_600);
    // 0.5 ms done before the cut; the other half at half speed.
    expect(run(network).get(1)).toBe(10_600 + 1000);
  });

  test("layer by layer: the last layer moves when the source is done", () => {
    const network = networkOf([10]);
    const route = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    network.start(route, 40_000_000, 1, 0, { sourceEndUs: 50_000, layers: 40 });
    // 39 of 40 layers in the 49.9 ms after set-up at the source's rate of 0.78 GB/s; what set-up held back and the last layer follow.
    const left = 40_000_000 - 49_900 * (39_000_000 / 50_000);
    expect(run(network).get(1)).toBe(Math.ceil(50_000 + left / 10_000));
    network.start(route, 40_000_000, 2, 100_000);
    expect(run(network).get(2)).toBe(100_000 + 100 + 4000);
  });

  test("without sharing each moves as if alone, and links still count bytes", () => {
    const network = networkOf([10], Infinity, false);
    const route = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    network.start(route, 10_000_000, 1, 0);
    network.start(route, 20_000_000, 2, 0);
    network.start(route, 40_000_000, 3, 0, { sourceEndUs: 50_000, layers: 40 });
    run(network, 600);
    network.setScale(0, 0.5, 600);
    const left = 40_000_000 - 49_900 * (39_000_000 / 50_000);
    expect(run(network)).toEqual(
      new Map([
        [1, 100 + 500 + 1000],
        [2, 100 + 500 + 3000],
        [3, Math.ceil(50_000 + left / 5000)],
      ]),
    );
    expect(network.links.bytesAt(0, 100_000)).toBe(70_000_000);
  });

  test("a transfer of nothing takes its set-up", () => {
    const network = networkOf([10]);
    network.start(network.addRoute([{ link: 0, lanes: 1 }], 1, 0), 0, 1, 0);
    expect(run(network).get(1)).toBe(100);
  });

  test("what a transfer may take among others is foreseen", () => {
    const network = networkOf([10]);
    const route = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    expect(network.expectedUs(route, 10_000_000, 0)).toBe(1100);
    network.start(route, 1_000_000_000, 1, 0);
    run(network, 200);
    expect(network.expectedUs(route, 10_000_000, 200)).toBe(2100);
  });

  test("a transfer that is nearly done is no burden for long", () => {
    const network = networkOf([10, 40]);
    const over = (...links: number[]): number =>
      network.addRoute(
        links.map((link) => ({ link, lanes: 1 })),
        1,
        0,
      );
    const route = over(0, 1);
    network.start(over(0), 10_000_000, 1, 0);
    // 600 µs of it have moved by then, so 4 ms are left.
    run(network, 700);
    const aloneUs = network.times.aloneUs(route, 90_000_000, 0);
    const leftUs = network.times.aloneUs(route, 4_000_000, 0) - 100;
    expect(network.expectedUs(route, 90_000_000, 700)).toBeCloseTo(aloneUs + leftUs, 6);
    // It is right: nothing else starts.
    network.start(route, 90_000_000, 2, 700);
    expect(run(network).get(2)! - 700).toBeLessThanOrEqual(Math.ceil(aloneUs + leftUs) + 1);
  });

  test("transfers that are being set up will be there: the last of several at once is foreseen as it comes", () => {
    const network = networkOf([10]);
    const route = network.addRoute([{ link: 0, lanes: 1 }], 1, 0);
    const foreseen = [10_000_000, 20_000_000, 30_000_000].map((bytes, i) => {
      const us = network.expectedUs(route, bytes, 0);
      network.start(route, bytes, i, 0);
      return us;
    });
    // Those before it, as far as they go on beside it: 1, 1 + 2, 1 + 2 + 3 ms.
    expect(foreseen).toEqual([1100, 3100, 6100]);
    // A third of the link is no whole number of parts.
    expect(run(network).get(2)! - 6100).toBeLessThanOrEqual(1);
    // One that never begins leaves no trace.
    const given = network.start(route, 50_000_000, 9, 10_000);
    network.cancel(given, 10_050);
    expect(network.expectedUs(route, 10_000_000, 10_050)).toBe(1100);
  });
});
