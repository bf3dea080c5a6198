/** One draw of everything that is uncertain about a scenario's hardware. */

import { exp, stream } from "../../core/index.ts";
import { findGpu, kernelSpreads, stretchedKernels } from "../../hardware/index.ts";
import type { CardDeck, GpuCard, Spread } from "../../hardware/index.ts";
import type { HardwareInputs } from "../../sim/index.ts";

/** Memory left for KV cache: the bundled counts of blocks are met within 3 % (the accuracy table's KV rows). */
const KV_SPREAD: Spread = { name: "KV memory", sigma: 0.02, from: "residuals" };
/** Power of a regime: a law over utilisation fits to ±30 %, medians were taken instead (kernel notes §5.6). Assumption. */
const POWER_SPREAD: Spread = { name: "power", sigma: 0.1, from: "assumption" };

/** Spreads of what the hardware of a pool's engine rests on; none without step times by kernels. */
export function spreadsOf(hardware: HardwareInputs, gpuName: string | null): readonly Spread[] {
  const { deck, params, timing } = hardware;
  if (params === undefined || timing === undefined || gpuName === null) return [];
  const gpu = findGpu(deck, gpuName);
  if (!gpu.ok) return [];
  const isEstimated = gpu.value.calibration !== params.kernels;
  return [...kernelSpreads(params, timing, isEstimated), KV_SPREAD, POWER_SPREAD];
}

/** What a draw depends on besides the hardware. */
export type Draw = {
  readonly seed: number;
  /** Number of the draw, from 0. */
  readonly sample: number;
};

/**
 * The hardware as it would be under one draw. A part's factor depends on the seed, the number of the draw and the part's
 * name alone: pools that share a part vary together, and more draws leave the first ones as they were.
 */
export function sampleHardware(
  hardware: HardwareInputs,
  gpuName: string | null,
  { seed, sample }: Draw,
): HardwareInputs {
  const { deck, params, timing } = hardware;
  if (params === undefined || timing === undefined) return hardware;
  const sigmas = new Map(spreadsOf(hardware, gpuName).map(({ name, sigma }) => [name, sigma]));
  const factorOf = (name: string): number => {
    const draw = stream(seed, `uncertainty/${String(sample)}/${name}`).normal();
    return exp((sigmas.get(name) ?? 0) * draw);
  };
  return {
    ...stretchedKernels(params, timing, factorOf),
    deck: poweredDeck(deck, factorOf(POWER_SPREAD.name)),
    kvScale: factorOf(KV_SPREAD.name),
  };
}

/** The deck with GPUs that draw more by `factor` when they work, up to their limit. */
function poweredDeck(deck: CardDeck, factor: number): CardDeck {
  const powered = (gpu: GpuCard): GpuCard => {
    const { power, tdpW } = gpu;
    const scaled = (watts: number): number => Math.min(tdpW, watts * factor);
    return {
      ...gpu,
      power: {
        idleW: scaled(power.idleW),
        computeW: scaled(power.computeW),
        weightStreamW: scaled(power.weightStreamW),
        attentionDecodeW: scaled(power.attentionDecodeW),
      },
    };
  };
  return { ...deck, gpus: deck.gpus.map(powered) };
}
