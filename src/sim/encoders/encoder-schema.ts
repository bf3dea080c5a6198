/** The scenario's `cluster.encoders`: workers that only encode images, in front of all others (E/P/D). */

import { z } from "zod";

const described = <T extends z.ZodType>(type: T, description: string, unit?: string): T =>
  type.meta(unit === undefined ? { description } : { description, unit });
const count = (max: number): z.ZodInt => z.int().positive().max(max);

/** Name of these workers in faults and reports. */
export const ENCODERS = "encoders";

export const encodersSchema = z.strictObject({
  workers: described(count(100_000).default(1), "encoder workers, all alike"),
  gpu: described(
    z.string().min(1).nullable().default(null),
    "GPU card of the encoder workers; null: the scenario's",
  ),
  tensor: described(count(64).default(1), "GPUs of an encoder worker, which share each image"),
  max_images: described(
    count(4096).default(1),
    "images of one pass, those of one request at least; more share its launches (default: one after the other, as inside a worker)",
    "images",
  ),
  cache_tokens: described(
    z
      .int()
      .nonnegative()
      .max(1 << 30)
      .default(0),
    "image tokens whose encoded form an encoder worker keeps, for requests with the same image; 0: none",
    "tokens",
  ),
  choice: described(
    z.enum(["least_loaded", "by_image"]).default("least_loaded"),
    "encoder worker of a request: the one with the fewest images before it, or always the same for an image (traffic.images.distinct), so that caches are not all alike",
  ),
  bandwidth_gb_per_s: described(
    z.number().positive().finite().default(50),
    "without a fabric: rate at which embeddings move to the worker (default: one NDR port, 400 Gb/s)",
    "GB/s",
  ),
  setup_us: described(
    z.number().nonnegative().finite().default(100),
    "without a fabric: time before their first byte moves (default: an assumption)",
    "us",
  ),
});

export type EncoderKnobs = z.output<typeof encodersSchema>;
