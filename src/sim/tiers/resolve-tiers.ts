/** From a scenario's `kv` section to what a tier system is built from; cards fill in what it leaves open. */

import { fail, ok } from "../../core/index.ts";
import type { Problem, Result } from "../../core/index.ts";
import {
  evictionPolicies,
  offloadPolicies,
  onboardPolicies,
  policyWithKnobs,
} from "../../policies/index.ts";
import type { Machine } from "../hardware-inputs.ts";
import type { ClusterNetwork } from "../network/index.ts";
import { placeOf } from "./fabric-tier-links.ts";
import type { KvSection, TierKnobs } from "./tier-schema.ts";
import type { LevelSettings, TierScope, TierSettings } from "./tier-settings.ts";

const US_PER_S = 1e6;
/** Host links without a card: AISimulate's default (`dynamo-simulation.md` §1.6). */
const HOST_BYTES_PER_US = 32_000;
/** A local disk without a figure: AISimulate's default, 10 GB/s and 0.1 ms (`dynamo-simulation.md` §1.6). */
const DISK_BYTES_PER_US = 10_000;
const DISK_LATENCY_US = 100;
/** First byte of an object store (assumption: tens of ms from public clouds, some ms in one's own network). */
const REMOTE_LATENCY_US = 10_000;
/** What PCIe and C2C give to payloads: efficiencies of models/links/pcie5-x16.yaml and nvlink-c2c.yaml. */
const PCIE_EFFICIENCY = 0.8;
const C2C_EFFICIENCY = 0.85;
/** models/links/ib-ndr400.yaml. */
const NIC_EFFICIENCY = 0.93;
const WIDTH: Readonly<Record<TierScope, number>> = { worker: 0, node: 1, cluster: 2 };

/** What the tiers depend on besides their section. */
export type TierBase = {
  readonly workers: number;
  readonly gpusPerWorker: number;
  readonly blockSize: number;
  readonly machine: Machine | undefined;
  /** KV bytes of a token in all GPUs of a worker; undefined: no card says. */
  readonly tokenBytes: number | undefined;
  /** Whether the scenario has faults of links. */
  readonly hasWeakPorts?: boolean;
  /** The cluster's network and a worker of the pool; undefined: tiers have links of their own. */
  readonly fabric?: { readonly net: ClusterNetwork; readonly worker: number } | undefined;
};

function hostBytesPerUs(kv: KvSection, { machine, gpusPerWorker }: TierBase): number {
  if (kv.host_bytes_per_s !== null) return kv.host_bytes_per_s / US_PER_S;
  if (machine === undefined) return HOST_BYTES_PER_US;
  const { c2cBytesPerS, pcieBytesPerS } = machine.gpu;
  const each = c2cBytesPerS > 0 ? c2cBytesPerS * C2C_EFFICIENCY : pcieBytesPerS * PCIE_EFFICIENCY;
  return (each * gpusPerWorker) / US_PER_S;
}

function workersPerNode(kv: KvSection, { machine, gpusPerWorker }: TierBase): number {
  const gpus = machine?.node?.gpus ?? gpusPerWorker;
  return kv.workers_per_node ?? Math.max(1, Math.floor(gpus / gpusPerWorker));
}

function scopeOf({ level, scope }: TierKnobs): TierScope {
  return scope ?? (level === "g4" ? "cluster" : "worker");
}

/** On a fabric, a rate that the scenario does not name is that of the fabric's links. */
function ratesOf(
  tier: TierKnobs,
  hostRate: number,
  isFabric: boolean,
): { readonly read: number; readonly write: number; readonly latencyUs: number } | undefined {
  const own = { g2: hostRate, g3: DISK_BYTES_PER_US, g4: NaN }[tier.level];
  const fallback = isFabric ? Infinity : own;
  const read = tier.read_bytes_per_s === null ? fallback : tier.read_bytes_per_s / US_PER_S;
  const write = tier.write_bytes_per_s === null ? read : tier.write_bytes_per_s / US_PER_S;
  if (Number.isNaN(read)) return undefined;
  const latency = { g2: 0, g3: DISK_LATENCY_US, g4: REMOTE_LATENCY_US }[tier.level];
  return { read, write, latencyUs: tier.latency_us ?? latency };
}

/** What a tier lacks of the fabric; undefined: nothing. */
function fabricProblem(
  { level }: TierKnobs,
  where: string,
  fabric: TierBase["fabric"],
): Problem | undefined {
  if (fabric === undefined || fabric.net.topology.has(placeOf(level), fabric.worker)) {
    return undefined;
  }
  const isStore = level === "g4";
  return {
    what: `the tier ${level} has no link to it`,
    where: isStore ? "cluster.fabric.store" : `${where}.level`,
    expected: isStore ? "the link card of an object store" : "a node with host memory and drives",
    remedy: isStore
      ? "set cluster.fabric.store: object-store, or leave the tier out"
      : "choose a GPU whose node has them, or leave the tier out",
  };
}

/** The slower of a transfer's codec and its cipher, each absent: no limit. */
function codecBytesPerUs(tier: TierKnobs): number {
  const codec = tier.codec_bytes_per_s ?? Infinity;
  const cipher = tier.encryption_bytes_per_s ?? Infinity;
  return Math.min(codec, cipher) / US_PER_S;
}

/** Most that encryption on the network lets through for one transfer. */
function transitBytesPerUs({ transit_encryption_bytes_per_s: bytesPerS }: KvSection): number {
  return bytesPerS === null ? Infinity : bytesPerS / US_PER_S;
}

function levelOf(
  kv: KvSection,
  index: number,
  blockBytes: number,
  hostRate: number,
  fabric: TierBase["fabric"],
): Result<LevelSettings> {
  const tier = kv.tiers[index]!;
  const where = `kv.tiers.${index}`;
  const missing = fabricProblem(tier, where, fabric);
  if (missing !== undefined) return fail(missing);
  const rates = ratesOf(tier, hostRate, fabric !== undefined);
  if (rates === undefined) {
    return fail({
      what: `the tier ${tier.level} has no link`,
      where: `${where}.read_bytes_per_s`,
      expected: "the rate at which the remote store is read",
      remedy: 'set read_bytes_per_s, for example "4 GB/s"',
    });
  }
  const stored = blockBytes / tier.compression_ratio;
  const capacity = tier.capacity_blocks ?? Math.floor((tier.capacity_bytes ?? 0) / stored);
  if (capacity < 1) {
    return fail({
      what: `the tier ${tier.level} holds no block`,
      where: tier.capacity_bytes === null ? where : `${where}.capacity_bytes`,
      expected: `capacity_blocks, or capacity_bytes of at least a block (${Math.ceil(stored)} B)`,
      remedy: "give it a size, or leave the tier out",
    });
  }
  const eviction = policyWithKnobs(evictionPolicies, tier.eviction, tier.eviction_knobs, {
    name: `${where}.eviction`,
    knobs: `${where}.eviction_knobs`,
  });
  if (!eviction.ok) return eviction;
  const offloadName = tier.offload ?? (tier.level === "g2" ? "presence" : "frequency");
  const offload = policyWithKnobs(offloadPolicies, offloadName, tier.offload_knobs, {
    name: `${where}.offload`,
    knobs: `${where}.offload_knobs`,
  });
  if (!offload.ok) return offload;
  return ok({
    name: tier.level,
    scope: scopeOf(tier),
    capacityBlocks: Math.min(capacity, 2147483646),
    blockBytes: stored,
    readBytesPerUs: rates.read,
    writeBytesPerUs: rates.write,
    latencyUs: rates.latencyUs,
    codecBytesPerUs: Math.min(
      codecBytesPerUs(tier),
      // Only what is remote for certain: other tiers may be on the worker's own node.
      tier.level === "g4" ? transitBytesPerUs(kv) : Infinity,
      // The store's own rates, where the fabric's links have no part in it.
      fabric === undefined ? Infinity : Math.min(rates.read, rates.write),
    ),
    eviction: eviction.value,
    offload: { ...offload.value, when: tier.offload_when },
    promotes: tier.promote,
    retentionUs: tier.retention_s === null ? Infinity : Math.round(tier.retention_s * US_PER_S),
  });
}

/** Tiers in order, none twice, none narrower than the one above. */
function checkOrder(tiers: readonly TierKnobs[]): Result<true> {
  for (const [index, tier] of tiers.entries()) {
    const above = tiers[index - 1];
    if (above === undefined) continue;
    const where = `kv.tiers.${index}`;
    if (tier.level <= above.level) {
      return fail({
        what: `the tier ${tier.level} stands behind ${above.level}`,
        where: `${where}.level`,
        expected: "tiers from the nearest to the farthest, each once",
        remedy: "put g2 before g3 before g4",
      });
    }
    if (WIDTH[scopeOf(tier)] >= WIDTH[scopeOf(above)]) continue;
    return fail({
      what: `the tier ${tier.level} of each ${scopeOf(tier)} stands behind ${above.level}, which a ${scopeOf(above)} shares`,
      where: `${where}.scope`,
      expected: `a store that is shared at least as widely: ${scopeOf(above)} or wider`,
      remedy: `set scope: ${scopeOf(above)}`,
    });
  }
  return ok(true);
}

function peerOf(kv: KvSection, base: TierBase): Result<TierSettings["peer"]> {
  if (!kv.peer_fetch) return ok(undefined);
  const { machine, gpusPerWorker } = base;
  const node = machine?.node;
  const each = node === undefined ? NaN : (node.nicBytesPerS * node.nics) / node.gpus;
  // On a fabric what they fetch crosses its links.
  const own = base.fabric === undefined ? each * gpusPerWorker * NIC_EFFICIENCY : Infinity;
  const bytesPerS = kv.peer_bytes_per_s ?? own;
  if (!(bytesPerS > 0)) {
    return fail({
      what: "workers have no network port to fetch over",
      where: "kv.peer_bytes_per_s",
      expected: "the rate of a worker's network port",
      remedy: 'set kv.peer_bytes_per_s, for example "50 GB/s", or peer_fetch: false',
    });
  }
  return ok({
    bytesPerUs: bytesPerS / US_PER_S,
    latencyUs: kv.peer_latency_us,
    cipherBytesPerUs: transitBytesPerUs(kv),
  });
}

/** When to bring prefixes up. Errors: no host memory to bring them to, nothing below it. */
function prefetchOf({ prefetch, tiers }: KvSection): Result<TierSettings["prefetch"]> {
  if (prefetch.into === "none") return ok(undefined);
  if (tiers[0]?.level === "g2" && tiers.length > 1) {
    return ok({ leadUs: Math.round(prefetch.lead_s * US_PER_S) });
  }
  return fail({
    what: "there is nothing to bring into g2",
    where: "kv.prefetch.into",
    expected: "a tier g2, and g3 or g4 behind it",
    remedy: "add the tier to kv.tiers, or set kv.prefetch.into: none",
  });
}

/**
 * Everything the tiers of a pool are built from; undefined: the scenario has none. Errors: unknown policies and knobs, tiers
 * out of order, a tier without size or link, KV bytes that nothing tells.
 */
export function resolveTiers(kv: KvSection, base: TierBase): Result<TierSettings | undefined> {
  if (kv.tiers.length === 0 && !kv.peer_fetch) return ok(undefined);
  const order = checkOrder(kv.tiers);
  if (!order.ok) return order;
  const tokenBytes = kv.bytes_per_token ?? base.tokenBytes;
  if (tokenBytes === undefined) {
    return fail({
      what: "nothing says how many bytes the KV of a token has",
      where: "kv.bytes_per_token",
      expected: "the model's KV bytes per token",
      remedy: 'name a model and a gpu, or set kv.bytes_per_token, for example "128 KiB"',
    });
  }
  const onboard = policyWithKnobs(onboardPolicies, kv.onboard, kv.onboard_knobs, {
    name: "kv.onboard",
    knobs: "kv.onboard_knobs",
  });
  if (!onboard.ok) return onboard;
  const peer = peerOf(kv, base);
  if (!peer.ok) return peer;
  const blockBytes = tokenBytes * base.blockSize;
  const hostRate = hostBytesPerUs(kv, base);
  const levels: LevelSettings[] = [];
  for (const index of kv.tiers.keys()) {
    const level = levelOf(kv, index, blockBytes, hostRate, base.fabric);
    if (!level.ok) return level;
    levels.push(level.value);
  }
  const prefetch = prefetchOf(kv);
  if (!prefetch.ok) return prefetch;
  return ok({
    levels,
    onboard: onboard.value,
    prefetch: prefetch.value,
    blockBytes,
    workers: base.workers,
    workersPerNode: workersPerNode(kv, base),
    hostBytesPerUs: hostRate,
    peer: peer.value,
    hasWeakPorts: base.hasWeakPorts === true,
    setupUs: kv.setup_us,
  });
}
