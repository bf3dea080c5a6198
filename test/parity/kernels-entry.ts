/** Scenarios with a model on a GPU, run where this module is: Node or a page. Cards come as arguments. */

import type { HardwareInputs, ScenarioInput } from "../../src/sim/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import { simulate } from "../support/simulate.ts";
import { traceOf } from "../support/small-scenarios.ts";

export type KernelsRun = { readonly scenario: ScenarioInput; readonly hardware: HardwareInputs };

/** Bursts of growing prompts and answers: mixed steps, long decode runs, a full pool. */
const ROWS = Array.from({ length: 400 }, (_, i) => ({
  at: 20_000 * Math.floor(i / 5),
  input: 1 + ((i * i * 37) % 6000),
  output: 1 + ((i * 131) % 700),
}));

/** Digest and blocks a worker of each run. */
export function kernelsDigests(runs: readonly KernelsRun[]): readonly string[] {
  return runs.map(({ scenario, hardware }) => {
    const inputs = { scenario: scenarioSchema.parse(scenario), hardware, trace: traceOf(ROWS) };
    const { digest, engine, batch } = simulate(inputs).report;
    return `${digest} ${engine.stepTime} ${engine.kvBlocksPerWorker} ${batch.steps}`;
  });
}
