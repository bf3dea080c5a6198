/** Energy: exact sums against a walk over every pass, physical bounds, money. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findGpu, kernelsStepTime, PRICE_TIERS, StepPower } from "../../src/hardware/index.ts";
import type { DecodeEnergy, PowerRegimes } from "../../src/hardware/index.ts";
import type { Report, ScenarioInput } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { deck } from "../hardware/kernels-support.ts";
import { hardwareFor, hardwareOf, MACHINES } from "../support/hardware.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

const W: PowerRegimes = { idleW: 100, computeW: 700, weightStreamW: 500, attentionDecodeW: 300 };
/** A deck whose one GPU draws round numbers, in a node of eight that draws 800 W besides. */
const plainHardware = (() => {
  const gpu = { ...valueOf(findGpu(deck, "h100-sxm")), power: W };
  const node = { ...deck.nodes.find(({ id }) => id === gpu.node)!, hostW: 800 };
  return { deck: { gpus: [gpu], nodes: [node], links: [], llms: [] } };
})();

/** Steps of 10 ms with a prompt, 1 ms without, on that GPU. */
function run(more: ScenarioInput = {}, engine: ScenarioInput["engine"] = {}): Report {
  const scenario = scenarioOf(engine, { gpu: "h100-sxm", ...more });
  const trace = traceOf([
    { at: 0, input: 100, output: 11 },
    { at: 100_000, input: 100, output: 11 },
  ]);
  return simulate({ scenario, trace, hardware: plainHardware }).report;
}

describe("by hand", () => {
  // Two requests of 10 ms + 10 × 1 ms, 100 ms apart: 120 ms, of them 20 ms prompts, 20 ms decode, 80 ms idle.
  const gpuJ = 0.02 * 700 + 0.02 * 500 + 0.08 * 100;
  const hostJ = 0.12 * 100;

  test("time at the power of its kind, idle and host for the rest", () => {
    const { energy, workers, simS } = run();
    expect(simS).toBe(0.12);
    expect(energy!.gpuKwh * 3.6e6).toBeCloseTo(gpuJ, 9);
    expect(energy!.gpuIdleKwh * 3.6e6).toBeCloseTo(8, 9);
    expect(energy!.hostKwh * 3.6e6).toBeCloseTo(hostJ, 9);
    expect(energy!.joulesPerOutputToken).toBeCloseTo((gpuJ + hostJ) / 22, 9);
    expect(energy!.joulesPerRequest).toBeCloseTo((gpuJ + hostJ) / 2, 9);
    expect(workers[0]!.gpuPowerMeanW).toBeCloseTo(gpuJ / 0.12, 9);
    expect(workers[0]!.gpuPowerPeakW).toBe(700);
  });

  test("what grows with context is attention: 100 µs of base and 1 µs a token", () => {
    const step_time = { type: "linear", base_us: 100, token_us: 0, decode_context_us: 1 } as const;
    const { energy } = run({}, { step_time });
    // Contexts 101 … 110 of both requests; their prompts take 100 µs.
    const decodeUj = 2 * (10 * 100 * 500 + 1055 * 300);
    const busyUs = 2 * (100 + 10 * 100 + 1055);
    const simUs = 100_000 + busyUs / 2;
    const gpu = 2 * 100 * 700 + decodeUj + (simUs - busyUs) * 100;
    expect(energy!.gpuKwh * 3.6e12).toBeCloseTo(gpu, 3);
  });

  test("the series has what was taken up to each sample, passes in progress included", () => {
    const scenario = scenarioOf({}, { gpu: "h100-sxm", cost: { pue: 1.5 } });
    const trace = traceOf([
      { at: 0, input: 100, output: 11 },
      { at: 100_000, input: 100, output: 11 },
    ]);
    const inputs = { scenario, trace, hardware: plainHardware };
    const { series } = simulate(inputs, { seriesIntervalUs: 2500 });
    const watts = [...series!.energyJ!].map((joules, i, all) =>
      i === 0 ? joules : (joules - all[i - 1]!) / 0.0025,
    );
    // Four intervals of the prompt's 10 ms, four of the decodes', 80 ms without work, and the same again.
    const one = [700, 700, 700, 700, 500, 500, 500, 500].map((gpuW) => 1.5 * (gpuW + 100));
    const idle = Array.from({ length: 32 }, () => 1.5 * (100 + 100));
    expect(watts.length).toBe(49);
    for (const [i, expected] of [0, ...one, ...idle, ...one].entries()) {
      expect(watts[i]).toBeCloseTo(expected, 6);
    }
    expect(series!.energyJ!.at(-1)).toBeCloseTo(1.5 * (gpuJ + hostJ), 9);
  });

  test("electricity and the facility's overhead are in the cost where they have a price", () => {
    const cost = { usd_per_gpu_hour: 36, usd_per_kwh: 3.6e6, pue: 1.5 };
    const report = run({ cost });
    const facility = (gpuJ + hostJ) * 1.5;
    expect(report.energy!.facilityKwh * 3.6e6).toBeCloseTo(facility, 9);
    expect(report.cost!.electricityUsd).toBeCloseTo(facility, 9);
    const total = facility + (36 * 0.12) / 3600;
    expect(report.cost!.totalUsd).toBeCloseTo(total, 9);
    expect(report.cost!.usdPerMillionOutputTokens).toBeCloseTo((total * 1e6) / 22, 3);
    expect(report.cost!.usdPerMillionInputTokens).toBeCloseTo((total * 1e6) / 200, 3);
    expect(report.cost!.usdPerMillionTokens).toBeCloseTo((total * 1e6) / 222, 3);
    expect(run({ cost: { usd_per_gpu_hour: 36 } }).cost!.electricityUsd).toBeNull();
  });

  test("every kind of provider that the card has a price of has a cost, whatever was chosen", () => {
    const report = run({ cost: { tier: "rental3y", usd_per_kwh: 3.6e6 } });
    const { costByTier, cost, engine, gpuHours } = report;
    expect(costByTier.map(({ tier }) => tier)).toEqual(PRICE_TIERS);
    for (const { tier, totalUsd, date } of costByTier) {
      const price = engine.price!.card.find((one) => one.tier === tier)!;
      expect(totalUsd).toBeCloseTo(cost!.electricityUsd! + price.usdPerGpuHour * gpuHours, 12);
      expect(date).toBe(price.date);
    }
    const { tier, date: _, ...same } = costByTier[2]!;
    expect({ tier, ...same, electricityUsd: cost!.electricityUsd }).toEqual({
      tier: "rental3y",
      ...cost,
    });
    expect(run({ cost: { usd_per_gpu_hour: 36 } }).costByTier.length).toBe(3);
  });

  test("without a GPU card there is no energy, and no digest depends on it", () => {
    const trace = traceOf([{ at: 0, input: 100, output: 11 }]);
    const bare = runBoth({ scenario: scenarioOf({}), trace }).report;
    expect(bare.energy).toBeNull();
    const { series } = simulate({ scenario: scenarioOf({}), trace }, { seriesIntervalUs: 1000 });
    expect(series!.energyJ).toBeUndefined();
    expect(bare.workers[0]).toMatchObject({ gpuPowerMeanW: null, gpuPowerPeakW: null });
    const scenario = scenarioOf({}, { gpu: "h100-sxm" });
    const metered = simulate({ scenario, trace, hardware: plainHardware }).report;
    expect(metered.digest).toBe(bare.digest);
  });
});

test("both modes meter the same, between idle and the power cap, on random scenarios", () => {
  let metered = 0;
  let ended = 0;
  fc.assert(
    fc.property(randomRuns, (random) => {
      const options = { seriesIntervalUs: 50_000 };
      const { report: fast, series } = simulate(random, options);
      const { report: steps, ...visited } = simulate(random, { ...options, stepByStep: true });
      expect(visited.series!.energyJ).toEqual(series!.energyJ);
      expect(steps.energy).toEqual(fast.energy);
      expect(steps.workers).toEqual(fast.workers);
      if (fast.energy === null) return;
      metered++;
      const idleFirstS = series!.timeUs.at(-1)! / 1e6 - fast.simS;
      if (fast.stopped === null && idleFirstS === 0) {
        ended++;
        expect(series!.energyJ!.at(-1)! / (fast.energy.facilityKwh * 3.6e6)).toBeCloseTo(1, 9);
      }
      const gpu = valueOf(findGpu(deck, fast.engine.gpu!));
      const { idleW, computeW, weightStreamW } = gpu.power;
      const most = Math.max(computeW, weightStreamW) * fast.engine.gpusPerWorker;
      for (const worker of fast.workers) {
        expect(worker.gpuPowerPeakW!).toBeLessThanOrEqual(most * (1 + 1e-9));
        // Passes are counted in whole microseconds, their energy is not.
        expect(worker.gpuPowerMeanW!).toBeLessThanOrEqual(most * 1.001);
        const idleShare = fast.simS === 0 ? 1 : 0.999;
        expect(worker.gpuPowerMeanW!).toBeGreaterThanOrEqual(
          idleShare * idleW * fast.engine.gpusPerWorker,
        );
      }
    }),
    { numRuns: 150 },
  );
  expect(metered).toBeGreaterThan(10);
  expect(ended).toBeGreaterThan(3);
}, 120_000);

test.each(MACHINES)(
  "the kernels of $model on $gpu never work longer than the step lasts",
  (machine) => {
    const { params, timing } = hardwareOf(machine.gpu, machine.backend);
    const one = hardwareFor(machine.model, machine.gpu, machine.backend).deck;
    const layouts = { tensor: 1, pipeline: 1, expert: 1, data: 1, ...machine.parallelism };
    const { tensor: tp, pipeline: pp, expert: ep, data: dp } = layouts;
    const gpu = one.gpus[0]!;
    const model = valueOf(
      kernelsStepTime({
        model: one.llms[0]!.card,
        gpu,
        ...(one.nodes[0] === undefined ? {} : { node: one.nodes[0] }),
        params,
        timing,
        layout: { tp, pp, ep, dp },
      }),
    );
    const work = { computeUs: 0, streamUs: 0, attentionUs: 0, attentionUsPerToken: 0 };
    const power = new StepPower(model, gpu.power);
    const energy: DecodeEnergy = { e0: 0, e1: 0, e2: 0 };
    const amount = fc.record({
      prompts: fc.integer({ min: 1, max: 32 }),
      length: fc.integer({ min: 1, max: 8192 }),
      past: fc.integer({ min: 0, max: 50_000 }),
      decodes: fc.integer({ min: 0, max: 600 }),
      context: fc.integer({ min: 1, max: 100_000 }),
    });
    fc.assert(
      fc.property(amount, ({ prompts, length, past, decodes, context }) => {
        const shape = {
          prefillRequests: prompts,
          prefillTokens: prompts * length,
          prefillPastTokens: prompts * past,
          prefillPairs: prompts * length * (past + length / 2),
          decodeRequests: decodes,
          decodeContextTokens: decodes * context,
        };
        const us = model.stepUs(shape);
        model.work(shape, work);
        for (const part of [work.computeUs, work.streamUs, work.attentionUs]) {
          expect(part).toBeGreaterThanOrEqual(0);
        }
        const busyUs = work.computeUs + work.streamUs + work.attentionUs;
        expect(busyUs).toBeLessThanOrEqual(us * (1 + 1e-9));
        const watts = power.mixedWattUs(shape, us) / us;
        expect(watts).toBeGreaterThanOrEqual(gpu.power.idleW * (1 - 1e-9));
        expect(watts).toBeLessThanOrEqual(gpu.tdpW * (1 + 1e-9));
        if (decodes === 0) return;
        const decodeOnly = { ...shape, prefillRequests: 0, prefillTokens: 0, prefillPairs: 0 };
        const decodeUs = model.stepUs(decodeOnly);
        const total = decodes * context;
        power.decodeRun(decodes, total, energy);
        const decodeWatts = (energy.e0 + energy.e1 * total + energy.e2 * total * total) / decodeUs;
        expect(decodeWatts).toBeGreaterThanOrEqual(gpu.power.idleW * (1 - 1e-9));
        expect(decodeWatts).toBeLessThanOrEqual(gpu.tdpW * (1 + 1e-9));
        // A step in which prompts only land, computed elsewhere, takes what a decode step does.
        const landing = power.mixedWattUs(decodeOnly, decodeUs) / decodeUs;
        expect(landing).toBeCloseTo(decodeWatts, 6);
      }),
      { numRuns: 200 },
    );
  },
);
