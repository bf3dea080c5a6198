/** From a scenario to its encoder workers' GPU, times, power and price. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  encoderPassUs,
  findGpu,
  findModel,
  ratesFor,
  timingAt,
  WEIGHT_BYTES,
} from "../../hardware/index.ts";
import type { EncoderCosts, GpuCard } from "../../hardware/index.ts";
import type { EngineFacts } from "../engine-facts.ts";
import { poolScenarios } from "../pool-scenarios.ts";
import { hostShareW, PATCHES_PER_TOKEN, priceOf } from "../resolve-engine.ts";
import type { SimulationInputs } from "../simulation-inputs.ts";
import type { EncoderKnobs } from "./encoder-schema.ts";

const US_PER_S = 1e6;

/** Encoder workers as the cards have them. */
export type EncoderSite = {
  readonly knobs: EncoderKnobs;
  readonly gpu: GpuCard;
  /** Time of a pass over so many images, µs. */
  readonly passUs: (images: number) => number;
  readonly imageBytes: number;
  /** Weights of the encoder on each GPU, bytes. */
  readonly weightBytes: number;
  /** Power of a GPU at work and idle, and of its share of the host, W. */
  readonly power: { readonly busyW: number; readonly idleW: number; readonly hostW: number };
  readonly price: EngineFacts["price"];
};

/** What sustained arithmetic loses to the power cap where no parameters of the GPU came along: the largest of models/kernels. */
const THROTTLE_DEFAULT = 1.1;

/**
 * The scenario's encoder workers; undefined: it has none. Errors: an unknown GPU, a model without a vision encoder, an encoder
 * that does not fit.
 */
export function resolveEncoders(inputs: SimulationInputs): Result<EncoderSite | undefined> {
  const { scenario } = inputs;
  const { encoders: knobs } = scenario.cluster;
  const { images } = scenario.traffic;
  if (knobs === null || images === null) return ok(undefined);
  const hardware = (inputs.pools?.[0] ?? inputs).hardware;
  const where = "cluster.encoders.gpu";
  if (hardware?.timing === undefined) {
    const what = "no cards and engine timing came with the scenario";
    return fail({ what, where, expected: "them beside it" });
  }
  const { deck, timing } = hardware;
  // The schema's checks refuse images without a model and a GPU.
  const entry = findModel(deck, scenario.model!);
  if (!entry.ok) return fail({ ...entry.problem, where: "model" });
  const gpu = findGpu(deck, knobs.gpu ?? scenario.gpu!);
  if (!gpu.ok) return fail({ ...gpu.problem, where });
  const { encoder, hidden, name } = entry.value.card;
  if (encoder === undefined) {
    return fail({
      what: `${name} has no vision encoder`,
      where: "cluster.encoders",
      expected: "a model that sees images, for example llama-4-scout or qwen3.5-397b-a17b",
    });
  }
  const weightBytes = (encoder.params * WEIGHT_BYTES.bf16) / knobs.tensor;
  if (weightBytes > gpu.value.visibleBytes) {
    return fail({
      what: `the encoder of ${name} does not fit on ${knobs.tensor} × ${gpu.value.id}`,
      where: "cluster.encoders.tensor",
      expected: `at least ${Math.ceil((weightBytes * knobs.tensor) / gpu.value.visibleBytes)}`,
    });
  }
  const pool = poolScenarios(scenario).findIndex((own) => own.gpu === gpu.value.id);
  const params = (inputs.pools?.[pool] ?? (pool < 0 ? undefined : inputs))?.hardware?.params;
  const { flops, power } = gpu.value;
  const costs: EncoderCosts = {
    bf16FlopPerUs:
      (params === undefined ? flops : ratesFor(gpu.value, params)).bf16FlopPerS / US_PER_S,
    ranks: knobs.tensor,
    launchUs: timingAt(timing, scenario.engine.backend_version ?? "").launchUs,
    throttle: params?.throttle ?? THROTTLE_DEFAULT,
  };
  const patches = images.patches ?? PATCHES_PER_TOKEN * images.tokens;
  return ok({
    knobs,
    gpu: gpu.value,
    passUs: (count) => encoderPassUs(costs, encoder, count, patches),
    imageBytes: images.tokens * hidden * WEIGHT_BYTES.bf16,
    weightBytes,
    power: {
      busyW: power.computeW,
      idleW: power.idleW,
      hostW: hostShareW(gpu.value, deck),
    },
    price: priceOf(scenario, gpu.value),
  });
}
