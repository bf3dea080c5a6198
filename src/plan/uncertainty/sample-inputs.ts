/** A simulation's inputs under one draw of everything that is uncertain about its hardware. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import type { Spread } from "../../hardware/index.ts";
import { poolScenarios } from "../../sim/index.ts";
import type { EngineInputs, SimulationInputs } from "../../sim/index.ts";
import { sampleHardware, spreadsOf } from "./sample-hardware.ts";

function sampled<T extends EngineInputs>(
  inputs: T,
  gpu: string | null,
  seed: number,
  sample: number,
): T {
  const { hardware } = inputs;
  if (hardware === undefined) return inputs;
  return { ...inputs, hardware: sampleHardware(hardware, gpu, { seed, sample }) };
}

/** The inputs of draw number `sample`; the traffic is the same in all. */
export function sampleInputs(inputs: SimulationInputs, sample: number): SimulationInputs {
  const { scenario, pools } = inputs;
  const draw = sampled(inputs, scenario.gpu, scenario.seed, sample);
  if (pools === undefined) return draw;
  const own = poolScenarios(scenario);
  const drawn = pools.map((pool, i) =>
    sampled(pool, own[i]?.gpu ?? scenario.gpu, scenario.seed, sample),
  );
  return { ...draw, pools: drawn };
}

/**
 * What is uncertain about the inputs, every part once. Errors: nothing is, because no step time comes from fitted parameters.
 */
export function uncertainParts(inputs: SimulationInputs): Result<readonly Spread[]> {
  const { scenario, pools = [] } = inputs;
  const own = poolScenarios(scenario);
  const all = [
    ...(inputs.hardware === undefined ? [] : spreadsOf(inputs.hardware, scenario.gpu)),
    ...pools.flatMap(({ hardware }, i) =>
      hardware === undefined ? [] : spreadsOf(hardware, own[i]?.gpu ?? scenario.gpu),
    ),
  ];
  const parts = [...new Map(all.map((spread) => [spread.name, spread])).values()];
  if (parts.length > 0) return ok(parts);
  return fail({
    what: "nothing about this scenario was fitted, so nothing can vary",
    where: "engine.step_time",
    expected: "step times by kernels: model: NAME and gpu: NAME, and no other engine.step_time",
    remedy: "name a model and a GPU, or leave the band out",
  });
}
