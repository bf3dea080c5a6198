/** The report's network: where workers are, what was transferred, and how full the links were. */

import { LINKS_MOST } from "./network/index.ts";
import type { ClusterNetwork } from "./network/index.ts";
import type { LinkSummary, NetworkSummary } from "./report.ts";

const US_PER_S = 1e6;
const US_PER_MS = 1e3;

function linkSummary(
  net: ClusterNetwork,
  link: number,
  nowUs: number,
  spanUs: number,
): LinkSummary {
  const { links } = net.network;
  const { name, kind, members, bytesPerUs } = links.specs[link]!;
  const bytes = links.bytesAt(link, nowUs);
  return {
    name,
    kind,
    members,
    bytesPerS: bytesPerUs * US_PER_S,
    bytes,
    utilization: spanUs > 0 ? bytes / (bytesPerUs * spanUs) : 0,
    busyShare: spanUs > 0 ? links.busyAt(link, nowUs) / spanUs : 0,
    transfersPeak: links.flowsPeak[link]!,
  };
}

/** What the network did until `nowUs`, in a run of `simS` seconds. */
export function networkSummary(net: ClusterNetwork, nowUs: number, simS: number): NetworkSummary {
  const { totals, links } = net.network;
  const { finished } = totals;
  const meanMs = (us: number): number | null => (finished === 0 ? null : us / finished / US_PER_MS);
  const all = Array.from({ length: links.count }, (_, link) =>
    linkSummary(net, link, nowUs, simS * US_PER_S),
  );
  const used = all.filter(({ bytes, transfersPeak }) => bytes > 0 || transfersPeak > 0);
  // Sorting is stable: equally full links stay in the order of the cluster.
  const fullest = used.toSorted((a, b) => b.utilization - a.utilization).slice(0, LINKS_MOST);
  return {
    nodes: net.topology.nodes,
    transfers: {
      started: totals.started,
      finished,
      cancelled: totals.cancelled,
      bytes: totals.bytes,
      waitMsMean: meanMs(totals.queuedUs),
      setupMsMean: meanMs(totals.setupUs),
      movingMsMean: meanMs(totals.movingUs),
      slowdown: totals.aloneUs > 0 ? totals.movingUs / totals.aloneUs : null,
    },
    linksUsed: used.length,
    linksAll: links.count,
    links: fullest,
  };
}
