/** The links' part of the samples over time: bytes carried, to the byte that is on its way. */

import { F64Column } from "../../core/index.ts";
import type { LinkSeriesColumns } from "../series-columns.ts";
import { FLOW_MOVING } from "./flow-table.ts";
import { UNITS_PER_BYTE } from "./links.ts";
import type { Network } from "./network.ts";

/** Links that a run tells of: the fullest (assumption: nobody reads further, and a large cluster has thousands). */
export const LINKS_MOST = 64;
const US_PER_S = 1e6;

/** A network and where its links are. */
export type SampledNetwork = {
  readonly network: Network;
  /** Before the names of its links, where a run has several networks. */
  readonly prefix: string;
};

/** Bytes that each link has carried until `nowUs`, written to `into`. */
export function carriedBytes(network: Network, nowUs: number, into: Float64Array): void {
  const { links, flows, routes } = network;
  for (let link = 0; link < links.count; link++) into[link] = links.bytesAt(link, nowUs);
  // Without sharing, links hear of a flow's bytes when it is over.
  if (network.shared) return;
  for (let flow = 0; flow < flows.slots; flow++) {
    if (flows.state[flow] !== FLOW_MOVING) continue;
    const left = flows.left[flow]! - flows.rate[flow]! * (nowUs - flows.anchorUs[flow]!);
    const moved = (flows.total[flow]! - Math.max(0, left)) / UNITS_PER_BYTE;
    const route = flows.route[flow]!;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      into[routes.link[i]!]! += routes.lanesOn[i]! * moved;
    }
  }
}

export class LinkSeries {
  private readonly networks: readonly SampledNetwork[];
  private readonly nodeOfWorker: Int32Array;
  private readonly now: readonly Float64Array[];
  /** By network, then by link; none before the link's first byte. */
  private readonly bytes: readonly (F64Column | undefined)[][];
  private readonly transfers = new F64Column();

  constructor(networks: readonly SampledNetwork[], nodeOfWorker: Int32Array) {
    this.networks = networks;
    this.nodeOfWorker = nodeOfWorker;
    this.now = networks.map(({ network }) => new Float64Array(network.links.count));
    this.bytes = networks.map(({ network }) =>
      Array.from({ length: network.links.count }, () => undefined),
    );
  }

  sample(nowUs: number): void {
    let live = 0;
    this.networks.forEach(({ network }, index) => {
      live += network.flows.live;
      const now = this.now[index]!;
      const columns = this.bytes[index]!;
      carriedBytes(network, nowUs, now);
      for (let link = 0; link < now.length; link++) {
        const bytes = now[link]!;
        if (columns[link] === undefined && bytes > 0) columns[link] = this.column();
        columns[link]?.push(bytes);
      }
    });
    this.transfers.push(live);
  }

  columns(): LinkSeriesColumns {
    const used = this.networks.flatMap(({ network, prefix }, index) =>
      network.links.specs.flatMap(({ name, kind, node, bytesPerUs }, link) => {
        const bytes = this.bytes[index]![link]?.view();
        if (bytes === undefined) return [];
        const bytesPerS = bytesPerUs * US_PER_S;
        return [{ name: `${prefix}${name}`, kind, node, bytesPerS, bytes }];
      }),
    );
    const use = ({ bytes, bytesPerS }: (typeof used)[number]): number =>
      (bytes.at(-1) ?? 0) / bytesPerS;
    return {
      links: used.toSorted((a, b) => use(b) - use(a)).slice(0, LINKS_MOST),
      transfers: this.transfers.view(),
      nodeOfWorker: this.nodeOfWorker,
    };
  }

  /** Zeros up to the present sample. */
  private column(): F64Column {
    const column = new F64Column();
    for (let i = 0; i < this.transfers.length; i++) column.push(0);
    return column;
  }
}
