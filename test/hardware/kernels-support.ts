import { readFileSync } from "node:fs";
import {
  type EngineTiming,
  findGpu,
  findModel,
  type KernelParams,
  type KernelsLayout,
  kernelsStepTime,
  type KernelsStepTime,
  parseEngineTiming,
  parseKernelParams,
} from "../../src/hardware/index.ts";
import { bundledDeck, valueOf } from "./cards-support.ts";

export const deck = bundledDeck();

function json(path: string): unknown {
  return JSON.parse(
    readFileSync(new URL(`../../models/kernels/${path}.json`, import.meta.url), "utf8"),
  );
}

export function paramsOf(system: string): KernelParams {
  return valueOf(parseKernelParams(system, json(system)));
}

export function timingOf(engine: string): EngineTiming {
  return valueOf(parseEngineTiming(engine, json(`engines/${engine}`)));
}

/** The kernels model of bundled cards. */
export function kernelsOf(
  gpuName: string,
  model: string,
  layout: KernelsLayout = {},
  timing: EngineTiming = timingOf("vllm"),
): KernelsStepTime {
  const gpu = valueOf(findGpu(deck, gpuName));
  const peer = deck.gpus.find(({ id }) => id === gpu.peer);
  const node = deck.nodes.find(({ id }) => id === gpu.node);
  const spec = {
    model: valueOf(findModel(deck, model)).card,
    gpu,
    params: paramsOf(gpu.calibration === "" ? (peer?.calibration ?? "") : gpu.calibration),
    timing,
    layout,
    ...(node === undefined ? {} : { node }),
  };
  return valueOf(kernelsStepTime(spec));
}
