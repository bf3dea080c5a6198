/** Courses of links, tiers and workers against the samples they come from. */

import { describe, expect, it } from "vitest";
import { poolOfWorkers, runLanes } from "../../src/plan/index.ts";
import type { Report, SeriesColumns, SimulationResult } from "../../src/sim/index.ts";

const column = (...values: number[]): Float64Array => Float64Array.from(values);
const zeros = column(0, 0, 0);

const series: SeriesColumns = {
  rows: 3,
  timeUs: column(0, 1e6, 3e6),
  queued: zeros,
  running: zeros,
  kvBlocksUsed: zeros,
  kvBlocksCached: zeros,
  arrivals: zeros,
  completions: zeros,
  outputTokens: zeros,
  prefillTokens: zeros,
  admittedTokens: zeros,
  cachedTokens: zeros,
  preemptions: zeros,
  workersUp: column(2, 1, 2),
  tiers: {
    g2: {
      capacityBlocks: 8,
      blocksUsed: column(0, 4, 8),
      bytesIn: column(0, 100, 100),
      bytesOut: column(0, 0, 40),
    },
  },
  handoffs: { landed: column(0, 3, 5), bytes: column(0, 300, 700) },
  links: {
    links: [
      {
        name: "node 0 nic 0 out",
        kind: "nic",
        node: 0,
        bytesPerS: 200,
        bytes: column(0, 100, 500),
      },
    ],
    transfers: column(0, 1, 0),
    nodeOfWorker: Int32Array.of(0, 0),
  },
  workers: {
    workers: 2,
    busyUs: column(0, 0, 5e5, 1e6, 15e5, 8e5),
    queued: column(0, 0, 1, 2, 0, 0),
    running: column(0, 0, 3, 4, 0, 0),
    kvBlocksUsed: column(0, 0, 5, 10, 0, 0),
  },
};

/** The decode pool stands first, and its worker has the last number. */
const report = {
  pools: [
    { name: "decode", workers: 1, engine: { kvBlocksPerWorker: 10 } },
    { name: "prefill", workers: 1, engine: { kvBlocksPerWorker: 20 } },
  ],
  workers: [{ worker: 1 }, { worker: 0 }],
} as unknown as Report;

describe("the courses of a run", () => {
  const lanes = runLanes({ report, series } as unknown as SimulationResult)!;

  it("are increases over the interval before each sample", () => {
    expect([...lanes.links[0]!.use]).toEqual([0, 0.5, 1]);
    expect([...lanes.tiers[0]!.used]).toEqual([0, 0.5, 1]);
    expect([...lanes.tiers[0]!.inBytesPerS]).toEqual([0, 100, 0]);
    expect([...lanes.tiers[0]!.outBytesPerS]).toEqual([0, 0, 20]);
    expect([...lanes.handoffs!.bytesPerS]).toEqual([0, 300, 200]);
    expect([...lanes.workersUp!]).toEqual([2, 1, 2]);
  });

  it("know each worker's own pool, and no time below zero", () => {
    expect(poolOfWorkers(report).map(({ name }) => name)).toEqual(["prefill", "decode"]);
    expect([...lanes.workers!.kvUsed]).toEqual([0, 0, 0.25, 1, 0, 0]);
    // A step that was lost with its worker had been counted until then.
    expect([...lanes.workers!.busy]).toEqual([0, 0, 0.5, 1, 0.5, 0]);
  });

  it("hand over their arrays, not the run's", () => {
    expect(lanes.transfers).not.toBe(series.links!.transfers);
    expect(lanes.nodeOfWorker).not.toBe(series.links!.nodeOfWorker);
    expect(lanes.workersUp).not.toBe(series.workersUp);
  });

  it("need samples", () => {
    expect(runLanes({ report } as unknown as SimulationResult)).toBeUndefined();
  });
});
