/** A small made-up result, and a terminal that remembers. */

import { parseScenario } from "../../src/sim/index.ts";
import type {
  EngineFacts,
  LatencySummary,
  Report,
  RequestColumns,
  Scenario,
  SeriesColumns,
  SimulationResult,
  SliceColumns,
} from "../../src/sim/index.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export function scenarioOf(document: unknown): Scenario {
  const parsed = parseScenario(document);
  if (!parsed.ok) throw new Error(parsed.problem.what);
  return parsed.value;
}

function latency(scale: number): LatencySummary {
  return {
    mean: 12.5 * scale,
    p50: 10 * scale,
    p90: 20 * scale,
    p95: 25 * scale,
    p99: 40 * scale,
    p999: 60 * scale,
    max: 80 * scale,
  };
}

/** Of a scenario without model and GPU. */
const ENGINE: EngineFacts = {
  stepTime: "polynomial",
  calibration: null,
  calibrationSystem: null,
  calibrationFiles: [],
  model: null,
  gpu: null,
  backend: "vllm",
  timingVersion: null,
  clientPathMs: 0,
  dtype: null,
  kvCacheDtype: null,
  parallelism: { tensor: 1, pipeline: 1, expert: 1, data: 1 },
  gpusPerWorker: 1,
  kvBlocksPerWorker: 16_384,
  kvTokensPerWorker: 262_144,
  kvBlocksFrom: "default",
  gpuMemory: null,
  speculation: null,
  maxNumSeqs: 256,
  maxNumBatchedTokens: 8192,
  price: null,
};

const WORKER = {
  completed: 500,
  steps: 20_000,
  preemptions: 0,
  gpuPowerMeanW: null,
  gpuPowerPeakW: null,
};

function parts(decode: number) {
  return { path: 0, queue: 2, onboard: 0, prefill: 8, transfer: 0, preemption: 0, decode };
}

export function reportOf(changes: Partial<Report> = {}): Report {
  return {
    schema: "headworks.report.v1",
    digest: "00112233445566778899aabbccddeeff",
    seed: 1,
    scenario: scenarioOf({ name: "made up", trace: "small.jsonl", cluster: { workers: 2 } }),
    engine: ENGINE,
    versions: { headworks: "0.1.0" },
    wallS: 0.125,
    simS: 250,
    events: 12_345,
    requests: {
      offered: 1000,
      completed: 1000,
      rejected: 0,
      failed: 0,
      cancelled: 0,
      unfinished: 0,
      measured: 1000,
    },
    rejections: [],
    latency: {
      ttftMs: latency(10),
      serverTtftMs: latency(10),
      tpotMs: latency(1),
      itlMs: latency(1.5),
      e2eMs: latency(500),
      queueMs: latency(2),
    },
    breakdown: {
      ttft: { requests: 1000, meanMs: parts(0), groups: [] },
      e2e: { requests: 1000, meanMs: parts(490), groups: [] },
    },
    quantileError: { latency: 0, itl: 0.001 },
    throughput: {
      requestsPerS: 4,
      inputTokensPerS: 48_123.4,
      outputTokensPerS: 1372,
      outputTokensPerSPerGpu: 686,
    },
    tokens: { input: 12_030_850, output: 343_000, cached: 4_000_000, recomputed: 0 },
    kv: {
      hitRate: 0.3325,
      blocksPerWorker: 16_384,
      usageMean: 0.21,
      usagePeak: 0.64,
      evictedBlocks: 123,
      preemptions: 0,
    },
    adapters: null,
    images: null,
    batch: { steps: 40_000, mixedSteps: 3000, meanSize: 8.5, busyShare: 0.62 },
    slo: {
      targets: {},
      goodputPerS: null,
      attainment: null,
      attainmentMin: 0.99,
      classes: null,
      tenants: null,
    },
    gpuHours: 0.1389,
    energy: null,
    cost: null,
    costByTier: [],
    tasks: null,
    encoders: null,
    admission: null,
    ownRouter: null,
    workers: [
      { ...WORKER, worker: 0, busyS: 150, kvBlocksPeak: 9000 },
      { ...WORKER, worker: 1, busyS: 160, kvBlocksPeak: 10_500 },
    ],
    pools: [],
    disagg: null,
    faults: null,
    network: null,
    stopped: null,
    warnings: [],
    ...changes,
  };
}

/** Four requests: three completed, one rejected. */
export function requestsOf(): RequestColumns {
  return {
    rows: 4,
    row: Uint32Array.of(0, 1, 2, 3),
    arrivalUs: Float64Array.of(0, 1000, 2000, 3000),
    admittedUs: Float64Array.of(0, 1500, 2000, Number.NaN),
    firstTokenUs: Float64Array.of(20_000, 31_500, 52_000, Number.NaN),
    finishUs: Float64Array.of(120_000, 31_500, 1_052_000, Number.NaN),
    inputTokens: Uint32Array.of(100, 200, 300, 400),
    outputTokens: Uint32Array.of(11, 1, 101, 5),
    cachedTokens: Uint32Array.of(0, 64, 128, 0),
    preemptions: Uint32Array.of(0, 0, 1, 0),
    worker: Int32Array.of(0, 1, 0, -1),
    status: Uint8Array.of(0, 0, 0, 1),
  };
}

export function seriesOf(rows = 5): SeriesColumns {
  const column = (of: (i: number) => number): Float64Array =>
    Float64Array.from({ length: rows }, (_, i) => of(i));
  return {
    rows,
    timeUs: column((i) => i * 1e6),
    queued: column((i) => i % 3),
    running: column((i) => 4 + (i % 2)),
    kvBlocksUsed: column((i) => 1000 + 100 * i),
    kvBlocksCached: column((i) => 50 * i),
    arrivals: column((i) => 4 * i),
    completions: column((i) => 3 * i),
    outputTokens: column((i) => 500 * i),
    prefillTokens: column((i) => 8000 * i),
    admittedTokens: column((i) => 10_000 * i),
    cachedTokens: column((i) => 2000 * i),
    preemptions: column(() => 0),
  };
}

export function slicesOf(): SliceColumns {
  return {
    rows: 2,
    worker: Int32Array.of(0, 3),
    startUs: Float64Array.of(0, 20_000),
    endUs: Float64Array.of(20_000, 120_000),
    kind: Uint8Array.of(0, 1),
    steps: Float64Array.of(1, 10),
    prefillTokens: Float64Array.of(100, 0),
    prefillRequests: Uint32Array.of(1, 0),
    decodeRequests: Uint32Array.of(0, 1),
    truncated: false,
  };
}

/** Gaps of 5 to 50 ms between 1,000 tokens. */
export const GAPS: SimulationResult["gaps"] = {
  upperUs: Float64Array.of(5_000, 6_000, 7_000, 50_000),
  tokens: Float64Array.of(400, 500, 90, 10),
};

export function resultOf(changes: Partial<Report> = {}): SimulationResult {
  return {
    report: reportOf(changes),
    gaps: GAPS,
    requests: requestsOf(),
    series: seriesOf(),
    slices: slicesOf(),
  };
}

export type RecordingTerminal = Terminal & {
  readonly stdout: () => string;
  readonly stderr: () => string;
};

export function recordingTerminal(): RecordingTerminal {
  let stdout = "";
  let stderr = "";
  return {
    out: (text) => {
      stdout += text;
    },
    note: (text) => {
      stderr += text;
    },
    colour: { out: false, note: false },
    live: false,
    columns: 100,
    stdout: () => stdout,
    stderr: () => stderr,
  };
}
