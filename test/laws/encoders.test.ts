/** Encoder workers of their own: both modes agree, nothing is lost or comes early, and queues are those of a naive model. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { encoderPassUs, findGpu, findModel } from "../../src/hardware/index.ts";
import { parseScenario, REQUEST_COMPLETED } from "../../src/sim/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { hardwareOf } from "../support/hardware.ts";
import { simulate } from "../support/simulate.ts";
import { traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

const MODEL = "llama-4-scout";
const GPU = "b200";
const hardware = hardwareOf(GPU);
const IMAGE_TOKENS = 200;
const { card } = valueOf(findModel(hardware.deck, MODEL));
const IMAGE_BYTES = IMAGE_TOKENS * card.hidden * 2;

type EncoderInput = NonNullable<NonNullable<ScenarioInput["cluster"]>["encoders"]>;
type FaultInput = NonNullable<NonNullable<ScenarioInput["faults"]>["events"]>[number];

const rows: fc.Arbitrary<Row[]> = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 0, 0, 1_000, 20_000, 300_000),
      input: fc.integer({ min: 1, max: 1_500 }),
      output: fc.integer({ min: 1, max: 40 }),
      first: fc.nat(3),
    }),
    { minLength: 1, maxLength: 40, size: "max" },
  )
  .map((drawn) => {
    let at = 0;
    return drawn.map(({ gap, input, output, first }) => {
      at += gap;
      const length = Math.ceil(input / 16);
      return { at, input, output, ids: Array.from({ length }, (_, i) => 1000 * first + i) };
    });
  });

const encoders: fc.Arbitrary<EncoderInput> = fc.record({
  workers: fc.integer({ min: 1, max: 3 }),
  tensor: fc.constantFrom(1, 2),
  max_images: fc.constantFrom(1, 4),
  cache_tokens: fc.constantFrom(0, 500, 5_000),
  choice: fc.constantFrom("least_loaded" as const, "by_image" as const),
  bandwidth_gb_per_s: fc.constantFrom(0.02, 50),
});

const images = fc.record({
  share: fc.constantFrom(0.5, 1),
  per_request: fc.integer({ min: 1, max: 4 }),
  distinct: fc.constantFrom(null, 5),
  patches: fc.constantFrom(null, 6_000),
});

const TENSOR = { tensor: 4 };
const clusters = fc.record({
  pools: fc.constantFrom<NonNullable<NonNullable<ScenarioInput["cluster"]>["pools"]>>(
    [],
    [
      { name: "prompts", role: "prefill", workers: 2 },
      { name: "answers", role: "decode", workers: 2 },
    ],
    [{ name: "all", workers: 3 }],
  ),
  fabric: fc.constantFrom(null, {}),
});

const faults: fc.Arbitrary<FaultInput[]> = fc.array(
  fc
    .record({
      at_s: fc.constantFrom(0, 0.002, 0.01, 0.02, 0.03, 0.05),
      kind: fc.constantFrom("crash" as const, "kill" as const),
      pool: fc.constantFrom("encoders", "encoders", undefined),
      worker: fc.constant(0),
      for_s: fc.constantFrom(0.01, 0.4),
    })
    .map(({ pool, ...event }) => (pool === undefined ? event : { ...event, pool })),
  { maxLength: 4 },
);

const randomRuns = fc.record({
  rows,
  encoders,
  images,
  cluster: clusters,
  faults,
  crashes: fc.constantFrom(0, 0, 2_000),
  migrations: fc.constantFrom(0, 3),
  patience: fc.constantFrom(null, null, 0.05, 0.6),
  retries: fc.constantFrom(0, 2),
  blocks: fc.constantFrom(120, 2_000),
  horizon: fc.constantFrom(null, null, null, 0.05),
});

type Drawn = typeof randomRuns extends fc.Arbitrary<infer T> ? T : never;

function scenarioOf(drawn: Drawn): Scenario {
  return valueOf(
    parseScenario({
      model: MODEL,
      gpu: GPU,
      cluster: { ...drawn.cluster, parallelism: TENSOR, encoders: drawn.encoders },
      engine: { num_gpu_blocks: drawn.blocks, max_num_seqs: 8 },
      traffic: { images: { tokens: IMAGE_TOKENS, ...drawn.images }, horizon_s: drawn.horizon },
      clients: {
        timeout_s: drawn.patience,
        retry: { max: drawn.retries, base_s: 0.02 },
      },
      faults: {
        events: drawn.faults,
        rates: { crash_per_hour: drawn.crashes },
        migration_limit: drawn.migrations,
        restart_s: 0.2,
        detection_s: 0.05,
      },
    }),
  );
}

test(
  "modes agree, requests and images add up, whatever breaks",
  () => {
    const reached = { deaths: 0, missed: 0, moved: 0, transfers: 0, spared: 0, cut: 0, fabric: 0 };
    fc.assert(
      fc.property(randomRuns, (drawn) => {
        const inputs = { scenario: scenarioOf(drawn), trace: traceOf(drawn.rows, 16), hardware };
        const fast = simulate(inputs, { requests: true, auditEvery: 1 });
        const steps = simulate(inputs, { requests: true, stepByStep: true });
        const { report } = fast;
        expect(steps.report.digest).toBe(report.digest);
        expect(steps.requests).toEqual(fast.requests);
        expect(steps.report.encoders).toEqual(report.encoders);
        const { offered, completed, rejected, failed, cancelled, unfinished } = report.requests;
        expect(completed + rejected + failed + cancelled + unfinished).toBe(offered);
        if (report.stopped === null) expect(unfinished).toBe(0);
        const did = report.encoders!;
        expect(did.requests).toBeGreaterThanOrEqual(did.transfers);
        expect(did.bytes % IMAGE_BYTES).toBe(0);
        const isCalm = drawn.faults.length + drawn.crashes === 0 && drawn.patience === null;
        if (isCalm && report.stopped === null && report.kv.preemptions === 0) {
          // Every image is encoded once, in front, and moves once.
          expect(did.transfers).toBe(did.requests);
          expect(did.bytes).toBe(did.images * IMAGE_BYTES);
          expect(report.images!.encoded + report.images!.spared).toBe(did.images);
          expect([did.missed, did.moved, did.deaths]).toEqual([0, 0, 0]);
        }
        reached.deaths += did.deaths;
        reached.missed += did.missed;
        reached.moved += did.moved;
        reached.transfers += did.transfers;
        reached.spared += report.images!.spared;
        if (report.stopped !== null) reached.cut++;
        if (report.network !== null && did.bytes > 0) reached.fabric++;
      }),
      lawRuns(400),
    );
    expect(Math.min(...Object.values(reached)), JSON.stringify(reached)).toBeGreaterThan(10);
  },
  LAW_TIMEOUT_MS,
);

test(
  "queues and embeddings take as long as in a naive model",
  () => {
    fc.assert(
      fc.property(
        rows,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        (arrivals, workers, perRequest) => {
          const scenario = valueOf(
            parseScenario({
              model: MODEL,
              gpu: GPU,
              cluster: {
                parallelism: TENSOR,
                encoders: { workers, bandwidth_gb_per_s: 10, setup_us: 50 },
              },
              // Without what lies between the worker and its queue.
              engine: { ingest_us_per_token: 0, async_scheduling: false },
              traffic: { images: { tokens: IMAGE_TOKENS, per_request: perRequest } },
            }),
          );
          const trace = traceOf(arrivals);
          const { report, requests } = simulate({ scenario, trace, hardware }, { requests: true });
          const naive = naiveArrivals(arrivals, workers, perRequest);
          const sum = naive.reduce((total, { stageUs }) => total + stageUs, 0);
          const seen = naive.filter(({ images: count }) => count > 0);
          expect(report.encoders!.requests).toBe(seen.length);
          if (seen.length > 0) {
            expect(report.encoders!.stageMs.mean! * 1e3 * seen.length).toBeCloseTo(sum, 3);
          }
          naive.forEach(({ readyUs }, i) => {
            expect(requests!.status[i]).toBe(REQUEST_COMPLETED);
            expect(requests!.admittedUs[i]).toBeGreaterThanOrEqual(readyUs);
          });
          // Alone, a request is taken in when its embeddings are there.
          if (arrivals.length === 1) expect(requests!.admittedUs[0]).toBe(naive[0]!.readyUs);
        },
      ),
      lawRuns(100),
    );
  },
  LAW_TIMEOUT_MS,
);

type Naive = { readonly images: number; readonly stageUs: number; readonly readyUs: number };

/** Each request to the encoder worker with the fewest images before it, first come first served. */
function naiveArrivals(arrivals: readonly Row[], workers: number, perRequest: number): Naive[] {
  const gpu = valueOf(findGpu(hardware.deck, GPU));
  const costs = {
    bf16FlopPerUs: hardware.params.rates.bf16FlopPerS / 1e6,
    ranks: 1,
    launchUs: hardware.timing.launchUs,
    throttle: hardware.params.throttle,
  };
  expect(gpu.calibration).toBe(hardware.params.kernels);
  const jobs = Array.from({ length: workers }, () => [] as { endUs: number; images: number }[]);
  return arrivals.map(({ at, input }) => {
    const count = Math.min(perRequest, Math.floor((input - 1) / IMAGE_TOKENS));
    if (count === 0) return { images: 0, stageUs: 0, readyUs: at };
    // What ends at this instant is gone.
    const waiting = jobs.map((list) =>
      list.filter(({ endUs }) => endUs > at).reduce((sum, job) => sum + job.images, 0),
    );
    const list = jobs[waiting.indexOf(Math.min(...waiting))]!;
    const passUs = Math.round(encoderPassUs(costs, card.encoder!, count, 4 * IMAGE_TOKENS));
    const endUs = Math.max(at, list.at(-1)?.endUs ?? 0) + passUs;
    list.push({ endUs, images: count });
    const transferUs = 50 + (count * IMAGE_BYTES) / 10_000;
    return { images: count, stageUs: endUs - at, readyUs: Math.ceil(endUs + transferUs) };
  });
}
