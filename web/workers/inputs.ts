/** Scenario document → what the engine takes: the browser's counterpart of the command line's loaders. */

import { deck, version } from "virtual:headworks/cards";
import { engines, systems } from "virtual:headworks/kernels";
import { fail, ok } from "../../src/core/index.ts";
import type { QuantityParser, Result } from "../../src/core/index.ts";
import { findGpu, parseEngineTiming, parseKernelParams } from "../../src/hardware/index.ts";
import {
  hasQuantities,
  needsCards,
  parseScenario,
  synthesizeTraffic,
  traceTraffic,
  usesKernels,
} from "../../src/sim/index.ts";
import type {
  HardwareInputs,
  LoadedTraffic,
  Scenario,
  SimulationInputs,
} from "../../src/sim/index.ts";
import { FORMATS } from "../../src/trace/index.ts";
import type { ScenarioDocument } from "./protocol.ts";
import { scoreRouter } from "./score.ts";
import { traceNamed } from "./traces.ts";

export type ReadyInputs = { readonly inputs: SimulationInputs; readonly spanUs: number };

export { deck, version };

/** Checks the document and fills in the defaults. */
export async function scenarioOf(document: ScenarioDocument): Promise<Result<Scenario>> {
  return parseScenario(document, await quantityParserFor(document));
}

/** Everything that the scenario names. Errors: the scenario's, a wrong expression, an absent trace, a missing calibration. */
export async function inputsOf(document: ScenarioDocument): Promise<Result<ReadyInputs>> {
  const scenario = await scenarioOf(document);
  if (!scenario.ok) return scenario;
  const hardware = needsCards(scenario.value) ? await hardwareOf(scenario.value) : ok(undefined);
  if (!hardware.ok) return hardware;
  if (scenario.value.engine.step_time?.type === "table") return fail(NO_PROFILES);
  const router = await scoreRouter(scenario.value);
  if (!router.ok) return router;
  const traffic = await trafficOf(scenario.value);
  if (!traffic.ok) return traffic;
  return ok({
    inputs: {
      scenario: scenario.value,
      ...traffic.value.traffic,
      ...(hardware.value === undefined ? {} : { hardware: hardware.value }),
      ...(router.value === undefined ? {} : { router: router.value }),
    },
    spanUs: traffic.value.spanUs,
  });
}

const NO_PROFILES = {
  what: "a measured profile is a file, and this page has none",
  where: "engine.step_time",
  expected: "kernels, polynomial, linear or fixed step times",
  remedy: "run scenarios with a measured profile by `headworks run`",
};

async function quantityParserFor(document: unknown): Promise<QuantityParser | undefined> {
  if (!hasQuantities(document)) return undefined;
  const { parseQuantity } = await import("../../src/core/quantity.ts");
  return parseQuantity;
}

async function trafficOf(scenario: Scenario): Promise<Result<LoadedTraffic>> {
  const { source } = scenario.traffic;
  if (source.synth !== undefined) return synthesizeTraffic(scenario, source.synth);
  if (source.trace === undefined) {
    return fail({
      what: "the scenario names no traffic",
      where: "traffic.source",
      expected: "a trace, or a recipe",
      remedy: "choose the bundled trace, choose a recipe, or drop a trace file on this page",
    });
  }
  if (source.format !== undefined && !FORMATS.some((one) => one === source.format)) {
    return fail({
      what: `unknown trace format ${JSON.stringify(source.format)}`,
      where: "traffic.source.format",
      expected: `one of ${FORMATS.join(", ")}`,
      remedy: "leave the format out: it is found from the file's first lines",
    });
  }
  const trace = await traceNamed(source.trace);
  return trace.ok ? ok(traceTraffic(trace.value)) : trace;
}

/** The cards, and the kernel parameters that the scenario's step times need. */
async function hardwareOf(scenario: Scenario): Promise<Result<HardwareInputs>> {
  if (!usesKernels(scenario)) return ok({ deck });
  const gpu = findGpu(deck, scenario.gpu ?? "");
  // The simulation reports an unknown name, with its place.
  if (!gpu.ok) return ok({ deck });
  const peer = deck.gpus.find(({ id }) => id === gpu.value.peer);
  const name = gpu.value.calibration === "" ? (peer?.calibration ?? "") : gpu.value.calibration;
  const system = systems[name];
  if (system === undefined) {
    return fail({
      what: `there are no kernel parameters for ${gpu.value.name}`,
      where: "gpu",
      expected: `a GPU measured as one of ${Object.keys(systems).join(", ")}, or a peer of one`,
      remedy: "choose another GPU, or `headworks calibrate` on measured tables",
    });
  }
  const params = parseKernelParams(name, await system());
  if (!params.ok) return params;
  const engine = engines[scenario.engine.backend];
  if (engine === undefined) {
    return fail({
      what: `there is no timing for the engine ${scenario.engine.backend}`,
      where: "engine.backend",
      expected: Object.keys(engines).join(", "),
    });
  }
  const timing = parseEngineTiming(scenario.engine.backend, await engine());
  if (!timing.ok) return timing;
  return ok({ deck, params: params.value, timing: timing.value });
}
