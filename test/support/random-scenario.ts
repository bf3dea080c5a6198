/** Random small scenarios with wild settings: tiny pools that preempt, ties, bursts, shared prefixes, sessions. */

import fc from "fast-check";
import { stream } from "../../src/core/index.ts";
import type { Stream } from "../../src/core/index.ts";
import { routerPolicies } from "../../src/policies/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { HardwareInputs, Scenario, ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { hardwareFor, MACHINES } from "./hardware.ts";

export type RandomRun = {
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly hardware?: HardwareInputs;
};

/** Cards of each machine, read once. */
const HARDWARE = MACHINES.map(({ model, gpu, backend }) => hardwareFor(model, gpu, backend));

/** Token runs of prompts that share prefixes: each row extends or cuts the path of an earlier one. */
function hashesFor(
  random: Stream,
  inputs: Uint32Array,
  blockSize: number,
): NonNullable<Trace["hashes"]> {
  const paths: number[][] = [];
  const rowStart = new Uint32Array(inputs.length + 1);
  const start: number[] = [];
  const length: number[] = [];
  let ids = 0;
  inputs.forEach((tokens, row) => {
    const whole = Math.floor(tokens / blockSize);
    const hasTail = tokens % blockSize > 0;
    const parent = row > 0 && random.next() < 0.7 ? paths[random.int(row)]! : [];
    const kept = Math.min(parent.length, whole, random.int(parent.length + 1));
    const path = parent.slice(0, kept);
    while (path.length < whole) path.push(ids++);
    paths.push(path.slice());
    // Now and then two rows end in the same partial block.
    if (hasTail) path.push(ids++);
    rowStart[row] = start.length;
    path.forEach((id, i) => {
      if (i > 0 && id === path[i - 1]! + 1) length[length.length - 1]!++;
      else {
        start.push(id);
        length.push(1);
      }
    });
  });
  rowStart[inputs.length] = start.length;
  return {
    rowStart,
    start: Uint32Array.from(start),
    length: Uint32Array.from(length),
    idCount: ids,
  };
}

function sessionsFor(random: Stream, rows: number): NonNullable<Trace["sessions"]> {
  const session = new Int32Array(rows).fill(-1);
  const parent = new Int32Array(rows).fill(-1);
  const delayUs = new Float64Array(rows).fill(NaN);
  const last: number[] = [];
  for (let row = 0; row < rows; row++) {
    const id = random.int(4);
    if (random.next() < 0.5) continue;
    session[row] = id;
    const previous = last[id];
    if (previous !== undefined) {
      parent[row] = previous;
      if (random.next() < 0.7) delayUs[row] = random.int(3) * 40_000;
    }
    last[id] = row;
  }
  return { session, sessionCount: 4, parent, delayUs };
}

/** For how long agents ask to keep their blocks, some of them within runs of decode steps. */
function keepsFor(seed: number, rows: number): Float64Array {
  const random = stream(seed, "keep");
  const keepsUs = [0, 1, 20_000, 300_000, 5_000_000];
  return Float64Array.from({ length: rows }, () => keepsUs[random.int(keepsUs.length)]!);
}

/** Tenants and kinds of requests, most of them of the first. */
function labelsFor(seed: number, rows: number): NonNullable<Trace["labels"]> {
  const random = stream(seed, "labels");
  const codes = (): Uint16Array =>
    Uint16Array.from({ length: rows }, () => Math.max(0, random.int(5) - 2));
  return {
    tenant: { values: ["a", "b", "c"], codes: codes() },
    class: { values: ["chat", "batch", "eval"], codes: codes() },
  };
}

/** Rows that ask for the first worker, which every cluster has, by a pin or by a list. */
function pinsFor(seed: number, rows: number): NonNullable<Trace["pins"]> {
  const random = stream(seed, "pins");
  return {
    any: Int32Array.from({ length: rows }, () => (random.next() < 0.2 ? 0 : -1)),
    allowed: {
      lists: [[], [0]],
      codes: Uint16Array.from({ length: rows }, () => (random.next() < 0.2 ? 1 : 0)),
    },
  };
}

function traceFor(seed: number, shape: Shape): Trace {
  const random = stream(seed, "random-trace");
  const { rows } = shape;
  const arrivalUs = new Float64Array(rows);
  const inputTokens = new Uint32Array(rows);
  const outputTokens = new Uint32Array(rows);
  let now = 0;
  for (let row = 0; row < rows; row++) {
    // Ties and bursts on a coarse grid of time.
    if (random.next() > shape.tieShare) now += random.int(shape.gapUs + 1);
    if (shape.gridUs > 1) now = Math.ceil(now / shape.gridUs) * shape.gridUs;
    arrivalUs[row] = now;
    inputTokens[row] = 1 + random.int(shape.inputMax);
    outputTokens[row] = random.next() < 0.05 ? 0 : 1 + random.int(shape.outputMax);
  }
  return {
    header: {
      v: 1,
      name: `random ${seed}`,
      format: "random",
      blockSize: shape.hashed ? shape.traceBlock : 0,
      partialTail: "included",
      tickUs: 0,
      importLog: [],
      transforms: [],
    },
    rows,
    arrivalUs,
    inputTokens,
    outputTokens,
    ...(shape.hashed ? { hashes: hashesFor(random, inputTokens, shape.traceBlock) } : {}),
    ...(shape.sessions ? { sessions: sessionsFor(random, rows) } : {}),
    hints: { keepUs: keepsFor(seed, rows) },
    labels: labelsFor(seed, rows),
    ...(seed % 5 === 0 ? { pins: pinsFor(seed, rows) } : {}),
  };
}

type Shape = {
  readonly rows: number;
  readonly gapUs: number;
  readonly gridUs: number;
  readonly tieShare: number;
  readonly inputMax: number;
  readonly outputMax: number;
  readonly hashed: boolean;
  readonly traceBlock: number;
  readonly sessions: boolean;
};

const shapes = fc.record({
  rows: fc.integer({ min: 1, max: 60 }),
  gapUs: fc.constantFrom(0, 1, 5_000, 100_000, 1_000_000),
  gridUs: fc.constantFrom(1, 1000, 50_000),
  tieShare: fc.constantFrom(0, 0.3, 0.9),
  inputMax: fc.constantFrom(1, 20, 200, 2_000),
  outputMax: fc.constantFrom(1, 5, 60, 400),
  hashed: fc.boolean(),
  traceBlock: fc.constantFrom(1, 8, 16, 24, 64),
  sessions: fc.boolean(),
});

const stepTimes: fc.Arbitrary<ScenarioInput["engine"]> = fc.oneof(
  fc.record({ type: fc.constant("polynomial" as const), mixed: fc.constantFrom("sum", "fused") }),
  fc.record({
    type: fc.constant("fixed" as const),
    prefill_ms: fc.constantFrom(0.5, 20),
    decode_ms: fc.constantFrom(0.01, 1, 7.3),
  }),
  fc.record({
    type: fc.constant("linear" as const),
    base_us: fc.constantFrom(1, 900.5, 8000),
    prefill_fixed_us: fc.constantFrom(0, 1000),
    token_us: fc.constantFrom(0, 0.37, 40),
    pair_us: fc.constantFrom(0, 0.002),
    decode_request_us: fc.constantFrom(0, 3.3),
    decode_context_us: fc.constantFrom(0, 0.0581, 1.7),
  }),
) as fc.Arbitrary<never>;

const arrivalModes = fc.oneof(
  fc.record({ mode: fc.constant("timestamps" as const), speedup: fc.constantFrom(0.5, 1, 3) }),
  fc.record({ mode: fc.constant("closed" as const), concurrency: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ mode: fc.constant("poisson" as const), rate_per_s: fc.constantFrom(0.5, 20, 400) }),
  fc.record({
    mode: fc.constant("gamma" as const),
    rate_per_s: fc.constantFrom(2, 50),
    shape: fc.constantFrom(0.3, 4),
  }),
);

/** Every router, the plain ones more often. */
const ROUTERS = [
  "round_robin",
  "random",
  "least_loaded",
  "power_of_two",
  "dynamo_kv",
  "dynamo_kv",
  ...routerPolicies.map(({ meta }) => meta.name),
];

const dynamoKnobs = fc.record({
  overlap_score_credit: fc.constantFrom(0, 0.7, 1, 1.5),
  overlap_score_credit_decay: fc.constantFrom(0, 0.5),
  temperature: fc.constantFrom(0, 0, 0.5),
  clamp_adjusted_prefill: fc.constantFrom(0, 1),
  decode_active_request_weight: fc.constantFrom(0, 2),
  track_output_blocks: fc.constantFrom(0, 1),
  prefill_load_model: fc.constantFrom(0, 1),
  active_sequence_stride: fc.constantFrom(1, 1, 4),
  assume_kv_reuse: fc.constantFrom(1, 1, 0),
  lmetric: fc.constantFrom(0, 0, 1),
  shared_cache_multiplier: fc.constantFrom(0, 0, 0.5),
});

/** Policy classes for a router's queue, one of them for a kind of requests that traces have, one for one that they have not. */
const CLASSES = [
  { name: "long", uncached_tokens_min: 150, policy: "wspt" as const },
  { name: "batch", family: "batch", prefill_busy_threshold: 100, request_limit_per_worker: 3 },
  { name: "none", family: "none" },
];

/** Requests that are promised something else: less, more, or nothing at all. */
const SLO_CLASSES = [
  { name: "urgent", class: "chat", tenant: "b", ttft_s: 0.05, tpot_s: null },
  { name: "long", input_tokens_min: 150, ttft_s: 1, e2e_s: 3, attainment: 0.5 },
  { name: "batch", class: "batch", ttft_s: null, tpot_s: null },
];

/** How true the router's view is. */
const views = fc.record({
  metrics_loss: fc.constantFrom(0, 0, 0.3),
  kv_events: fc.constantFrom(true, true, false),
  kv_event_delay_s: fc.constantFrom(0, 0.005, 0.4),
  kv_event_loss: fc.constantFrom(0, 0, 0.2),
  kv_event_recovery_s: fc.constantFrom(0, 0.05, null),
  approximate_ttl_s: fc.constantFrom(0.2, 120),
  approximate_blocks: fc.constantFrom(20, 1 << 20),
  predicted_ttl_s: fc.constantFrom(null, null, 0.5),
  index_blocks: fc.constantFrom(null, null, 30),
  replicas: fc.constantFrom(1, 1, 2, 3),
  replica_sync_s: fc.constantFrom(null, 0, 0.05),
  stale_after_s: fc.constantFrom(null, null, 0.05, 1),
  session_affinity_ttl_s: fc.constantFrom(null, null, 0.3),
  output_hints: fc.boolean(),
  rules: fc.constantFrom(
    [],
    [],
    [{ tenant: "b", allowed_workers: [0] }],
    [{ tenant: "c" }, { class: "batch", allowed_workers: [0] }],
  ),
  busy: fc.constantFrom(
    {},
    {},
    {},
    { active_decode_blocks_threshold: 0.5 },
    { active_prefill_tokens_threshold: 500 },
    { active_prefill_tokens_threshold_frac: 0.3 },
  ),
  queue: fc.oneof(
    { arbitrary: fc.constant({}), weight: 3 },
    {
      arbitrary: fc.record({
        prefill_busy_threshold: fc.constantFrom(null, 0, 300),
        prefill_busy_threshold_frac: fc.constantFrom(0, 0, 0.3, 2),
        busy_worker_ratio: fc.constantFrom(1, 1, 0.4),
        policy: fc.constantFrom("fcfs" as const, "wspt" as const, "lcfs" as const),
        request_limit_per_worker: fc.constantFrom(null, null, 2),
        token_limit_per_worker: fc.constantFrom(null, null, null, 500),
        cached_token_limit_per_worker: fc.constantFrom(null, null, null, 200),
        quantum_tokens: fc.constantFrom(1, 100, 1024),
        fair_by: fc.constantFrom("none" as const, "none" as const, "tenant" as const),
        classes: fc.constantFrom([], [], CLASSES),
        overlap_refresh_s: fc.constantFrom(0, 0.05, 10),
        recheck_s: fc.constantFrom(0.1, 0.007),
        do_not_queue: fc.constantFrom(false, false, false, false, true),
      }),
      weight: 1,
    },
  ),
});

type Engine = { readonly seed: number; readonly scheduler: string };

/** Tokens drafted for each step, by two engines of seven; static batches have none. */
function draftsOf({ seed, scheduler }: Engine): number {
  return scheduler === "static" ? 0 : [0, 0, 0, 0, 0, 1, 4][seed % 7]!;
}

/** Drafts of which none, some or all are accepted. */
function speculationOf(engine: Engine) {
  const num_speculative_tokens = draftsOf(engine);
  if (num_speculative_tokens === 0) return null;
  const acceptance_rates = [0, 0.4, 0.8, 1][engine.seed % 4]!;
  return { kind: "ngram" as const, num_speculative_tokens, acceptance_rates };
}

/** What makes blocks run short: outputs that outgrow the prompts, all at once, in a pool of `pressure` requests. */
function pressed({ shape, pressure }: { readonly shape: Shape; readonly pressure: number | null }) {
  const hard = { ...shape, gapUs: Math.min(shape.gapUs, 5_000), inputMax: 200, outputMax: 400 };
  const poolTokens = Math.ceil((pressure ?? 1) * (hard.inputMax + hard.outputMax));
  const arrivals = { mode: "timestamps" as const, speedup: 3 };
  return { shape: hard, poolTokens, arrivals, workers: 1, maxSeqs: 256 };
}

/** Any scenario, reproducible from the values that fast-check prints when it fails. */
export const randomRuns: fc.Arbitrary<RandomRun> = fc
  .record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    shape: shapes,
    stepTime: stepTimes,
    // One run in three has a model on a GPU, and the `kernels` step times.
    machine: fc.oneof(
      { arbitrary: fc.constant(null), weight: 2 },
      { arbitrary: fc.nat(MACHINES.length - 1), weight: 1 },
    ),
    arrivals: arrivalModes,
    workers: fc.constantFrom(1, 2, 5),
    scheduler: fc.constantFrom(
      ...(["vllm", "vllm", "sglang", "sglang", "tensorrt_llm", "static"] as const),
    ),
    capacity: fc.constantFrom("guaranteed_no_evict" as const, "max_utilization" as const),
    lpm: fc.boolean(),
    mixedChunk: fc.constantFrom(false, false, true),
    conservativeness: fc.constantFrom(0, 0, 0.1, 1, 3),
    chunkBlocks: fc.constantFrom(1, 4, 100, 1000),
    prefillTokens: fc.constantFrom(1, 300, 16_384),
    blockSize: fc.constantFrom(1, 3, 16, 64, 512),
    poolTokens: fc.constantFrom(300, 1_500, 5_000, 100_000),
    // Where it is set, many requests meet a pool that holds so many of the longest ones: blocks run short.
    pressure: fc.constantFrom(null, null, 1.2, 3, 8),
    maxSeqs: fc.constantFrom(1, 3, 16, 256),
    budgetBeyond: fc.constantFrom(0, 5, 300, 8_000),
    caching: fc.boolean(),
    chunked: fc.constantFrom(true, true, true, false),
    mode: fc.constantFrom("lifo" as const, "lifo" as const, "fifo" as const),
    watermark: fc.constantFrom(0, 0, 0.1),
    fullIsl: fc.boolean(),
    modelLen: fc.constantFrom(null, null, 150),
    batchTimeout: fc.constantFrom(0, 0.1),
    policy: fc.constantFrom(...ROUTERS),
    view: views,
    dynamo: dynamoKnobs,
    scraped: fc.constantFrom(0, 1),
    scrapeEvery: fc.constantFrom(0, 0.05, 3),
    warmup: fc.constantFrom(0, 0, 0.35),
    horizon: fc.constantFrom(null, null, 0.777, 5),
    sessionMode: fc.constantFrom("closed" as const, "open" as const),
  })
  .map((drawn) => {
    const r = drawn.pressure === null ? drawn : { ...drawn, ...pressed(drawn) };
    const machine = r.machine === null ? undefined : MACHINES[r.machine];
    const hardware = r.machine === null ? undefined : HARDWARE[r.machine];
    const scenario = scenarioSchema.parse({
      seed: r.seed,
      model: machine?.model ?? null,
      gpu: machine?.gpu ?? null,
      cluster: { workers: r.workers, parallelism: machine?.parallelism ?? {} },
      engine: {
        scheduler: r.scheduler,
        block_size: r.blockSize,
        num_gpu_blocks: Math.max(2, Math.ceil(r.poolTokens / r.blockSize)),
        max_num_seqs: r.maxSeqs,
        max_num_batched_tokens: Math.max(
          r.maxSeqs * (1 + draftsOf(r)) + r.budgetBeyond,
          r.scheduler === "tensorrt_llm" ? r.blockSize : 0,
        ),
        speculation: speculationOf(r),
        capacity_scheduler_policy: r.capacity,
        schedule_policy: r.lpm ? "lpm" : "fcfs",
        enable_mixed_chunk: r.mixedChunk,
        schedule_conservativeness: r.conservativeness,
        chunked_prefill_size: r.chunkBlocks * r.blockSize,
        max_prefill_tokens: r.prefillTokens,
        max_model_len: r.modelLen,
        enable_prefix_caching: r.caching,
        kv_retention_hints: r.seed % 2 === 0,
        enable_chunked_prefill: r.chunked,
        preemption_mode: r.mode,
        watermark: r.scheduler === "vllm" || r.scheduler === "static" ? r.watermark : 0,
        scheduler_reserve_full_isl: r.fullIsl,
        batch_timeout_s: r.batchTimeout,
        backend: machine?.backend ?? "vllm",
        step_time: machine === undefined ? r.stepTime : { type: "kernels" },
      },
      traffic: {
        arrivals: r.arrivals,
        sessions: r.sessionMode,
        warmup_s: r.warmup,
        horizon_s: r.horizon,
      },
      router: {
        policy: r.policy,
        knobs:
          r.policy === "least_loaded"
            ? { scraped: r.scraped }
            : r.policy === "dynamo_kv"
              ? r.dynamo
              : {},
        metrics_interval_s: r.scrapeEvery,
        ...r.view,
        // Who waits at the router presses on no memory.
        ...(r.pressure === null || r.seed % 4 === 0 ? {} : { queue: {} }),
      },
      slo: { ttft_s: 0.2, tpot_s: 0.03, classes: r.seed % 3 === 0 ? SLO_CLASSES : [] },
    });
    const trace = traceFor(r.seed, r.shape);
    return { scenario, trace, ...(hardware === undefined ? {} : { hardware }) };
  });
