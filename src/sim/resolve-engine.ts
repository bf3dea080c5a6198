/** Scenario + cards → what the workers run with: step times, KV blocks, GPUs, price. Nothing is left open. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import {
  adapterBytes,
  createStepTime,
  gpuPrice,
  gpuPrices,
  kernelsCoverage,
  kernelsStepTime,
  OverheadStepTime,
  RankStepTime,
  StepPower,
  timingAt,
} from "../hardware/index.ts";
import type {
  CardDeck,
  EngineTiming,
  GpuCard,
  KernelParams,
  KernelDomain,
  KernelsCoverage,
  KernelsSpec,
  ModelCard,
  ProfileTable,
  StepTimeModel,
  StepTimeSpec,
} from "../hardware/index.ts";
import type { EngineFacts } from "./engine-facts.ts";
import { engineFacts, engineWarnings } from "./engine-facts.ts";
import type { HardwareInputs, Machine, PoolSite } from "./hardware-inputs.ts";
import {
  adapterSlots,
  gpuOf,
  machineOf,
  modelOf,
  needsCards,
  usesKernels,
} from "./hardware-inputs.ts";
import { gpusOfEngine, ranksApart } from "./pool-scenarios.ts";
import { lengthCheck } from "./scenario-checks.ts";
import type { Scenario, StepTimeKnobs } from "./scenario.ts";
import type { WorkerKnobs } from "./worker-knobs.ts";
import { BLOCKS_DEFAULT, ratesOf, workerKnobs } from "./worker-knobs.ts";

const US_PER_MS = 1e3;
const US_PER_S = 1e6;

/** What the engine of a scenario depends on besides the scenario. */
export type EngineInputs = {
  readonly hardware?: HardwareInputs;
  /** Measured profile for `step_time: table`. */
  readonly table?: ProfileTable;
  /** Step-time model of every worker, in place of the one that the scenario names. */
  readonly model?: StepTimeModel;
};

/** What a worker's GPUs and their share of the host draw. */
export type EnginePower = {
  readonly steps: StepPower;
  /** CPUs, memory, network and fans for each GPU, all the time, W. */
  readonly hostW: number;
};

export type ResolvedEngine = {
  readonly model: StepTimeModel;
  /** How far the measured kernels reach that step times come from; undefined: they come from none. */
  readonly domain: KernelDomain | undefined;
  readonly knobs: WorkerKnobs;
  readonly gpusPerWorker: number;
  readonly usdPerGpuHour: number | null;
  /** Undefined without a GPU card. */
  readonly power: EnginePower | undefined;
  /** What a client waits for a request beside the engine, whole µs. */
  readonly clientPathUs: number;
  /** Keys and values in all ranks that share a request, bytes; null: no card says. */
  readonly kvBytes: {
    readonly perToken: number;
    readonly perRequest: number;
    /** Pieces of memory that a block lies in on one rank: a layer's keys, its values. */
    readonly descriptorsPerBlock: number;
    /** Layers of the model. */
    readonly layers: number;
  } | null;
  /** The model on its GPU; undefined: the scenario does not name both. */
  readonly machine: Machine | undefined;
  readonly facts: EngineFacts;
  readonly warnings: readonly string[];
};

type PlainKnobs = Exclude<StepTimeKnobs, { readonly type: "kernels" }>;

const STEP_TIME_DEFAULT: PlainKnobs = { type: "polynomial", mixed: "fused" };

/** The scenario's step-time knobs in the models' own units. */
function stepTimeSpec(knobs: PlainKnobs): StepTimeSpec {
  switch (knobs.type) {
    case "fixed":
      return {
        type: "fixed",
        prefillUs: knobs.prefill_ms * US_PER_MS,
        decodeUs: knobs.decode_ms * US_PER_MS,
        fused: knobs.mixed === "fused",
      };
    case "linear":
      return {
        type: "linear",
        baseUs: knobs.base_us,
        prefillFixedUs: knobs.prefill_fixed_us,
        tokenUs: knobs.token_us,
        pairUs: knobs.pair_us,
        decodeRequestUs: knobs.decode_request_us,
        contextTokenUs: knobs.decode_context_us,
      };
    case "polynomial":
      return { type: "polynomial", mixed: knobs.mixed };
    case "table":
      return { type: "table", mixed: knobs.mixed };
  }
}

type Extras = Pick<KernelsSpec, "drafts" | "adapters" | "imagePatches">;

/** Patches of an image for each of its tokens: encoders merge two by two (Qwen-VL, Llama 4, InternVL). */
export const PATCHES_PER_TOKEN = 4;

/** Drafts, adapters and images as the kernels price them. */
function extrasOf({ engine, traffic: { images } }: Scenario): Extras {
  const { speculation } = engine;
  const drafts =
    speculation === null
      ? {}
      : { drafts: { kind: speculation.kind, tokens: ratesOf(speculation).length } };
  const imagePatches = images === null ? 0 : (images.patches ?? PATCHES_PER_TOKEN * images.tokens);
  return { ...drafts, ...adapterSlots(engine), imagePatches };
}

/** Part of PCIe's rate that copies from pinned memory reach; assumption, as on the cards of its links. */
const PCIE_SHARE = 0.8;

/** The time that a step waits for an adapter, by the scenario's word or its bytes. */
function loraOf(
  { engine: { lora }, cluster }: Scenario,
  machine: Machine | undefined,
): Scenario["engine"]["lora"] {
  if (lora === null || lora.load_us !== null || machine === undefined) return lora;
  const { tensor, pipeline } = cluster.parallelism;
  // Every GPU fetches its own part.
  const bytes = adapterBytes(machine.entry.card, lora.max_lora_rank) / (tensor * pipeline);
  return { ...lora, load_us: (bytes / (machine.gpu.pcieBytesPerS * PCIE_SHARE)) * US_PER_S };
}

/** The model with the time that drafts add by the scenario's word. */
function withOverhead({ speculation }: Scenario["engine"], model: StepTimeModel): StepTimeModel {
  const overheadUs = speculation?.overhead_us ?? 0;
  return overheadUs === 0 ? model : new OverheadStepTime(model, overheadUs);
}

type Timed = { readonly model: StepTimeModel; readonly coverage?: KernelsCoverage };

/** The engine's timing as its version has it. */
function timingOf(scenario: Scenario, hardware: HardwareInputs | undefined) {
  const timing = hardware?.timing;
  return timing && timingAt(timing, scenario.engine.backend_version ?? "");
}

function kernels(
  machine: Machine,
  params: KernelParams | undefined,
  timing: EngineTiming | undefined,
  extras: Extras,
): Result<Timed> {
  if (params === undefined || timing === undefined) {
    return fail({
      what: `no kernel parameters came with ${machine.gpu.name}`,
      where: "engine.step_time",
      expected: "the parameters of the GPU and the timing of the engine beside the cards",
    });
  }
  const { entry, gpu, node, layout, ranksTogether } = machine;
  const parts = { model: entry.card, gpu, params, timing };
  const model = kernelsStepTime({
    ...parts,
    ...extras,
    layout,
    ...(node === undefined ? {} : { node }),
    ...(ranksTogether === undefined ? {} : { ranksTogether }),
  });
  if (!model.ok) return model;
  const dtype = layout.dtype ?? entry.card.dtype;
  const coverage = kernelsCoverage({ ...parts, dtype, kvDtype: layout.kvDtype ?? "bf16" });
  return ok({ model: model.value, coverage });
}

function stepTimes(
  scenario: Scenario,
  inputs: EngineInputs,
  knobs: WorkerKnobs,
  machine: Machine | undefined,
): Result<Timed> {
  if (inputs.model !== undefined) return ok({ model: inputs.model });
  const chosen = scenario.engine.step_time ?? STEP_TIME_DEFAULT;
  if (usesKernels(scenario) && machine !== undefined && inputs.hardware !== undefined) {
    const timing = timingOf(scenario, inputs.hardware);
    return kernels(machine, inputs.hardware.params, timing, extrasOf(scenario));
  }
  // The schema's checks refuse kernels without model and GPU.
  const spec = stepTimeSpec(chosen.type === "kernels" ? STEP_TIME_DEFAULT : chosen);
  const kvCapacityTokens = knobs.num_gpu_blocks * knobs.block_size;
  const model = createStepTime(spec, { kvCapacityTokens, table: inputs.table });
  if (model.ok) return ok({ model: model.value });
  const place = model.problem.where === undefined ? "" : `: ${model.problem.where}`;
  return fail({ ...model.problem, where: `engine.step_time${place}` });
}

type Cards = { readonly gpu: GpuCard | undefined; readonly machine: Machine | undefined };

function cardsOf(
  scenario: Scenario,
  hardware: HardwareInputs | undefined,
  site: PoolSite | undefined,
): Result<Cards> {
  if (!needsCards(scenario)) return ok({ gpu: undefined, machine: undefined });
  if (hardware === undefined) {
    return fail({
      what: "the scenario names hardware, and no cards came with it",
      where: scenario.model === null ? "gpu" : "model",
      expected: "a deck of cards beside the scenario",
    });
  }
  const { deck } = hardware;
  const entry = modelOf(scenario, deck);
  if (!entry.ok) return entry;
  const gpu = gpuOf(scenario, deck);
  if (!gpu.ok) return gpu;
  if (entry.value === undefined || gpu.value === undefined) {
    return ok({ gpu: gpu.value, machine: undefined });
  }
  const machine = machineOf(scenario, deck, entry.value, gpu.value, site);
  return machine.ok ? ok({ gpu: gpu.value, machine: machine.value }) : machine;
}

/** Files of the user's own that step times by kernels come from. */
function ownFiles(hardware: HardwareInputs | undefined): readonly string[] {
  return [hardware?.params?.file, hardware?.timing?.file].filter((file) => file !== undefined);
}

/** What a GPU costs by the scenario, or by its card; `null`: neither says. */
export function priceOf({ cost }: Scenario, gpu: GpuCard | undefined): EngineFacts["price"] {
  const prices = gpu === undefined ? [] : gpuPrices(gpu);
  const card = prices.map(({ tier, usdPerHour, date }) => {
    return { tier, usdPerGpuHour: usdPerHour, date };
  });
  if (cost.usd_per_gpu_hour !== null) {
    return { usdPerGpuHour: cost.usd_per_gpu_hour, tier: null, date: null, card };
  }
  const price = gpu === undefined ? undefined : gpuPrice(gpu, cost.tier);
  if (price === undefined) return null;
  return { usdPerGpuHour: price.usdPerHour, tier: cost.tier, date: price.date, card };
}

/** Power of a GPU's share of its node, W. */
export function hostShareW(gpu: GpuCard, deck: CardDeck | undefined): number {
  const node = deck?.nodes.find(({ id }) => id === gpu.node);
  return node === undefined ? gpu.allInW - gpu.tdpW : node.hostW / node.gpus;
}

/**
 * Power of a GPU and of its share of the node. Without a node card the share is what the GPU's all-in power holds beyond the
 * GPU itself.
 */
function powerOf(model: StepTimeModel, gpu: GpuCard, deck: CardDeck | undefined): EnginePower {
  return { steps: new StepPower(model, gpu.power), hostW: hostShareW(gpu, deck) };
}

/** Of a token in all layers, and of what a request holds besides (linear attention). */
function kvBytesOf({ budget, entry }: Machine, { cluster }: Scenario): ResolvedEngine["kvBytes"] {
  const { tensor, pipeline } = cluster.parallelism;
  const shards = tensor * pipeline;
  const { kvBytesPerTokenAllLayers, stateBytesPerSequencePerGpu } = budget.facts;
  return {
    perToken: kvBytesPerTokenAllLayers * shards,
    perRequest: stateBytesPerSequencePerGpu * shards,
    descriptorsPerBlock: Math.ceil(kvTensors(entry.card) / pipeline),
    layers: entry.card.groups.reduce((sum, { layers }) => sum + layers, 0),
  };
}

/** Tensors that keep keys and values: two for each layer, one where a latent vector stands for both. */
function kvTensors({ groups }: ModelCard): number {
  return groups.reduce((sum, { layers, attention }) => {
    if (attention.kind === "linear") return sum;
    return sum + layers * (attention.kind === "mla" ? 1 : 2);
  }, 0);
}

/**
 * The client's path of a request: sending to the engine's queue, and its first token's step to the client. Engine
 * profiles carry it; step times of other kinds know nothing of clients.
 */
function clientPathUs({ traffic }: Scenario, timing: EngineTiming | undefined): number {
  if (traffic.client_path_ms !== null) return Math.round(traffic.client_path_ms * US_PER_MS);
  return timing === undefined ? 0 : Math.round(timing.clientRequestUs + timing.clientTokenUs);
}

/**
 * Fills in everything that the scenario leaves open; `site` is the workers' place in a fabric. Errors: an unknown model or GPU, a format the GPU
 * lacks, a parallelism that does not divide, a model or a longest request that does not fit, a
 * step-time model that cannot be made.
 */
export function resolveEngine(
  scenario: Scenario,
  inputs: EngineInputs = {},
  site?: PoolSite,
): Result<ResolvedEngine> {
  const { engine, cluster } = scenario;
  const cards = cardsOf(scenario, inputs.hardware, site);
  if (!cards.ok) return cards;
  const { gpu, machine } = cards.value;
  // Full-length tokens, so that a block stands for block_size tokens of every layer.
  const kvScale = inputs.hardware?.kvScale ?? 1;
  const sized =
    machine && Math.max(1, Math.floor((machine.budget.kvTokens * kvScale) / engine.block_size));
  const blocks = engine.num_gpu_blocks ?? sized ?? BLOCKS_DEFAULT;
  const tooLong = lengthCheck(engine, blocks);
  if (tooLong !== undefined) return fail(tooLong);
  const profile = usesKernels(scenario) ? timingOf(scenario, inputs.hardware) : undefined;
  const arrivals = {
    ahead: profile?.lookahead === true,
    ingestTokenUs: profile?.ingestTokenUs ?? 0,
  };
  const seqs = Math.min(engine.max_num_seqs, machine?.budget.stateSequences ?? Infinity);
  const sizedEngine = { ...engine, max_num_seqs: seqs, lora: loraOf(scenario, machine) };
  const apart = ranksApart(scenario);
  const knobs = workerKnobs(sizedEngine, blocks, cluster.parallelism.data / apart, arrivals);
  const timed = stepTimes(scenario, inputs, knobs, machine);
  if (!timed.ok) return timed;
  const { coverage } = timed.value;
  const worker = withOverhead(engine, timed.value.model);
  // Kernels price a worker; models of other kinds know no ranks, and price whoever has a scheduler.
  const isShared = apart > 1 && coverage !== undefined;
  const model = isShared ? new RankStepTime(worker, apart) : worker;
  const timing = coverage === undefined ? undefined : profile;
  const pathUs = clientPathUs(scenario, timing);
  const price = priceOf(scenario, gpu);
  const gpusPerWorker = gpusOfEngine(scenario);
  const facts = engineFacts({
    scenario,
    knobs,
    gpusPerWorker,
    price,
    machine,
    coverage,
    stepTime: model.name,
    gpu: gpu?.id ?? null,
    timingVersion: timing?.version ?? null,
    calibrationFiles: coverage === undefined ? [] : ownFiles(inputs.hardware),
    clientPathMs: pathUs / US_PER_MS,
  });
  return ok({
    model,
    domain: coverage?.domain,
    knobs,
    gpusPerWorker,
    power: gpu && powerOf(model, gpu, inputs.hardware?.deck),
    clientPathUs: pathUs,
    kvBytes: machine === undefined ? null : kvBytesOf(machine, scenario),
    facts,
    machine,
    usdPerGpuHour: price?.usdPerGpuHour ?? null,
    warnings: engineWarnings(scenario, model.name, machine, coverage),
  });
}
