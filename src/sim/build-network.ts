/** From a scenario's fabric and pools to its network: places, links, routes. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import type { CardDeck } from "../hardware/index.ts";
import { ENCODERS } from "./encoders/encoder-schema.ts";
import type { FabricKnobs } from "./fabric-schema.ts";
import { gpuOf } from "./hardware-inputs.ts";
import type { PoolSite } from "./hardware-inputs.ts";
import { ClusterNetwork } from "./network/cluster-network.ts";
import type { LinkRate, NodeRates } from "./network/link-rates.ts";
import { linkNamed, networkCard, nodeRates } from "./network/link-rates.ts";
import type { PlacedPool, Placement } from "./network/placement.ts";
import { placeWorkers, ranksInDomain } from "./network/placement.ts";
import { Topology } from "./network/topology.ts";
import { atPool, gpusOfEngine, poolScenarios, poolsOf, ranksApart } from "./pool-scenarios.ts";
import type { Scenario } from "./scenario.ts";

const US_PER_S = 1e6;

/** A fabric on the ground: where workers are and what is around them. */
export type Site = {
  readonly fabric: FabricKnobs;
  readonly placement: Placement;
  readonly pools: readonly PoolSite[];
  readonly rates: readonly NodeRates[];
  readonly store: LinkRate | undefined;
};

/** `ranks`: of a worker, each with GPUs of its own. */
type SitedPool = PlacedPool & { readonly index: number; readonly ranks: number };

/** In the order in which workers are numbered: decode pools last, encoder workers behind them. */
function placedPools(scenario: Scenario, deck: CardDeck): Result<readonly SitedPool[]> {
  const named = poolsOf(scenario);
  const pools: SitedPool[] = [];
  for (const [index, own] of poolScenarios(scenario).entries()) {
    const gpu = gpuOf(own, deck);
    if (!gpu.ok) return fail(atPool(scenario, index, gpu.problem));
    if (gpu.value === undefined) {
      return fail(
        atPool(scenario, index, {
          what: "a fabric without GPUs",
          where: "gpu",
          expected: "a GPU card, whose node has the links",
          remedy: "set gpu: NAME, or remove cluster.fabric",
        }),
      );
    }
    const { id, node: home } = gpu.value;
    const node = deck.nodes.find((card) => card.id === home);
    if (node === undefined) {
      return fail(
        atPool(scenario, index, {
          what: `no node card has ${id}`,
          where: "gpu",
          expected: `a node card for ${id}, with its NICs, host memory and drives`,
          remedy: "choose a GPU whose card names a node, or give node and GPU cards with --cards",
        }),
      );
    }
    const { name, workers } = named[index]!;
    const ranks = ranksApart(own);
    const gpusPerWorker = ranks * gpusOfEngine(own);
    pools.push({ index, name, workers, gpusPerWorker, ranks, gpu: gpu.value, node });
  }
  const isLast = ({ index }: { readonly index: number }): boolean =>
    named[index]!.role === "decode";
  const ordered = [...pools.filter((pool) => !isLast(pool)), ...pools.filter(isLast)];
  const { encoders } = scenario.cluster;
  if (encoders === null) return ok(ordered);
  const card = gpuOf({ ...scenario, gpu: encoders.gpu ?? scenario.gpu }, deck);
  if (!card.ok) return fail({ ...card.problem, where: "cluster.encoders.gpu" });
  const node = deck.nodes.find(({ id }) => id === card.value?.node);
  if (card.value === undefined || node === undefined) {
    return fail({
      what: "no node card has the GPU of the encoder workers",
      where: "cluster.encoders.gpu",
      expected: "a GPU whose card names a node",
    });
  }
  const { workers, tensor: gpusPerWorker } = encoders;
  const last = { index: pools.length, name: ENCODERS, workers, gpusPerWorker, ranks: 1 };
  return ok([...ordered, { ...last, gpu: card.value, node }]);
}

function storeRate(deck: CardDeck, name: string | null): Result<LinkRate | undefined> {
  if (name === null) return ok(undefined);
  const where = "cluster.fabric.store";
  const card = linkNamed(deck, name, where);
  if (!card.ok) return card;
  const { kind, bytesPerS, efficiency, latencyS } = card.value;
  if (kind === "store") {
    return ok({ bytesPerUs: (bytesPerS * efficiency) / US_PER_S, latencyUs: latencyS * US_PER_S });
  }
  return fail({ what: `${name} is no store but ${kind}`, where, expected: "a link of kind store" });
}

/**
 * Puts the scenario's workers on the ground; undefined: it has no fabric. Errors: no GPU or node card, unknown links, a topology that cannot
 * hold the workers.
 */
export function siteOf(scenario: Scenario, deck: CardDeck | undefined): Result<Site | undefined> {
  const { fabric } = scenario.cluster;
  if (fabric === null) return ok(undefined);
  const pools = placedPools(scenario, deck ?? { gpus: [], nodes: [], links: [], llms: [] });
  if (!pools.ok) return pools;
  const cards = deck!;
  const spec = { pools: pools.value, placement: fabric.placement, nodes: fabric.nodes };
  const placement = placeWorkers(spec);
  if (!placement.ok) return placement;
  const choice = { network: fabric.network, nicsPerNode: fabric.nics_per_node };
  const byKind = new Map<string, NodeRates>();
  for (const { gpu, node } of pools.value) {
    const rates = nodeRates(cards, gpu, node, choice);
    if (!rates.ok) return rates;
    byKind.set(node.id, rates.value);
  }
  const store = storeRate(cards, fabric.store);
  if (!store.ok) return store;
  const sites: PoolSite[] = [];
  let worker = 0;
  for (const { index, node, workers } of pools.value) {
    const nic = networkCard(cards, node, choice);
    if (!nic.ok) return nic;
    let least = Infinity;
    const end = worker + workers;
    for (; worker < end; worker++) {
      least = Math.min(least, ranksInDomain(placement.value, placement.value.gpusOf[worker]!));
    }
    // Step times take the share of a GPU: its part of the node's ports.
    const share = (nic.value.bytesPerS * byKind.get(node.id)!.nics) / node.gpus;
    sites[index] = { node: { ...node, nicBytesPerS: share }, ranksTogether: least };
  }
  const rates = placement.value.nodes.map(({ card }) => byKind.get(card.id)!);
  const split = withRanks(placement.value, pools.value);
  return ok({ fabric, placement: split, pools: sites, rates, store: store.value });
}

/** The placement of ranks that are workers of their own: equal parts of their worker's GPUs, in order. */
function withRanks({ nodes, gpusOf }: Placement, pools: readonly SitedPool[]): Placement {
  const owners = pools.flatMap((pool) => Array.from({ length: pool.workers }, () => pool));
  const parts = gpusOf.flatMap((gpus, worker) => {
    const { ranks } = owners[worker]!;
    const each = gpus.length / ranks;
    return Array.from({ length: ranks }, (_, rank) => gpus.slice(rank * each, (rank + 1) * each));
  });
  return { nodes, gpusOf: parts };
}

/** The network of a site. */
export function networkOf({ fabric, placement, rates, store }: Site): ClusterNetwork {
  const topology = new Topology({
    placement,
    rates,
    store,
    rails: fabric.rails,
    nodesPerLeaf: fabric.nodes_per_leaf,
    oversubscription: fabric.oversubscription,
  });
  return new ClusterNetwork(topology, placement.gpusOf.length, {
    shared: fabric.sharing === "fair",
    setupUs: fabric.setup_us,
    descriptorUs: fabric.descriptor_us,
    transfersPerOwner: fabric.transfers_per_worker ?? Infinity,
  });
}
