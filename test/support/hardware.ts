/** Bundled cards and kernel parameters as a simulation takes them. */

import { findGpu } from "../../src/hardware/index.ts";
import type { HardwareInputs } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { deck, paramsOf, timingOf } from "../hardware/kernels-support.ts";

/** The bundled deck with what `kernels` needs for a GPU under an engine. */
export function hardwareOf(
  gpuName: string,
  engine = "vllm",
): Required<Omit<HardwareInputs, "kvScale">> {
  const gpu = valueOf(findGpu(deck, gpuName));
  const peer = deck.gpus.find(({ id }) => id === gpu.peer);
  const system = gpu.calibration === "" ? (peer?.calibration ?? "") : gpu.calibration;
  return { deck, params: paramsOf(system), timing: timingOf(engine) };
}

/** The same with the one model, GPU and node only: small enough to hand to a page. */
export function hardwareFor(
  modelName: string,
  gpuName: string,
  engine = "vllm",
): Required<Omit<HardwareInputs, "kvScale">> {
  const { deck: all, ...rest } = hardwareOf(gpuName, engine);
  const gpus = all.gpus.filter(({ id }) => id === gpuName);
  const nodes = all.nodes.filter(({ id }) => gpus.some(({ node }) => node === id));
  const llms = all.llms.filter(({ id }) => id === modelName);
  return { deck: { gpus, nodes, links: [], llms }, ...rest };
}

/**
 * Workers of every kind: dense and with experts, latent, windowed and linear attention; tensor, pipeline,
 * expert and data ranks; four engines; a GPU that was not measured.
 */
export const MACHINES = [
  { model: "llama-3.1-8b", gpu: "h100-sxm", backend: "vllm", parallelism: {} },
  { model: "qwen3-30b-a3b", gpu: "h200-sxm", backend: "sglang", parallelism: { tensor: 2 } },
  {
    model: "deepseek-v3",
    gpu: "b200",
    backend: "trtllm",
    parallelism: { data: 8, expert: 8 },
  },
  { model: "gpt-oss-20b", gpu: "h100-sxm", backend: "vllm", parallelism: {} },
  {
    model: "llama-3.1-70b",
    gpu: "h100-sxm",
    backend: "vllm",
    parallelism: { tensor: 2, pipeline: 2 },
  },
  { model: "qwen3.5-397b-a17b", gpu: "b300", backend: "vllm", parallelism: { tensor: 8 } },
  { model: "llama-2-7b", gpu: "h20", backend: "hf", parallelism: {} },
] as const;

export type MachineChoice = (typeof MACHINES)[number];
