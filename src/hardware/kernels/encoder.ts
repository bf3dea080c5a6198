/** The vision encoder in front of a model: what an image costs before its tokens are in the prompt. */
import type { Encoder } from "../model-card.ts";
import type { StepMachine } from "./step-machine.ts";

/**
 * Part of the bf16 peak that encoder layers reach: products of some thousand rows and attention without a mask. Assumption:
 * what the model's own prompt products reach on H100 (kernel notes §5.1, rows 256–1k: 0.69), less its attention.
 */
const COMPUTE = 0.5;

/** Kernels of one encoder layer, launched one by one: engines run encoders outside CUDA graphs. Counted as in launch.ts. */
const LAYER_KERNELS = 10;

/** Weights of a transformer layer over width²: four attention projections and a feed-forward part four times as wide. */
const LAYER_SQUARES = 12;

/** What an encoder's time depends on besides its model. */
export type EncoderCosts = {
  readonly bf16FlopPerUs: number;
  /** Tensor ranks that share an image. */
  readonly ranks: number;
  readonly launchUs: number;
  /** What sustained arithmetic loses to the power cap, a factor. */
  readonly throttle: number;
};

function layersOf({ params, hidden }: Encoder): number {
  return params / (LAYER_SQUARES * hidden * hidden);
}

/** Time in µs of one pass over `images` of `patches` each: arithmetic of all, or its launches, whichever takes longer. */
export function encoderPassUs(
  costs: EncoderCosts,
  encoder: Encoder,
  images: number,
  patches: number,
): number {
  if (images === 0) return 0;
  const layers = layersOf(encoder);
  const products = 2 * encoder.params * patches;
  const attention = 4 * layers * patches * patches * encoder.hidden;
  const peak = COMPUTE * costs.bf16FlopPerUs * costs.ranks;
  const computeUs = ((products + attention) / peak) * costs.throttle;
  const hostUs = layers * LAYER_KERNELS * costs.launchUs;
  return Math.max(images * computeUs, hostUs);
}

/**
 * Time in µs of encoding `images` of `patches` each, one after the other as engines do, on one of the tensor ranks that
 * share it: arithmetic or launches, whichever takes longer.
 */
export function encoderUs(
  machine: StepMachine,
  encoder: Encoder,
  images: number,
  patches: number,
): number {
  const { device, split, timing, params } = machine;
  const costs = {
    bf16FlopPerUs: device.bf16FlopPerUs,
    ranks: split.tp,
    launchUs: timing.launchUs,
    throttle: params.throttle,
  };
  return images * encoderPassUs(costs, encoder, 1, patches);
}
