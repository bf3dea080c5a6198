/** Networks that the disaggregation study puts between prefill and decode workers. */

import { fail, ok } from "../../core/index.ts";
import type { Problem, Result } from "../../core/index.ts";
import type { CardDeck, GpuCard, LinkCard, NodeCard } from "../../hardware/index.ts";
import { findGpu } from "../../hardware/index.ts";
import type { Scenario } from "../../sim/index.ts";

const US_PER_S = 1e6;

/** Asks for prefill and decode workers in one NVLink domain. */
export const NVLINK = "nvlink";

/** What is tried unless told: NVLink, InfiniBand NDR, 100 and 25 Gb/s Ethernet. */
export const NETWORKS_DEFAULT = [NVLINK, "ib-ndr400", "ethernet-100", "ethernet-25"];

/** The card whose efficiency and latency a speed between two networks has. */
const BETWEEN = "roce-400";

export type StudyNetwork = {
  readonly name: string;
  /** Line rate for a GPU, one direction, bytes/s. */
  readonly bytesPerS: number;
  /** Where the workers stand. */
  readonly placement: "pack" | "pools_apart";
  /** Link card of the NICs; null: NVLink carries everything. */
  readonly link: LinkCard | null;
};

/** The GPU and node of a scenario. Errors: it has pools, names none, or a GPU whose card names no node. */
export function machineOf(
  scenario: Scenario,
  deck: CardDeck,
): Result<{ readonly gpu: GpuCard; readonly node: NodeCard }> {
  if (scenario.cluster.pools.length > 0) {
    return fail({
      what: "the study looks for the best split itself, and the scenario is split already",
      where: "cluster.pools",
      expected: "mixed workers on one kind of GPU: gpu, cluster.workers and cluster.parallelism",
      remedy: "leave cluster.pools out, and name the gpu",
    });
  }
  if (scenario.gpu === null || scenario.model === null) {
    return fail({
      what: "the study moves keys and values of a model between GPUs, and the scenario names none",
      where: scenario.gpu === null ? "gpu" : "model",
      expected: "model: NAME and gpu: NAME",
      remedy: "add --model NAME --gpu NAME",
    });
  }
  const gpu = findGpu(deck, scenario.gpu);
  if (!gpu.ok) return fail({ ...gpu.problem, where: "gpu" });
  const node = deck.nodes.find(({ id }) => id === gpu.value.node);
  if (node !== undefined) return ok({ gpu: gpu.value, node });
  return fail({
    what: `no node card has ${gpu.value.id}`,
    where: "gpu",
    expected: "a GPU whose card names its node",
  });
}

/**
 * A network by its name: `nvlink` or a link card. Errors: an unknown link; workers that one NVLink domain cannot hold.
 *
 * @param gpus of all workers together
 */
export function studyNetwork(
  name: string,
  deck: CardDeck,
  machine: { readonly gpu: GpuCard; readonly node: NodeCard },
  gpus: number,
): Result<StudyNetwork> {
  const { gpu, node } = machine;
  if (name === NVLINK) {
    const domain = gpu.nvlinkBytesPerS > 0 ? Math.max(gpu.nvlinkGpus, node.nvlinkGpus) : 1;
    if (gpus > domain) return fail(tooWide(gpus, domain, gpu));
    return ok({ name, bytesPerS: gpu.nvlinkBytesPerS, placement: "pack", link: null });
  }
  const link = deck.links.find(({ id }) => id === name.trim().toLowerCase());
  if (link === undefined) {
    return fail({
      what: `unknown network ${name}`,
      where: "--networks",
      expected: `${NVLINK}, or one of ${deck.links.map(({ id }) => id).join(", ")}`,
    });
  }
  const bytesPerS = (link.bytesPerS * node.nics) / node.gpus;
  return ok({ name, bytesPerS, placement: "pools_apart", link });
}

function tooWide(gpus: number, domain: number, { name }: GpuCard): Problem {
  return {
    what: `${String(gpus)} GPUs do not share NVLink`,
    where: "cluster.workers",
    expected: `at most ${String(domain)}: what one NVLink domain of ${name} holds`,
    remedy: "run fewer or smaller workers, or leave nvlink out of --networks",
  };
}

/** A network of `bytesPerS` for a GPU, between those that cards describe. */
export function networkBetween(
  bytesPerS: number,
  deck: CardDeck,
  { node }: { readonly node: NodeCard },
): StudyNetwork {
  const gbitPerS = Math.round((bytesPerS * 8) / 1e9);
  const known = deck.links.find(({ id }) => id === BETWEEN);
  const link: LinkCard = {
    kind: "ethernet",
    latencyS: known?.latencyS ?? 12 / US_PER_S,
    efficiency: known?.efficiency ?? 0.85,
    id: `study-${String(gbitPerS)}`,
    bytesPerS: (bytesPerS * node.gpus) / node.nics,
  };
  return { name: `${String(gbitPerS)} Gb/s`, bytesPerS, placement: "pools_apart", link };
}
