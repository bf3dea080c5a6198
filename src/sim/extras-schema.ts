/** What an engine may do besides serving plain requests at once: drafts, waits, LoRA adapters, images. */

import { z } from "zod";
import { expertKeys } from "./expert-keys.ts";

const count = (max: number): z.ZodInt => z.int().positive().max(max);
const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });

const rate = z.number().min(0).max(1);

/** Names as in vLLM's speculative_config and AISimulate; rates are the workload's, so they have no default. */
export const speculationSchema = z
  .strictObject({
    kind: described(
      z.enum(["ngram", "eagle", "mtp"]),
      "where drafts come from: earlier text, a draft layer of its own, the model's own prediction layers",
    ),
    num_speculative_tokens: described(count(16).default(3), "tokens drafted for each step"),
    acceptance_rates: described(
      z.union([rate, z.array(rate).min(1).max(16)]),
      "chance that a draft is accepted when those before it were, drawn for each request and step: one for every position, or a list",
    ),
    overhead_us: z.number().nonnegative().finite().default(0).meta({
      description:
        "time that drafts add to a step with decodes, on top of what step times by kernels price for them",
      unit: "us",
    }),
  })
  .nullable()
  .default(null);

/** Attention data parallelism. */
export const attentionRankKeys = {
  data_ranks: described(
    z.enum(["pooled", "apart"]).default("pooled"),
    "attention data parallel ranks (cluster.parallelism.data): pooled: one queue and one KV pool, loads spread evenly; " +
      "apart: each rank has its own scheduler, queue, KV pool and KV events and is a target of the router, as in Dynamo, " +
      "and all go in lock step",
  ),
  attention_dp_wait_steps: described(
    z
      .int()
      .nonnegative()
      .max(1 << 20)
      .default(0),
    "tensorrt_llm with attention data parallelism: decode steps that prompts wait for every rank " +
      "to have one; 0: no balancing",
  ),
};

/** TensorRT-LLM: prompts wait for others to share a step with. */
const batchWaitKeys = {
  batch_wait_steps: described(
    z
      .int()
      .nonnegative()
      .max(1 << 20)
      .default(0),
    "tensorrt_llm: decode steps that prompts wait for others (batch_wait_timeout_iters), without " +
      "attention data parallelism; 0: they start at once",
  ),
  batch_wait_tokens_ratio: described(
    rate.default(0),
    "tensorrt_llm: part of max_num_batched_tokens, decodes included, that ends batch_wait_steps early " +
      "(batch_wait_max_tokens_ratio)",
  ),
};

/** Keys that few engines or models have a use for. */
export const rareEngineKeys = { ...batchWaitKeys, ...expertKeys };

export const encoderCacheSchema = described(
  z
    .int()
    .nonnegative()
    .max(1 << 24)
    .nullable()
    .default(null),
  "image tokens whose encoded form a worker keeps, for prompts with the same image; null: max_num_batched_tokens, 0: none",
);

export const loraSchema = z
  .strictObject({
    max_loras: described(
      count(4096).default(1),
      "slots: different adapters in one step, and those that stay on the GPU",
    ),
    max_lora_rank: described(count(4096).default(16), "rank that every slot has room for"),
    load_us: z.number().nonnegative().finite().nullable().default(null).meta({
      description:
        "time that a step waits for an adapter which is in no slot; null: its weights over PCIe, nothing without a GPU's card",
      unit: "us",
    }),
  })
  .nullable()
  .default(null);

export const adaptersSchema = z
  .strictObject({
    count: described(count(100_000), "different LoRA adapters that requests ask for"),
    share: described(rate.default(1), "part of the conversations that ask for one"),
    zipf: described(
      z.number().min(0).max(10).default(1),
      "how unequally they are asked for: the k-th as often as k^−zipf; 0: equally",
    ),
  })
  .nullable()
  .default(null);

export const imagesSchema = z
  .strictObject({
    share: described(rate.default(1), "part of the conversations that bring images"),
    per_request: described(
      count(1000).default(1),
      "images of a prompt, as far as it is long enough",
    ),
    tokens: described(count(1 << 20).default(576), "prompt tokens of an image"),
    patches: described(
      count(1 << 24)
        .nullable()
        .default(null),
      "patches that the encoder sees; null: four for a token",
    ),
    distinct: described(
      count(1 << 24)
        .nullable()
        .default(null),
      "different images that prompts bring; null: every one is new",
    ),
    zipf: described(
      z.number().min(0).max(10).default(1),
      "how unequally they are brought: the k-th as often as k^−zipf; 0: equally",
    ),
  })
  .nullable()
  .default(null);
