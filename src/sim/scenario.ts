/**
 * The scenario: everything a run depends on, in one document. The schema below validates it in the CLI,
 * in the browser and in tests, and is published as JSON Schema. Keys of engines keep their usual names
 * (snake case). Quantities may carry a unit in the file ("50 ms"); after parsing they are plain numbers in
 * the unit that the key's description names.
 */

import { z } from "zod";
import { KV_DTYPES, WEIGHT_DTYPES } from "../hardware/index.ts";
import { withBackendDefaults } from "./backend-defaults.ts";
import { disaggSchema } from "./disagg/disagg-schema.ts";
import {
  attentionRankKeys,
  adaptersSchema,
  encoderCacheSchema,
  imagesSchema,
  loraSchema,
  rareEngineKeys,
  speculationSchema,
} from "./extras-schema.ts";
import { faultsSchema } from "./faults/fault-schema.ts";
import { routerKeys } from "./router-keys.ts";
import { poolLabels } from "./routing-keys.ts";
import { clusterKeys } from "./cluster-keys.ts";
import { overridesOf } from "./schema-overrides.ts";
import { sloKeys } from "./slo-keys.ts";
import { kvSchema } from "./tiers/tier-schema.ts";

/** Largest token count per request that is taken seriously (source: the declared-length cap of AISimulate). */
export const TOKENS_PER_REQUEST_LIMIT = 10_000_000;
/** Name of a scenario that gave itself none. */
export const NAMELESS = "unnamed";

const seconds = (description: string): z.ZodNumber =>
  z.number().nonnegative().finite().meta({ description, unit: "s" });
const count = (max = Number.MAX_SAFE_INTEGER): z.ZodInt => z.int().positive().max(max);

const ranks = (description: string) => count(4096).default(1).meta({ description });
const text = (description: string) =>
  z.string().min(1).nullable().default(null).meta({ description });
const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });

const stepTime = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("fixed"),
    prefill_ms: z.number().nonnegative().finite(),
    decode_ms: z.number().positive().finite(),
    mixed: z.enum(["sum", "fused"]).default("sum"),
  }),
  z.strictObject({
    type: z.literal("linear"),
    base_us: z.number().nonnegative().finite(),
    prefill_fixed_us: z.number().nonnegative().finite().default(0),
    token_us: z.number().nonnegative().finite(),
    pair_us: z.number().nonnegative().finite().default(0),
    decode_request_us: z.number().nonnegative().finite().default(0),
    decode_context_us: z.number().nonnegative().finite(),
  }),
  z.strictObject({
    type: z.literal("polynomial"),
    mixed: z.enum(["sum", "fused"]).default("fused"),
  }),
  z.strictObject({
    type: z.literal("table"),
    profile: z.string().min(1),
    mixed: z.enum(["sum", "fused"]).default("fused"),
  }),
  z.strictObject({
    type: z.literal("kernels"),
    context_parallel: ranks("ranks among which the tokens of a prompt are split; more GPUs"),
    moe_kernel: text(
      "expert kernel by its name in the tables, or deepgemm-padded, -skipping or -masked; null: as the engine's version chooses, else the quickest",
    ),
  }),
]);

const engineKeys = z.strictObject({
  scheduler: described(
    z.enum(["vllm", "sglang", "tensorrt_llm", "static"]).optional(),
    "how steps are put together; when absent, as backend does",
  ),
  block_size: described(
    count(1 << 20).optional(),
    "tokens per KV block; when absent, backend's: 16 (vllm, hf), 1 (sglang), 32 (trtllm)",
  ),
  backend: described(
    z.enum(["vllm", "sglang", "trtllm", "hf"]).default("vllm"),
    "engine whose defaults are taken and, with model and gpu, whose host floors, kernels and memory rule",
  ),
  backend_version: text("version of the engine, where its memory rule depends on it"),
  dtype: described(
    z.enum(["auto", ...WEIGHT_DTYPES]).default("auto"),
    "format of the weights; auto: the model's own",
  ),
  kv_cache_dtype: described(
    z.enum(["auto", ...KV_DTYPES]).default("auto"),
    "format of cached keys and values; auto: bf16",
  ),
  gpu_memory_utilization: described(
    z.number().positive().max(1).nullable().default(null),
    "vLLM's gpu_memory_utilization, SGLang's mem_fraction_static, TensorRT-LLM's free fraction; " +
      "null: the engine's default",
  ),
  num_gpu_blocks: described(
    count(2147483646).nullable().default(null),
    "KV blocks of a data-parallel rank; null: what the GPU holds, 16384 without model and gpu",
  ),
  max_num_seqs: described(
    count(1 << 20).optional(),
    "most requests in a batch of a data-parallel rank; when absent, backend's: " +
      "256 (vllm, hf), 2048 (sglang, trtllm)",
  ),
  max_num_batched_tokens: described(
    count(1 << 30).default(8192),
    "most tokens in a step of a data-parallel rank",
  ),
  max_model_len: count(TOKENS_PER_REQUEST_LIMIT).nullable().default(null),
  enable_prefix_caching: z.boolean().default(true),
  cache_generated_tokens: described(
    z.boolean().default(true),
    "a next turn finds the blocks of the answer before it, where the trace has sessions and block ids",
  ),
  kv_retention_hints: described(
    z.boolean().default(false),
    "heed hints that more is to come soon (keep_ms): blocks of a finished request are evicted after all others until then",
  ),
  enable_chunked_prefill: z.boolean().default(true),
  preemption_mode: z.enum(["lifo", "fifo"]).default("lifo"),
  watermark: z.number().min(0).max(0.9).default(0),
  scheduler_reserve_full_isl: z.boolean().default(true),
  capacity_scheduler_policy: described(
    z.enum(["guaranteed_no_evict", "max_utilization"]).default("guaranteed_no_evict"),
    "tensorrt_llm: start requests only when their whole output fits, or when they fit now",
  ),
  schedule_policy: described(
    z.enum(["fcfs", "lpm"]).default("fcfs"),
    "sglang: order of the queue, by arrival or by longest cached prefix",
  ),
  chunked_prefill_size: described(
    count(1 << 30).default(8192),
    "sglang: most prompt tokens in a step of a data-parallel rank; whole blocks",
  ),
  max_prefill_tokens: described(
    count(1 << 30).default(16384),
    "sglang: prompt tokens after which a step of a data-parallel rank takes no further request",
  ),
  schedule_conservativeness: described(
    z.number().nonnegative().max(10).default(1),
    "sglang: scales the share of running requests' remaining output that is kept free",
  ),
  enable_mixed_chunk: described(
    z.boolean().default(false),
    "sglang: prompts and decodes in one step",
  ),
  async_scheduling: described(
    z.boolean().nullable().default(null),
    "the next step is scheduled while the last one runs, so that an arrival is seen a step later; " +
      "null: as the engine's version does by default, false without model and gpu",
  ),
  ingest_us_per_token: described(
    z.number().nonnegative().finite().max(1e6).nullable().default(null),
    "time of the API server for each prompt token, one request after the other, us; " +
      "null: the backend's, 0 without model and gpu",
  ),
  ...attentionRankKeys,
  ...rareEngineKeys,
  scheduler_recv_interval: described(
    count(1 << 20).default(1),
    "sglang: decode steps from one look for arrivals to the next",
  ),
  batch_timeout_s: seconds("static batching: longest wait for a full batch").default(0),
  speculation: described(speculationSchema, "speculative decoding; null: one token a step"),
  lora: described(loraSchema, "LoRA adapters beside the model; null: none"),
  encoder_cache_tokens: encoderCacheSchema,
  step_time: described(
    stepTime.nullable().default(null),
    "null: kernels with model and gpu, else polynomial",
  ),
});

const engine = engineKeys.transform(withBackendDefaults);

const source = z.strictObject({
  trace: z.string().min(1).optional(),
  format: z.string().min(1).optional(),
  block_size: count(1 << 20).optional(),
  infer_sessions: described(
    z.boolean().default(false),
    "turns of conversations found by the prompts they share, where the trace tells none",
  ),
  share_system: described(
    z.boolean().default(false),
    "weka: tasks with equal tool and system prompts share their blocks",
  ),
  synth: z.string().min(1).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

const arrivals = z.discriminatedUnion("mode", [
  z.strictObject({
    mode: z.literal("timestamps"),
    speedup: z.number().positive().finite().default(1),
  }),
  z.strictObject({ mode: z.literal("closed"), concurrency: count(10_000_000) }),
  z.strictObject({ mode: z.literal("poisson"), rate_per_s: z.number().positive().finite() }),
  z.strictObject({
    mode: z.literal("gamma"),
    rate_per_s: z.number().positive().finite(),
    shape: z.number().positive().finite(),
  }),
]);

const traffic = z.strictObject({
  source: source.prefault({}),
  arrivals: arrivals.default({ mode: "timestamps", speedup: 1 }),
  sessions: z.enum(["closed", "open"]).default("closed"),
  delay_scale: described(
    z.number().nonnegative().finite().default(1),
    "factor on think and tool times",
  ),
  delay_max_s: seconds("longest think or tool time; null: as recorded").nullable().default(null),
  after_failure: described(
    z.enum(["continue", "give_up"]).default("continue"),
    "what becomes of a session or task when a call of it is rejected, fails or times out",
  ),
  spread_ticks: described(
    z.boolean().default(false),
    "spread arrivals that the source's coarse clock put on one instant over its tick",
  ),
  start_s: seconds("first instant of the trace that is replayed").default(0),
  end_s: seconds("end of the replayed window of the trace").nullable().default(null),
  requests: count(1e9).nullable().default(null),
  warmup_s: seconds("arrivals before this are simulated but not measured").default(0),
  horizon_s: seconds("simulated time at which the run ends").nullable().default(null),
  adapters: described(
    adaptersSchema,
    "LoRA adapters; a conversation keeps its own; needs engine.lora",
  ),
  images: described(
    imagesSchema,
    "images at the front of prompts, their tokens among the trace's; needs a model with a vision encoder",
  ),
  client_path_ms: described(
    z.number().nonnegative().finite().nullable().default(null).meta({ unit: "ms" }),
    "what a client waits beside the engine: request to the queue, first token back, ms; " +
      "null: the engine profile's with step times by kernels, else 0",
  ),
});

const parallelism = z.strictObject({
  tensor: ranks("tensor parallel ranks of a worker"),
  pipeline: ranks("pipeline stages"),
  expert: ranks("expert parallel ranks among the tensor and data ranks"),
  data: ranks("attention data parallel ranks, in lock step"),
});

/** What a worker does of a request. */
export const POOL_ROLES = ["mixed", "prefill", "decode"] as const;
export type PoolRole = (typeof POOL_ROLES)[number];

const pool = z.strictObject({
  name: described(z.string().min(1).max(64), "name of the pool, its own among the pools"),
  role: described(
    z.enum(POOL_ROLES).default("mixed"),
    "mixed: whole requests; prefill: their prompts; decode: their answers",
  ),
  workers: described(count(1_000_000).default(1), "workers of the pool, all alike"),
  gpu: text("GPU card of the pool's workers; null: the scenario's"),
  parallelism: described(
    overridesOf(parallelism).default({}),
    "ranks of a worker where they differ from cluster.parallelism",
  ),
  gpus_per_worker: described(
    count(4096).nullable().default(null),
    "GPUs of a worker; null: what its parallelism takes",
  ),
  engine: described(
    overridesOf(engineKeys).default({}),
    "keys of the scenario's engine section that are different here",
  ),
  labels: poolLabels,
});

const clients = z.strictObject({
  timeout_s: seconds("a client gives up when it has no full answer by then; null: never")
    .positive()
    .nullable()
    .default(null),
  ttft_timeout_s: seconds("a client gives up when it has no first token by then; null: never")
    .positive()
    .nullable()
    .default(null),
  retry: z
    .strictObject({
      max: described(
        z.int().nonnegative().max(1000).default(0),
        "times a request that was turned away (429, 503, 529), or failed under way, is sent again",
      ),
      base_s: seconds("first back-off").default(1),
      factor: described(
        z.number().min(1).max(100).default(2),
        "by which each back-off exceeds the one before",
      ),
      max_s: seconds("longest back-off").default(60),
      jitter: described(
        z.number().min(0).max(1).default(0.5),
        "share of a back-off that is left to chance",
      ),
    })
    .prefault({}),
});

const admission = z
  .array(
    z.strictObject({
      policy: described(z.string().min(1), "admission policy, by name"),
      knobs: z.record(z.string(), z.number()).default({}),
    }),
  )
  .default([])
  .meta({ description: "who is let in: policies asked in this order, the first refusal counts" });

const schema = z.strictObject({
  headworks: z.literal(1).default(1),
  name: z.string().default(NAMELESS),
  seed: z.int().default(1),
  model: text("model card, by its name or its Hugging Face name"),
  gpu: text("GPU card"),
  trace: z.string().min(1).optional(),
  cluster: z
    .strictObject({
      workers: described(count(1_000_000).default(1), "workers, where no pools are named"),
      parallelism: parallelism.prefault({}),
      gpus_per_worker: described(
        count(4096).nullable().default(null),
        "null: tensor × pipeline × data ranks",
      ),
      pools: described(
        z.array(pool).max(1000).default([]),
        "pools of different workers; none: cluster.workers alike, each serving whole requests",
      ),
      ...clusterKeys,
    })
    .prefault({}),
  engine: engine.prefault({}),
  kv: kvSchema.prefault({}),
  traffic: traffic.prefault({}),
  clients: clients.prefault({}),
  admission,
  router: routerKeys.prefault({}),
  disagg: disaggSchema.prefault({}),
  faults: faultsSchema.prefault({}),
  slo: sloKeys.prefault({}),
  cost: z
    .strictObject({
      usd_per_gpu_hour: described(
        z.number().nonnegative().finite().nullable().default(null),
        "null: the price on the GPU's card",
      ),
      tier: described(
        z.enum(["hyperscaler", "neocloud", "rental3y"]).default("neocloud"),
        "which price of the GPU's card",
      ),
      usd_per_kwh: described(
        z.number().nonnegative().finite().nullable().default(null),
        "price of electricity, added to that of the GPUs; null: the GPUs' price includes it",
      ),
      pue: described(
        z.number().min(1).max(5).default(1),
        "power of the facility over that of its machines",
      ),
    })
    .prefault({}),
  limits: z
    .strictObject({
      events: count().default(10_000_000_000),
      in_flight: count(1 << 28).default(50_000_000),
    })
    .prefault({}),
});

export const scenarioSchema = schema;
/** A complete scenario: every default filled in. */
export type Scenario = z.output<typeof schema>;
export type ScenarioInput = z.input<typeof schema>;
export type EngineKnobs = Scenario["engine"];
export type PoolKnobs = Scenario["cluster"]["pools"][number];
export type StepTimeKnobs = NonNullable<EngineKnobs["step_time"]>;
