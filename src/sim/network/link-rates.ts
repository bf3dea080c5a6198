/** Rates and latencies of the links around a GPU: peaks from GPU and node cards, efficiencies and latencies from link cards. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import type { CardDeck, GpuCard, LinkCard, NodeCard } from "../../hardware/index.ts";

const US_PER_S = 1e6;

/** What payloads get of a link, and the time of a first byte on it. */
export type LinkRate = { readonly bytesPerUs: number; readonly latencyUs: number };

/** Links of a node: per GPU, per NIC, and of the whole node. */
export type NodeRates = {
  /** Between GPUs of a domain, one direction, per GPU; undefined: there is no NVLink. */
  readonly nvlink: LinkRate | undefined;
  /** GPU to host and NIC, one direction, per GPU: C2C where there is one, else PCIe. */
  readonly host: LinkRate & { readonly kind: "c2c" | "pcie" };
  readonly nic: LinkRate;
  readonly nics: number;
  /** Both directions together. */
  readonly dram: LinkRate;
  readonly nvmeRead: LinkRate;
  readonly nvmeWrite: LinkRate;
};

/** What the scenario says of the network in place of the cards. */
export type NetworkChoice = {
  /** Link card of the NICs; null: the node card's NICs. */
  readonly network: string | null;
  readonly nicsPerNode: number | null;
};

/** InfiniBand before an Ethernet of the same rate: what node cards' NICs are. */
const NETWORK_KINDS = ["infiniband", "ethernet"];

/** The card of these kinds whose line rate is nearest. */
function nearestLink(
  deck: CardDeck,
  kinds: readonly string[],
  bytesPerS: number,
): Result<LinkCard> {
  let best: LinkCard | undefined;
  const ratio = (link: LinkCard): number =>
    Math.max(link.bytesPerS / bytesPerS, bytesPerS / link.bytesPerS);
  for (const kind of kinds) {
    for (const link of deck.links) {
      if (link.kind !== kind) continue;
      if (best === undefined || ratio(link) < ratio(best)) best = link;
    }
  }
  if (best !== undefined) return ok(best);
  return fail({
    what: `no link card of kind ${kinds.join(" or ")} came with the scenario`,
    where: "cluster.fabric",
    expected: "the bundled link cards, or one of your own",
  });
}

function rateOf({ efficiency, latencyS }: LinkCard, bytesPerS: number): LinkRate {
  return { bytesPerUs: (bytesPerS * efficiency) / US_PER_S, latencyUs: latencyS * US_PER_S };
}

/** The link card of this name. Errors: none, with the known ones. */
export function linkNamed(deck: CardDeck, name: string, where: string): Result<LinkCard> {
  const wanted = name.trim().toLowerCase();
  const found = deck.links.find(({ id }) => id === wanted);
  if (found !== undefined) return ok(found);
  return fail({
    what: `unknown link ${name}`,
    where,
    expected: `one of ${deck.links.map(({ id }) => id).join(", ")}`,
    remedy: "choose one of them, or add a link card of your own with --cards FILE",
  });
}

/** The link card of the NICs, and their line rate, bytes/s. */
export function networkCard(
  deck: CardDeck,
  node: NodeCard,
  { network }: NetworkChoice,
): Result<{ readonly card: LinkCard; readonly bytesPerS: number }> {
  if (network === null) {
    const card = nearestLink(deck, NETWORK_KINDS, node.nicBytesPerS);
    return card.ok ? ok({ card: card.value, bytesPerS: node.nicBytesPerS }) : card;
  }
  const where = "cluster.fabric.network";
  const card = linkNamed(deck, network, where);
  if (!card.ok) return card;
  if (!NETWORK_KINDS.includes(card.value.kind)) {
    return fail({
      what: `${network} is no network but ${card.value.kind}`,
      where,
      expected: `a link of kind ${NETWORK_KINDS.join(" or ")}`,
    });
  }
  return ok({ card: card.value, bytesPerS: card.value.bytesPerS });
}

/** The links of a node. Errors: an unknown network, a kind of link without a card. */
export function nodeRates(
  deck: CardDeck,
  gpu: GpuCard,
  node: NodeCard,
  choice: NetworkChoice,
): Result<NodeRates> {
  const hasC2c = gpu.c2cBytesPerS > 0;
  const hostBytesPerS = hasC2c ? gpu.c2cBytesPerS : gpu.pcieBytesPerS;
  const hostKind = hasC2c ? "c2c" : "pcie";
  const network = networkCard(deck, node, choice);
  if (!network.ok) return network;
  const rates: Record<string, LinkRate> = {};
  for (const [name, kind, bytesPerS] of [
    ["nvlink", "nvlink", gpu.nvlinkBytesPerS],
    ["host", hostKind, hostBytesPerS],
    ["dram", "dram", node.hostBytesPerS],
    ["nvmeRead", "nvme", node.nvmeReadBytesPerS],
    ["nvmeWrite", "nvme", node.nvmeWriteBytesPerS],
  ] as const) {
    if (bytesPerS <= 0) continue;
    const card = nearestLink(deck, [kind], bytesPerS);
    if (!card.ok) return card;
    rates[name] = rateOf(card.value, bytesPerS);
  }
  const none: LinkRate = { bytesPerUs: 0, latencyUs: 0 };
  return ok({
    nvlink: rates["nvlink"],
    host: { ...(rates["host"] ?? none), kind: hostKind },
    nic: rateOf(network.value.card, network.value.bytesPerS),
    nics: choice.nicsPerNode ?? node.nics,
    dram: rates["dram"] ?? none,
    nvmeRead: rates["nvmeRead"] ?? none,
    nvmeWrite: rates["nvmeWrite"] ?? none,
  });
}
