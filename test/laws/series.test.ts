/** Samples over time: single workers, links, tiers and hand-offs add up to what the report says, in both modes. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { LINKS_MOST } from "../../src/sim/index.ts";
import type { Report, SeriesColumns, SimulationResult } from "../../src/sim/index.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { randomFabrics, randomFabricTiers } from "../support/random-fabric.ts";
import { randomStorms } from "../support/random-storm.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns, waitsAtRouter } from "./law-runs.ts";

type Sampled = SimulationResult & { readonly series: SeriesColumns };

/** Runs in both modes, whose samples must be the same bit for bit. */
function sampled(run: RandomRun): Sampled {
  const watch = { requests: true, slices: 1_000_000, seriesIntervalUs: 70_000 };
  const fast = simulate(run, watch);
  const steps = simulate(run, { ...watch, stepByStep: true });
  expect(fast.series).toEqual(steps.series);
  return fast as Sampled;
}

function sumAt(values: Float64Array, workers: number, sample: number): number {
  let sum = 0;
  for (let worker = 0; worker < workers; worker++) sum += values[sample * workers + worker]!;
  return sum;
}

/** Single workers add up to the cluster, but for those who wait at the router. */
function checkSums({ series, report }: Sampled): void {
  const { rows, workers } = series;
  const mayWait = waitsAtRouter(report.scenario.router.queue);
  for (let s = 0; s < rows; s++) {
    for (const name of ["queued", "running", "kvBlocksUsed"] as const) {
      const sum = sumAt(workers![name], workers!.workers, s);
      if (mayWait && name === "queued") expect(sum).toBeLessThanOrEqual(series.queued[s]!);
      else expect(sum).toBe(series[name][s]);
    }
  }
}

/** Each worker's busy time up to each sample is what its recorded steps cover, second by second. */
function checkBusy({ series, slices }: Sampled): void {
  const { workers, busyUs } = series.workers!;
  for (let s = 0; s < series.rows; s++) {
    const untilUs = series.timeUs[s]!;
    const covered = new Float64Array(workers);
    for (let i = 0; i < slices!.rows; i++) {
      const us = Math.min(untilUs, slices!.endUs[i]!) - slices!.startUs[i]!;
      if (us > 0) covered[slices!.worker[i]!]! += us;
    }
    expect([...busyUs.subarray(s * workers, (s + 1) * workers)]).toEqual([...covered]);
  }
}

/** Links carry no more than they can between two samples, and end with the report's bytes. Returns how many were checked. */
function checkLinks({ series, report }: Sampled): number {
  const { links } = series.links!;
  const said = new Map(report.network!.links.map(({ name, bytes }) => [name, bytes]));
  const isFair = report.scenario.cluster.fabric!.sharing === "fair";
  const before = new Float64Array(links.length);
  for (let s = 0; s < series.rows; s++) {
    const seconds = (series.timeUs[s]! - (series.timeUs[s - 1] ?? 0)) / 1e6;
    links.forEach(({ bytes, bytesPerS }, link) => {
      const moved = bytes[s]! - before[link]!;
      expect(moved).toBeGreaterThanOrEqual(0);
      if (isFair) expect(moved).toBeLessThanOrEqual(bytesPerS * seconds * (1 + 1e-9) + 1);
      before[link] = bytes[s]!;
    });
  }
  const last = series.rows - 1;
  for (const { name, bytes } of links) {
    const whole = said.get(name);
    // Without sharing the report has whole transfers, samples those on their way too.
    if (!isFair && series.links!.transfers[last]! > 0) continue;
    // Both tell of the fullest; of equally full ones they may tell of others.
    if (whole === undefined) expect(report.network!.linksUsed).toBeGreaterThan(LINKS_MOST);
    else expect(bytes[last]).toBe(whole);
  }
  return links.length;
}

function checkFlows({ series, report }: Sampled): void {
  const last = series.rows - 1;
  if (report.disagg !== null) {
    expect(series.handoffs!.landed[last]).toBe(report.disagg.handoffs);
    expect(series.handoffs!.bytes[last]).toBe(report.disagg.bytes);
  }
  for (const [level, columns] of Object.entries(series.tiers ?? {})) {
    const own = report.kv.tiers!.filter((tier) => tier.level === level);
    const sum = (of: (tier: (typeof own)[number]) => number): number =>
      own.reduce((total, tier) => total + of(tier), 0);
    expect(columns.bytesIn[last]).toBe(sum(({ bytesIn }) => bytesIn));
    expect(columns.bytesOut[last]).toBe(sum(({ bytesOut }) => bytesOut));
    expect(columns.capacityBlocks).toBe(sum((tier) => tier.stores * tier.capacityBlocks));
    for (const blocks of columns.blocksUsed) {
      expect(blocks).toBeLessThanOrEqual(columns.capacityBlocks);
    }
  }
}

test(
  "links, hand-offs and workers add up over random fabrics",
  () => {
    let links = 0;
    fc.assert(
      fc.property(randomFabrics, (run) => {
        const result = sampled(run);
        if (result.series.rows === 0) return;
        checkSums(result);
        links += checkLinks(result);
        checkFlows(result);
        if (result.report.stopped === null) checkBusy(result);
      }),
      lawRuns(80),
    );
    expect(links).toBeGreaterThan(200);
  },
  LAW_TIMEOUT_MS,
);

test(
  "tiers and links add up where they share a fabric",
  () => {
    let bytes = 0;
    fc.assert(
      fc.property(randomFabricTiers, (run) => {
        const result = sampled(run);
        if (result.series.rows === 0) return;
        checkSums(result);
        checkLinks(result);
        checkFlows(result);
        for (const { bytesIn } of Object.values(result.series.tiers ?? {})) {
          bytes += bytesIn.at(-1) ?? 0;
        }
      }),
      lawRuns(80),
    );
    expect(bytes).toBeGreaterThan(0);
  },
  LAW_TIMEOUT_MS,
);

/** Workers that are away at a time, by the report's outages. */
function awayAt({ faults }: Report, timeS: number): number {
  const away = faults!.outages.filter(
    ({ state, fromS, untilS }) =>
      (state === "down" || state === "draining") &&
      fromS <= timeS &&
      (untilS === null || timeS < untilS),
  );
  expect(new Set(away.map(({ worker }) => worker)).size).toBe(away.length);
  return away.length;
}

test(
  "samples of the workers that are up agree with the outages",
  () => {
    let seen = 0;
    fc.assert(
      fc.property(randomStorms, (run) => {
        const { series, report } = sampled(run);
        for (let s = 0; s < series.rows; s++) {
          const away = awayAt(report, series.timeUs[s]! / 1e6);
          expect(series.workersUp![s]).toBe(report.workers.length - away);
          if (away > 0) seen++;
        }
      }),
      lawRuns(80),
    );
    expect(seen).toBeGreaterThan(200);
  },
  LAW_TIMEOUT_MS,
);
