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
  const layers = encoder.params / (LAYER_SQUARES * encoder.hidden * encoder.hidden);
  const products = 2 * encoder.params * patches;
  const attention = 4 * layers * patches * patches * encoder.hidden;
  const peak = COMPUTE * device.bf16FlopPerUs * split.tp;
  const computeUs = ((products + attention) / peak) * params.throttle;
  const hostUs = layers * LAYER_KERNELS * timing.launchUs;
  return images * Math.max(computeUs, hostUs);
}
