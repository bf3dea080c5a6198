/** Cards and kernel parameters for the model and GPU that a scenario names. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { findGpu } from "../hardware/index.ts";
import type { CardDeck } from "../hardware/index.ts";
import type { EngineInputs, HardwareInputs, Scenario } from "../sim/index.ts";
import { poolScenarios, usesKernels } from "../sim/index.ts";
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
  return deck.ok ? hardwareOf(scenario, deck.value) : deck;
}

/** As `loadHardware`, for each pool of the scenario; nothing for a pool that names no hardware. */
export async function loadPoolHardware(
  scenario: Scenario,
  cards: readonly string[],
): Promise<Result<readonly EngineInputs[]>> {
  const deck = await loadDeck(cards);
  if (!deck.ok) return deck;
  const pools: EngineInputs[] = [];
  for (const pool of poolScenarios(scenario)) {
    const hardware = hardwareOf(pool, deck.value);
    if (!hardware.ok) return hardware;
    pools.push({ hardware: hardware.value });
  }
  return ok(pools);
}

function hardwareOf(scenario: Scenario, deck: CardDeck): Result<HardwareInputs> {
  if (!usesKernels(scenario)) return ok({ deck });
  const gpu = findGpu(deck, scenario.gpu ?? "");
  // The simulation reports an unknown name, with its place.
  if (!gpu.ok) return ok({ deck });
  const params = loadKernelParams(deck, gpu.value);
  if (!params.ok) return fail({ ...params.problem, where: "gpu" });
  const timing = loadEngineTiming(deck, scenario.engine.backend);
  if (!timing.ok) return fail({ ...timing.problem, where: "engine.backend" });
  return ok({ deck, params: params.value, timing: timing.value });
}
