/** The cluster's state: of the whole run and at a moment, whatever the order of workers and links. */

import { describe, expect, it } from "vitest";
import { clusterState, fillsFor, sampleOf } from "../../web/screens/topology/cluster-state.ts";
import { topologyChart, topologyHeight } from "../../web/screens/topology/layout.ts";
import type { Report, RunLanes } from "../../web/workers/protocol.ts";

/** The decode pool stands first, and its worker has the last number. */
const report = {
  simS: 10,
  pools: [
    {
      name: "decode",
      role: "decode",
      workers: 1,
      engine: { gpusPerWorker: 2, kvBlocksPerWorker: 10 },
    },
    {
      name: "prefill",
      role: "prefill",
      workers: 1,
      engine: { gpusPerWorker: 1, kvBlocksPerWorker: 20 },
    },
  ],
  workers: [
    { worker: 1, busyS: 5, completed: 7, preemptions: 0, kvBlocksPeak: 10 },
    { worker: 0, busyS: 1, completed: 7, preemptions: 0, kvBlocksPeak: 5 },
  ],
  faults: { outages: [{ worker: 0, state: "down", fromS: 3, untilS: null }] },
} as unknown as Report;

const link = (name: string, node: number, ...use: number[]) => {
  return { name, kind: "nic", node, bytesPerS: 5e10, use: Float32Array.from(use) };
};
const lanes = {
  timeS: Float64Array.of(0, 2, 10),
  links: [link("node 1 nic 0 out", 1, 0, 0.5, 1), link("node 1 nic 1 out", 1, 0, 1, 0)],
  nodeOfWorker: Int32Array.of(0, 1),
  workers: {
    count: 2,
    busy: Float32Array.of(0, 0, 0.25, 0.5, 0, 1),
    queued: Float32Array.of(0, 0, 1, 4, 0, 0),
    running: Float32Array.of(0, 0, 3, 4, 0, 8),
    kvUsed: Float32Array.of(0, 0, 0.25, 1, 0, 1),
  },
} as unknown as RunLanes;

describe("the cluster's state", () => {
  it("over the run takes each worker's own pool", () => {
    const { workers, sample } = clusterState(report, lanes, null, "kv");
    expect(sample).toBeNull();
    expect(workers.map(({ worker, role, share, node }) => [worker, role, share, node])).toEqual([
      [1, "decode", 1, 1],
      [0, "prefill", 0.25, 0],
    ]);
  });

  it("at a moment takes the sample's values, and knows who is away", () => {
    const before = clusterState(report, lanes, 1, "busy");
    expect(before.workers.map(({ share, outage }) => [share, outage])).toEqual([
      [0.5, ""],
      [0.25, ""],
    ]);
    const after = clusterState(report, lanes, 2, "running");
    expect(after.workers.map(({ share, outage }) => [share, outage])).toEqual([
      [1, ""],
      [0, "down"],
    ]);
  });

  it("lets the fullest of equal links stand for all, in the mean over time or at a moment", () => {
    expect(clusterState(report, lanes, 1, "busy").links).toEqual([
      { name: "NIC out", node: 1, links: 2, bytesPerS: 5e10, share: 1 },
    ]);
    expect(clusterState(report, lanes, null, "busy").links[0]?.share).toBeCloseTo(0.9, 6);
  });

  it("shows only what a moment, or a run, has", () => {
    expect(fillsFor(true)).toEqual(["busy", "kv", "running", "queued"]);
    expect(fillsFor(false)).toEqual(["busy", "kv", "completed", "preemptions"]);
    expect(clusterState(report, lanes, null, "queued").fill).toBe("busy");
    expect(clusterState(report, null, 1, "busy").sample).toBeNull();
  });

  it("finds the sample of a time", () => {
    expect([0, 1, 2, 3, 10, 11].map((s) => sampleOf(lanes.timeS, s))).toEqual([0, 1, 1, 2, 2, 2]);
    expect(sampleOf(lanes.timeS, null)).toBeNull();
    expect(sampleOf([], 1)).toBeNull();
  });
});

describe("its picture", () => {
  it.each([220, 390, 700, 1400])("stays inside %i pixels, and has a row for each part", (width) => {
    const state = clusterState(report, lanes, 2, "busy");
    const chart = topologyChart(state, "At 10 s");
    const height = topologyHeight(state, width);
    const { scene } = chart.draw({ width, height });
    for (const mark of scene.marks) {
      if (mark.kind !== "rect") continue;
      expect(mark.x).toBeGreaterThanOrEqual(0);
      expect(mark.x + mark.width).toBeLessThanOrEqual(width);
      expect(mark.y + mark.height).toBeLessThanOrEqual(height);
    }
    expect(chart.summary).toContain("1 not as they should be");
    expect(chart.table.rows).toHaveLength(3);
  });
});
