/** The scenario's `disagg` section: how a prompt computed on one worker is answered on another. */

import { z } from "zod";

const described = <T extends z.ZodType>(type: T, description: string, unit?: string): T =>
  type.meta(unit === undefined ? { description } : { description, unit });
const positive = () => z.number().positive().finite();

const conditionalSchema = z.strictObject({
  policy: described(
    z.string().min(1).nullable().default(null),
    "when a decode worker computes a prompt itself, without the hop over a prefill worker: isl_bounding, prefill_load, " +
      "isl_or_load; null: never",
  ),
  knobs: described(z.record(z.string(), z.number()).default({}), "knobs of the policy"),
  decode_busy_threshold: described(
    z.number().nonnegative().finite().nullable().default(null),
    "veto: with more of its KV blocks in active requests a decode worker computes no prompts; null: no veto",
    "share",
  ),
});

export const disaggSchema = z.strictObject({
  conditional: described(conditionalSchema.prefault({}), "conditional disaggregation"),
  dispatch: described(
    z.enum(["auto", "sync", "bootstrap", "push"]).default("auto"),
    "when the decode worker is chosen: after the prompt is computed (sync), or at arrival, its memory asked for before " +
      "(bootstrap) or while (push) the prompt is computed; auto: bootstrap for sglang, sync for the others",
  ),
  reserve: described(
    z.enum(["auto", "source_first", "destination_first"]).default("auto"),
    "bootstrap: whether the prompt is computed before the decode worker has memory for it, or waits until it has; " +
      "auto: destination_first under bootstrap",
  ),
  first_token: described(
    z.enum(["auto", "decode_step", "handed_over"]).default("auto"),
    "who makes the first token the client sees: the decode worker's first step, or the prefill worker, handed over " +
      "with the keys and values; auto: decode_step for vllm, handed_over for the others",
  ),
  transfer: described(
    z.enum(["destination_missing", "full_prompt"]).default("destination_missing"),
    "what is moved: blocks that the decode worker has not cached, or the whole prompt",
  ),
  layer_wise: described(
    z.boolean().default(false),
    "keys and values move layer by layer while the prompt's last forward pass makes them; the decode worker has to have " +
      "memory by then: dispatch push, or bootstrap with reserve destination_first",
  ),
  kv_bytes_per_token: described(
    z.int().positive().nullable().default(null),
    "keys and values of a token in all ranks of a worker; null: what the model's card says",
    "B",
  ),
  bandwidth_gb_per_s: described(
    positive().default(50),
    "private links: rate of each transfer, whatever else moves (default: one NDR port, 400 Gb/s)",
    "GB/s",
  ),
  encryption_bytes_per_s: described(
    positive().nullable().default(null),
    "bytes that encryption on the network handles for one hand-off; null: none, or not the limit",
    "B/s",
  ),
  setup_us: described(
    z.number().nonnegative().finite().default(100),
    "private links: time before the first byte moves (default: an assumption)",
    "us",
  ),
  conversion_gb_per_s: described(
    positive().nullable().default(1000),
    "where tensor parallelism or block size of the two workers differ, each GPU of the decode worker writes what came into " +
      "its own layout at this rate; null: at no cost (default: an assumption: a copy kernel at 60 % of an H100's memory " +
      "bandwidth of 3.35 TB/s, half of it reads)",
    "GB/s",
  ),
  staging_blocks: described(
    z.int().positive().nullable().default(null),
    "most KV blocks of a decode worker for prompts that are on their way to it: who asks for more waits at its prefill worker; " +
      "a longer prompt goes alone; null: no limit",
    "blocks",
  ),
  control_us: described(
    z.int().positive().default(1000),
    "a message between the legs of a request through the frontend (default: an assumption)",
    "us",
  ),
  timeout_s: described(
    positive().default(480),
    "longest time that a prefill worker holds a prompt's blocks for its decode worker (default: vLLM's " +
      "VLLM_NIXL_ABORT_REQUEST_TIMEOUT)",
    "s",
  ),
  fallback: described(
    z.enum(["local", "fail"]).default("local"),
    "a hand-off that failed or took too long: the decode worker computes the prompt itself, or the request fails",
  ),
});

export type DisaggKnobs = z.output<typeof disaggSchema>;
