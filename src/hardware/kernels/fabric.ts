/** The links between the ranks of a worker, and what collectives over them cost. */
import type { GpuCard, NodeCard } from "../gpu-card.ts";
import type { CollectiveOp, CollectiveParams } from "./collective.ts";
import { collectiveUs, oneShotReduceUs } from "./collective.ts";
import type { KernelParams } from "./kernel-params.ts";

const US_PER_S = 1e6;

/** Latency of one more level of doubling across nodes: DeepEP low latency, kernel notes §5.4. */
const INTER_NODE_FIXED_US = 14;
const INTER_NODE_DOUBLING_US = 4;

/**
 * Part of the NIC's rate that all-to-all reaches: DeepEP low latency on H100 with 50 GB/s NICs, 128
 * tokens: 76, 53, 46 GB/s a GPU at 2, 4, 8 nodes is 0.79 × 50 ÷ the share that leaves the node.
 */
const INTER_NODE_SHARE = 0.79;

/** Part of NVLink (one direction) that large collectives reach where none was measured: §5.4. */
const NVLINK_SHARE = 0.62;
/** Latency of a collective inside a node where none was measured: between custom and NCCL. */
const LATENCY_US = 8;
/** Size at which its bandwidth is reached where none was measured: 1 MB (kernel notes §5.4). */
const SWITCH_BYTES = 1e6;
/** Extra latency of each doubling of ranks beyond the largest measured group (NVL72 rows, §5.4). */
const WIDE_DOUBLING_US = 2;
/** Point to point between pipeline stages: AIConfigurator's constant. */
const P2P_US = 10;
const MEASURED_RANKS = [8, 4, 2];

export type Fabric = {
  readonly collectives: Readonly<Record<string, CollectiveParams>>;
  /** GPUs of one NVLink (or PCIe) domain. */
  readonly domain: number;
  /** One direction, per GPU. */
  readonly localBytesPerUs: number;
  readonly nicBytesPerUs: number;
};

/** NICs of hosts without a card: one 400 Gb/s port a GPU (assumption). */
const NIC_BYTES_PER_S = 50e9;

/**
 * Links of a GPU in its node, with the measured collectives.
 *
 * @param ranksTogether GPUs of a worker that its place leaves in one NVLink domain, when fewer than the domain has
 */
export function fabricOf(
  params: KernelParams,
  gpu: GpuCard,
  node?: NodeCard,
  ranksTogether = Infinity,
): Fabric {
  const measured = Object.entries(params.collective).map(([key, fit]) => [key, fit.params]);
  const local = gpu.nvlinkBytesPerS > 0 ? gpu.nvlinkBytesPerS : gpu.pcieBytesPerS;
  return {
    collectives: Object.fromEntries(measured) as Fabric["collectives"],
    domain: Math.min(
      ranksTogether,
      Math.max(node?.nvlinkGpus ?? 1, gpu.nvlinkGpus, node?.gpus ?? 1),
    ),
    localBytesPerUs: local / US_PER_S,
    nicBytesPerUs: (node?.nicBytesPerS ?? NIC_BYTES_PER_S) / US_PER_S,
  };
}

/** Whole doublings in a number of ranks. */
function doublingsOf(ranks: number): number {
  return 31 - Math.clz32(ranks);
}

function localParams(fabric: Fabric, key: string, ranks: number): CollectiveParams {
  const exact = fabric.collectives[`${key}/${ranks}`];
  if (exact !== undefined) return exact;
  for (const measured of MEASURED_RANKS) {
    const near = fabric.collectives[`${key}/${measured}`];
    if (near === undefined) continue;
    const doublings = Math.max(0, doublingsOf(ranks) - doublingsOf(measured));
    return { ...near, fixedUs: near.fixedUs + WIDE_DOUBLING_US * doublings };
  }
  const bytesPerUs = NVLINK_SHARE * fabric.localBytesPerUs;
  return { fixedUs: LATENCY_US, bytesPerUs, stepUs: LATENCY_US, switchBytes: SWITCH_BYTES };
}

/** The quicker of an engine's own all-reduce and NCCL's, µs. */
export function allReduceUs(fabric: Fabric, engine: string, ranks: number, bytes: number): number {
  if (ranks <= 1) return 0;
  const inside = Math.min(ranks, fabric.domain);
  const own = collectiveUs(localParams(fabric, engine, inside), "all-reduce", inside, bytes);
  const nccl = collectiveUs(
    localParams(fabric, "nccl/all-reduce", inside),
    "all-reduce",
    inside,
    bytes,
  );
  return Math.min(own, nccl) + betweenNodesUs(fabric, ranks, (2 * bytes) / inside);
}

/** An engine's all-reduce in one shot whatever the size, µs; its usual one where ranks span domains. */
export function oneShotUs(fabric: Fabric, engine: string, ranks: number, bytes: number): number {
  if (ranks > fabric.domain) return allReduceUs(fabric, engine, ranks, bytes);
  return oneShotReduceUs(localParams(fabric, engine, ranks), ranks, bytes);
}

/** Gather, scatter or exchange of a buffer of `bytes` over `ranks`, µs. */
export function exchangeUs(
  fabric: Fabric,
  op: Exclude<CollectiveOp, "all-reduce">,
  ranks: number,
  bytes: number,
): number {
  if (ranks <= 1) return 0;
  const inside = Math.min(ranks, fabric.domain);
  const local = collectiveUs(localParams(fabric, `nccl/${op}`, inside), op, inside, bytes);
  return local + betweenNodesUs(fabric, ranks, bytes / inside);
}

/**
 * Part of NVLink (one direction) that an all-to-all of expert rows reaches, its latency and that of
 * preparing it: TensorRT-LLM's on GB200 NVL72 (kernel notes §5.4): 8192 tokens of a rank to 8 experts
 * each, hidden 7168, bf16: 940 MB in 1.40 ms; 128 tokens in 35 to 41 µs, of which 22 are that rate's.
 */
const ALL_TO_ALL_SHARE = 0.745;
const ALL_TO_ALL_US = 15;

/** An all-to-all in which every rank sends `bytes` in all, µs. */
export function allToAllUs(fabric: Fabric, ranks: number, bytes: number): number {
  if (ranks <= 1) return 0;
  const inside = Math.min(ranks, fabric.domain);
  const localUs = (bytes * (inside - 1)) / ranks / (ALL_TO_ALL_SHARE * fabric.localBytesPerUs);
  return ALL_TO_ALL_US + localUs + betweenNodesUs(fabric, ranks, bytes);
}

/** What `bytes` a GPU cost over the NICs when the ranks span several domains, µs. */
function betweenNodesUs(fabric: Fabric, ranks: number, bytes: number): number {
  const nodes = Math.ceil(ranks / fabric.domain);
  if (nodes <= 1) return 0;
  const share = (nodes - 1) / nodes;
  const fixedUs = INTER_NODE_FIXED_US + INTER_NODE_DOUBLING_US * doublingsOf(nodes);
  return fixedUs + (bytes * share) / (INTER_NODE_SHARE * fabric.nicBytesPerUs);
}

/** One hop of activations to the next pipeline stage, µs. */
export function hopUs(fabric: Fabric, bytes: number, gpus: number): number {
  const inside = gpus <= fabric.domain;
  return P2P_US + bytes / (inside ? fabric.localBytesPerUs : fabric.nicBytesPerUs);
}
