/** Cards and parameters of measured runs, each read once. */

import type { Result } from "../core/index.ts";
import { ok } from "../core/index.ts";
import { findGpu, findModel } from "../hardware/index.ts";
import type { CardDeck, EngineTiming, KernelParams } from "../hardware/index.ts";
import type { MeasuredRun, RunParts } from "../plan/index.ts";
import { loadEngineTiming, loadKernelParams } from "./load-kernels.ts";

/** Finds the parts of runs; what a name led to is remembered, failures too. */
export class PartsShelf {
  private readonly deck: CardDeck;
  private readonly params = new Map<string, Result<KernelParams>>();
  private readonly timings = new Map<string, Result<EngineTiming>>();

  constructor(deck: CardDeck) {
    this.deck = deck;
  }

  /** Problems: no card of the model or the GPU, no parameters, no timing of the engine. */
  partsOf(run: Pick<MeasuredRun, "model" | "gpu" | "engine">): Result<RunParts> {
    const entry = findModel(this.deck, run.model);
    if (!entry.ok) return entry;
    const gpu = findGpu(this.deck, run.gpu);
    if (!gpu.ok) return gpu;
    const { calibration, id, node: nodeId } = gpu.value;
    const params = remembered(this.params, `${calibration}/${id}`, () =>
      loadKernelParams(this.deck, gpu.value),
    );
    if (!params.ok) return params;
    const timing = remembered(this.timings, run.engine, () =>
      loadEngineTiming(this.deck, run.engine),
    );
    if (!timing.ok) return timing;
    const node = this.deck.nodes.find((card) => card.id === nodeId);
    return ok({
      model: entry.value.card,
      gpu: gpu.value,
      params: params.value,
      timing: timing.value,
      ...(node === undefined ? {} : { node }),
    });
  }
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}
