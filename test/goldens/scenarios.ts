/**
 * The golden scenarios: one or two for each feature of the engine, small, with traces generated here. They run in Node
 * and in a browser, in both modes of the engine; test/goldens/*.txt holds what they must give.
 */

import { stream } from "../../src/core/index.ts";
import type { ProfileTable } from "../../src/hardware/index.ts";
import type { Scenario, ScenarioInput, SimulationInputs } from "../../src/sim/index.ts";
import type { RowSource, Trace } from "../../src/trace/index.ts";
import { scenarioOf, traceOf } from "../support/small-scenarios.ts";
import type { Row } from "../support/small-scenarios.ts";
import { randomGraph } from "../support/random-graph.ts";
import { SMALL_DECK } from "../support/small-deck.ts";
import { stormyCluster } from "./cluster-goldens.ts";

export type Golden = {
  readonly name: string;
  /** What the scenario is there to watch. */
  readonly about: string;
  /** Made anew for each run: a generator is read once. */
  readonly inputs: () => SimulationInputs;
};

const S = 1e6;

type Mix = {
  readonly rows: number;
  readonly perS: number;
  readonly inputMedian: number;
  readonly inputSigma?: number;
  readonly outputMedian: number;
  readonly outputSigma?: number;
};

/** Poisson arrivals with lognormal lengths, without ids. */
function mixed(name: string, mix: Mix): Trace {
  const random = stream(20261120, `golden/${name}`);
  let at = 0;
  return traceOf(
    Array.from({ length: mix.rows }, () => {
      at += random.exponential(S / mix.perS);
      return {
        at: Math.round(at),
        input: length(random.lognormal(0, mix.inputSigma ?? 1) * mix.inputMedian),
        output: length(random.lognormal(0, mix.outputSigma ?? 0.8) * mix.outputMedian),
      };
    }),
  );
}

function length(tokens: number): number {
  return Math.max(1, Math.round(tokens));
}

/** Conversations under a common system prompt; each turn's prompt holds all turns before it. */
function conversations(name: string, options: Conversations): Trace {
  const random = stream(20261120, `golden/${name}`);
  const { blockSize, turnTokens } = options;
  const system = Array.from({ length: options.systemBlocks }, (_, i) => i);
  let fresh = options.systemBlocks;
  let at = 0;
  const open: { row: number; path: number[] }[] = [];
  const rows: Row[] = [];
  for (let row = 0; row < options.rows; row++) {
    at += Math.round(random.exponential(S / options.perS));
    const goesOn = open.length > 0 && random.next() < 0.7;
    const talk = goesOn ? open[random.int(open.length)]! : { row: -1, path: system.slice() };
    const input = talk.path.length * blockSize + length(random.lognormal(0, 0.7) * turnTokens);
    const ids = talk.path.slice();
    while (ids.length * blockSize < input) ids.push(fresh++);
    const output = length(random.lognormal(0, 0.6) * options.outputMedian);
    const follows = options.sessions === true && talk.row >= 0;
    const delayUs = Math.round(random.exponential(2 * S));
    const isTold = random.next() < 0.8;
    rows.push({
      at,
      input,
      output,
      ids,
      ...(follows ? { parent: talk.row } : {}),
      ...(follows && isTold ? { delayUs } : {}),
    });
    const path = ids.slice(0, Math.floor(input / blockSize));
    if (goesOn) Object.assign(talk, { row, path });
    else open.push({ row, path });
    if (open.length > 12) open.shift();
  }
  return traceOf(rows, blockSize);
}

type Conversations = {
  readonly rows: number;
  readonly perS: number;
  readonly blockSize: number;
  readonly systemBlocks: number;
  readonly turnTokens: number;
  readonly outputMedian: number;
  readonly sessions?: boolean;
};

/** Agents' calls that wait for calls; their prompts share a beginning, and half of them say that more will come. */
function agents(name: string): Trace {
  const random = stream(20261120, `golden/${name}`);
  const shape = randomGraph(20261120, 300, false);
  const own: number[][] = Array.from({ length: shape.graph!.taskCount }, () => [0, 1, 2, 3]);
  let fresh = 4;
  const rows = Array.from({ length: shape.rows }, (_, row): Row => {
    const path = own[shape.graph!.task[row]!]!;
    const input = path.length * 16 + length(random.lognormal(0, 0.7) * 150);
    while (path.length * 16 < input) path.push(fresh++);
    const ids = path.slice();
    // The last block is not full: the next call has another one in its place.
    if (input % 16 > 0) path.pop();
    return { at: shape.arrivalUs[row]!, input, output: length(random.lognormal(0, 0.6) * 60), ids };
  });
  const keepUs = Float64Array.from({ length: shape.rows }, () => (random.next() < 0.5 ? 3 * S : 0));
  return { ...traceOf(rows, 16), graph: shape.graph!, hints: { keepUs } };
}

/** Requests of two tenants and two classes, some of them urgent. */
function tenants(name: string, mix: Mix): Trace {
  const trace = mixed(name, mix);
  const random = stream(20261120, `golden/${name}/labels`);
  const draw = (share: number) =>
    Uint16Array.from({ length: trace.rows }, () => (random.next() < share ? 1 : 0));
  const labels = {
    tenant: { values: ["large", "small"], codes: draw(0.2) },
    class: { values: ["chat", "batch"], codes: draw(0.4) },
  };
  const priority = Int16Array.from({ length: trace.rows }, () => random.int(5) - 2);
  return { ...trace, labels, priority };
}

/** Rows made while the simulation runs, never held. */
function generated(name: string): RowSource {
  const random = stream(20261120, `golden/${name}`);
  let at = 0;
  return {
    next(row) {
      at += random.exponential(S / 40);
      row.arrivalUs = Math.round(at);
      row.inputTokens = length(random.lognormal(0, 1) * 500);
      row.outputTokens = length(random.lognormal(0, 0.8) * 120);
      return true;
    },
  };
}

const LINEAR = {
  type: "linear",
  base_us: 6000,
  prefill_fixed_us: 900,
  token_us: 38,
  pair_us: 0.0017,
  decode_request_us: 4,
  decode_context_us: 0.055,
} as const;

const TABLE: ProfileTable = {
  prefillTokens: Float64Array.of(16, 256, 2048, 8192),
  prefillMs: Float64Array.of(9, 14, 71, 330),
  decodeKvTokens: Float64Array.of(100, 4000, 20_000, 90_000),
  decodeContext: Float64Array.of(50, 800, 4000),
  decodeMs: Float64Array.of(6.1, 6.2, 6.6, 7.4, 7.2, 7.9, 11.3, 10.4, 10.1, 31, 27.5, 24.25),
};

function golden(
  name: string,
  about: string,
  engine: NonNullable<ScenarioInput["engine"]>,
  rest: Omit<ScenarioInput, "engine">,
  traffic: (name: string) => Omit<SimulationInputs, "scenario">,
): Golden {
  const scenario: Scenario = scenarioOf({ step_time: LINEAR, ...engine }, { name, ...rest });
  return { name, about, inputs: () => ({ scenario, ...traffic(name) }) };
}

const chat: Mix = { rows: 300, perS: 12, inputMedian: 600, outputMedian: 90 };
const of = (mix: Mix, trace?: string) => (name: string) => ({ trace: mixed(trace ?? name, mix) });
const talks = (options: Conversations) => (name: string) => ({
  trace: conversations(name, options),
});
const tight = { num_gpu_blocks: 400, max_num_seqs: 64 } as const;
const busy: Mix = { rows: 250, perS: 15, inputMedian: 250, outputMedian: 160 };

export const GOLDENS: readonly Golden[] = [
  golden(
    "chunked-prefill",
    "long prompts in chunks of at most 512 tokens a step beside decodes",
    { max_num_batched_tokens: 512 },
    { cluster: { workers: 2 } },
    of({ ...chat, inputMedian: 1500 }, "long"),
  ),
  golden(
    "no-chunks",
    "the same prompts whole; those over the budget are refused",
    {
      max_num_batched_tokens: 4096,
      enable_chunked_prefill: false,
      step_time: { type: "fixed", prefill_ms: 40, decode_ms: 9 },
    },
    { cluster: { workers: 2 } },
    of({ ...chat, inputMedian: 1500 }, "long"),
  ),
  golden("preempt-lifo", "a pool too small: the newest give way", tight, {}, of(busy, "busy")),
  golden(
    "preempt-fifo",
    "the same, the oldest give way, with a watermark and chunk-wise admission",
    { ...tight, preemption_mode: "fifo", watermark: 0.02, scheduler_reserve_full_isl: false },
    {},
    of(busy, "busy"),
  ),
  golden(
    "prefix-cache",
    "conversations under one system prompt, more than the pool keeps",
    { num_gpu_blocks: 1200 },
    { cluster: { workers: 2 } },
    talks({
      rows: 300,
      perS: 8,
      blockSize: 16,
      systemBlocks: 20,
      turnTokens: 220,
      outputMedian: 70,
    }),
  ),
  golden(
    "speculation",
    "conversations with three drafts a step, 2.2 tokens on average, in a pool that runs short",
    {
      num_gpu_blocks: 190,
      speculation: { kind: "ngram", num_speculative_tokens: 3, acceptance_rates: [0.7, 0.6, 0.2] },
    },
    { cluster: { workers: 2 } },
    talks({
      rows: 300,
      perS: 8,
      blockSize: 16,
      systemBlocks: 20,
      turnTokens: 220,
      outputMedian: 70,
    }),
  ),
  golden(
    "adapters",
    "conversations that ask for six adapters, two at a time",
    { num_gpu_blocks: 1200, lora: { max_loras: 2 } },
    { cluster: { workers: 2 }, traffic: { adapters: { count: 6, share: 0.8 } } },
    talks({
      rows: 300,
      perS: 8,
      blockSize: 16,
      systemBlocks: 20,
      turnTokens: 220,
      outputMedian: 70,
    }),
  ),
  golden(
    "trace-512-engine-16",
    "ids of 512 tokens on engine blocks of 16, NVIDIA's polynomial as one pass",
    { num_gpu_blocks: 6000, step_time: { type: "polynomial", mixed: "fused" } },
    { cluster: { workers: 2 } },
    talks({
      rows: 250,
      perS: 3,
      blockSize: 512,
      systemBlocks: 3,
      turnTokens: 1800,
      outputMedian: 110,
    }),
  ),
  golden(
    "polynomial-sum",
    "NVIDIA's polynomial as two passes added, blocks of 512 on both sides",
    { block_size: 512, num_gpu_blocks: 150, step_time: { type: "polynomial", mixed: "sum" } },
    { cluster: { workers: 3 } },
    talks({
      rows: 250,
      perS: 3,
      blockSize: 512,
      systemBlocks: 2,
      turnTokens: 1800,
      outputMedian: 110,
    }),
  ),
  golden(
    "table",
    "a measured profile, in and beyond its grid",
    { step_time: { type: "table", profile: "given by the test", mixed: "fused" } },
    { cluster: { workers: 2 } },
    (name) => ({ trace: mixed(name, chat), table: TABLE }),
  ),
  golden(
    "static-batching",
    "padded batches of 16 that end together, 200 ms to fill one",
    { scheduler: "static", max_num_seqs: 16, batch_timeout_s: 0.2 },
    { cluster: { workers: 2 } },
    of({ ...chat, perS: 3 }),
  ),
  golden(
    "closed-loop",
    "32 lanes on 3 workers, some requests refused by length",
    {
      max_model_len: 1500,
      step_time: { type: "fixed", prefill_ms: 30, decode_ms: 7.3, mixed: "fused" },
    },
    {
      cluster: { workers: 3 },
      traffic: { arrivals: { mode: "closed", concurrency: 32 } },
      router: { policy: "least_loaded" },
    },
    of(chat),
  ),
  golden(
    "sessions",
    "turns that wait for the turn before and a time to think",
    { num_gpu_blocks: 3000 },
    { cluster: { workers: 2 }, traffic: { sessions: "closed" } },
    talks({
      rows: 300,
      perS: 6,
      blockSize: 16,
      systemBlocks: 4,
      turnTokens: 180,
      outputMedian: 80,
      sessions: true,
    }),
  ),
  golden(
    "gamma-bursts",
    "bursty arrivals (shape 0.3), random routing",
    {},
    {
      seed: 7,
      cluster: { workers: 4 },
      traffic: { arrivals: { mode: "gamma", rate_per_s: 20, shape: 0.3 } },
      router: { policy: "random" },
    },
    of({ ...chat, rows: 400 }),
  ),
  golden(
    "warm-up-horizon",
    "the first 5 s simulated but not measured, the end cut at 20 s, targets and prices",
    {},
    {
      seed: 11,
      cluster: { workers: 2 },
      traffic: {
        arrivals: { mode: "poisson", rate_per_s: 14 },
        warmup_s: 5,
        horizon_s: 20,
      },
      slo: { ttft_s: 0.3, tpot_s: 0.02, e2e_s: 6 },
      cost: { usd_per_gpu_hour: 2.5 },
    },
    of({ ...chat, rows: 500 }),
  ),
  golden(
    "power-of-two",
    "16 workers, two drawn for each request",
    {},
    { seed: 3, cluster: { workers: 16 }, router: { policy: "power_of_two" } },
    of({ ...chat, rows: 600, perS: 100 }),
  ),
  golden(
    "least-loaded-scraped",
    "6 workers by counts scraped once a second: stale, so it herds",
    {},
    {
      cluster: { workers: 6 },
      router: {
        policy: "least_loaded",
        knobs: { scraped: 1 },
        metrics_interval_s: 1,
      },
    },
    of({ ...chat, rows: 400, perS: 40 }),
  ),
  golden(
    "window-speedup",
    "from 4 s to 18 s of the trace at twice its speed, at most 120 requests",
    {},
    {
      cluster: { workers: 2 },
      traffic: {
        arrivals: { mode: "timestamps", speedup: 2 },
        start_s: 4,
        end_s: 18,
        requests: 120,
      },
    },
    of(chat),
  ),
  golden(
    "call-graph",
    "agents' calls that wait for calls, in pools too small for all that hints ask to keep",
    { num_gpu_blocks: 1500, kv_retention_hints: true },
    { cluster: { workers: 2 }, router: { policy: "dynamo_kv" } },
    (name) => ({ trace: agents(name) }),
  ),
  golden(
    "admission",
    "three policies at the door of two busy workers, and clients that come again or give up",
    {},
    {
      cluster: { workers: 2 },
      admission: [
        { policy: "tenant_limit", knobs: { in_flight: 40, rate_per_s: 20, burst: 5 } },
        { policy: "priority_shedding", knobs: { from_per_worker: 10, step_per_worker: 10 } },
        { policy: "queue_limit", knobs: { queued_tokens_per_worker: 2500 } },
      ],
      clients: { timeout_s: 8, ttft_timeout_s: 1, retry: { max: 2, base_s: 0.5 } },
    },
    (name) => ({ trace: tenants(name, { ...chat, rows: 400, perS: 30 }) }),
  ),
  golden(
    "ranks",
    "conversations on two workers of four ranks in lock step, one of which crashes",
    { num_gpu_blocks: 500, data_ranks: "apart" },
    {
      cluster: { workers: 2, parallelism: { data: 4 } },
      router: { policy: "dynamo_kv", rules: [{ allowed_workers: [0, 1], allowed_ranks: [0, 1, 3] }] },
      faults: { events: [{ at_s: 15, kind: "crash", worker: 1 }], restart_s: 3, migration_limit: 2 },
    },
    talks({
      rows: 300,
      perS: 8,
      blockSize: 16,
      systemBlocks: 20,
      turnTokens: 220,
      outputMedian: 70,
    }),
  ),
  golden(
    "cluster-storm",
    "hand-offs, tiers, weights and peers on one fabric, while everything that can break does",
    { num_gpu_blocks: 500 },
    stormyCluster(),
    (name) => ({
      trace: conversations(name, {
        rows: 260,
        perS: 10,
        blockSize: 16,
        systemBlocks: 12,
        turnTokens: 260,
        outputMedian: 60,
        sessions: true,
      }),
      hardware: { deck: SMALL_DECK },
    }),
  ),
  golden(
    "generated",
    "rows made on the fly, more than the workers can do, until 150 are in flight",
    { max_num_seqs: 16 },
    { cluster: { workers: 2 }, traffic: { requests: 2000 }, limits: { in_flight: 150 } },
    (name) => ({ rows: generated(name) }),
  ),
];
