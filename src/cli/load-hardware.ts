/** Cards and kernel parameters for the model and GPU that a scenario names. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { findGpu } from "../hardware/index.ts";
import type { HardwareInputs, Scenario } from "../sim/index.ts";
import { usesKernels } from "../sim/index.ts";
import { loadDeck } from "./load-cards.ts";
import { loadEngineTiming, loadKernelParams } from "./load-kernels.ts";

/**
 * Reads the cards, the user's in front, and what the scenario's step times need of the parameters.
 * Errors: a damaged card, an unknown GPU, a GPU or an engine without parameters.
 */
export async function loadHardware(
  scenario: Scenario,
  cards: readonly string[],
): Promise<Result<HardwareInputs>> {
  const deck = await loadDeck(cards);
  if (!deck.ok) return deck;
  if (!usesKernels(scenario)) return ok({ deck: deck.value });
  const gpu = findGpu(deck.value, scenario.gpu ?? "");
  // The simulation reports an unknown name, with its place.
  if (!gpu.ok) return ok({ deck: deck.value });
  const params = loadKernelParams(deck.value, gpu.value);
  if (!params.ok) return fail({ ...params.problem, where: "gpu" });
  const timing = loadEngineTiming(scenario.engine.backend);
  if (!timing.ok) return fail({ ...timing.problem, where: "engine.backend" });
  return ok({ deck: deck.value, params: params.value, timing: timing.value });
}
