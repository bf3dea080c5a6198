/** Charts and columns that only some runs have. */

import { describe, expect, it } from "vitest";
import { laneCharts } from "../../src/cli/lane-charts.ts";
import { writePerfetto, writeSeriesCsv } from "../../src/sim/index.ts";
import type { SeriesColumns, SimulationResult } from "../../src/sim/index.ts";
import { reportOf, seriesOf, slicesOf } from "./fixtures.ts";

const plain = seriesOf(3);
const rising = Float64Array.of(0, 1e9, 3e9);
const series: SeriesColumns = {
  ...plain,
  workersUp: Float64Array.of(2, 1, 2),
  tiers: {
    g2: {
      capacityBlocks: 100,
      blocksUsed: Float64Array.of(0, 10, 20),
      bytesIn: rising,
      bytesOut: Float64Array.of(0, 0, 5e8),
    },
  },
  peerBytes: Float64Array.of(0, 0, 7),
  handoffs: { landed: Float64Array.of(0, 1, 2), bytes: rising },
  links: {
    links: [{ name: "node 0 nic 0-3 out", kind: "nic", node: 0, bytesPerS: 4e9, bytes: rising }],
    transfers: Float64Array.of(0, 1, 0),
    nodeOfWorker: Int32Array.of(0, 0),
  },
};

function chartsOf(columns: SeriesColumns | undefined): string[] {
  const gaps = { upperUs: new Float64Array(0), tokens: new Float64Array(0) };
  const result: SimulationResult = { report: reportOf(), gaps };
  return laneCharts(columns === undefined ? result : { ...result, series: columns });
}

function joined(write: (into: (piece: string) => void) => void): string {
  let text = "";
  write((piece) => (text += piece));
  return text;
}

describe("what only some runs have", () => {
  it("is drawn when it is there", () => {
    expect(chartsOf(undefined)).toEqual([]);
    expect(chartsOf(plain)).toEqual([]);
    const charts = chartsOf(series);
    for (const title of [
      "KV tiers: share of blocks in use",
      "Keys and values moved, GB/s",
      "Use of the fullest links",
      "Workers that are up",
    ]) {
      expect(charts.filter((chart) => chart.includes(title))).toHaveLength(1);
    }
  });

  it("has columns of its own in the CSV", () => {
    const [header, , , last] = joined((write) => writeSeriesCsv(series, write)).split("\n");
    const row = Object.fromEntries(
      header!.split(",").map((name, i) => [name, last!.split(",")[i]]),
    );
    expect(row).toMatchObject({
      workers_up: "2",
      g2_blocks_used: "20",
      g2_in_bytes_total: "3000000000",
      g2_out_bytes_total: "500000000",
      peer_bytes_total: "7",
      handoffs_total: "2",
      handoff_bytes_total: "3000000000",
      transfers: "0",
      link_node_0_nic_0_3_out_bytes_total: "3000000000",
    });
  });

  it("has counters of its own in the Perfetto trace", () => {
    const text = joined((write) => writePerfetto({ name: "x", slices: slicesOf(), series }, write));
    const { traceEvents } = JSON.parse(text) as {
      traceEvents: { name: string; args: Record<string, number> }[];
    };
    const link = traceEvents.filter(({ name }) => name === "link node 0 nic 0-3 out");
    expect(link.map(({ args }) => args["GB/s"])).toEqual([0, 1, 2]);
    expect(traceEvents.some(({ name }) => name === "workers up")).toBe(true);
    expect(traceEvents.some(({ name }) => name === "g2 blocks")).toBe(true);
  });
});
