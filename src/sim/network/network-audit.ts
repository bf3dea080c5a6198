/** The network counted twice: what its laws compare. */

import { FLOW_FREE, FLOW_MOVING } from "./flow-table.ts";
import { UNITS_PER_BYTE } from "./links.ts";
import type { Network } from "./network.ts";

export type NetworkCount = {
  /** Bytes over all links, as the links counted them, and as the flows moved them. */
  readonly byLinks: number;
  readonly byFlows: number;
  /** Transfers in flight. */
  readonly live: number;
};

/** Counts the network at `nowUs`. */
export function countNetwork(network: Network, nowUs: number): NetworkCount {
  const { links, flows, routes, totals } = network;
  let byLinks = 0;
  for (let link = 0; link < links.count; link++) byLinks += links.bytesAt(link, nowUs);
  let units = totals.carried;
  let live = 0;
  for (let flow = 0; flow < flows.slots; flow++) {
    if (flows.state[flow] === FLOW_FREE) continue;
    live++;
    // Without sharing, links hear of a flow's bytes when it is over.
    if (flows.state[flow] !== FLOW_MOVING || !network.shared) continue;
    const left = flows.left[flow]! - flows.rate[flow]! * (nowUs - flows.anchorUs[flow]!);
    units += (flows.total[flow]! - left) * routes.lanesOver(flows.route[flow]!);
  }
  return { byLinks, byFlows: units / UNITS_PER_BYTE, live };
}
