/** Which GPUs of which nodes each worker runs on. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import type { GpuCard, NodeCard } from "../../hardware/index.ts";

/** Workers that are alike, as far as their place goes. */
export type PlacedPool = {
  readonly name: string;
  readonly workers: number;
  readonly gpusPerWorker: number;
  readonly gpu: GpuCard;
  readonly node: NodeCard;
};

export type PlacementRule = "pack" | "pools_apart" | "spread";

export type PlacementSpec = {
  readonly pools: readonly PlacedPool[];
  /** A rule, or the GPUs of every worker by its number, such as "0.0-3" or "0.0-7+1.0-7". */
  readonly placement: PlacementRule | readonly string[];
  /** Nodes there are; null: as many as it takes. */
  readonly nodes: number | null;
};

export type NodeSite = {
  readonly gpu: GpuCard;
  readonly card: NodeCard;
  /** Nodes of one NVLink domain have the same number. */
  readonly domain: number;
};

export type GpuSite = { readonly node: number; readonly gpu: number };

export type Placement = {
  readonly nodes: readonly NodeSite[];
  /** GPUs of each worker, in order of its ranks. */
  readonly gpusOf: readonly (readonly GpuSite[])[];
};

const WHERE = "cluster.fabric.placement";

/** Nodes that share NVLink with a node. */
function nodesPerDomain({ gpu, node }: PlacedPool): number {
  const domain = gpu.nvlinkBytesPerS > 0 ? Math.max(gpu.nvlinkGpus, node.nvlinkGpus) : 1;
  return Math.max(1, Math.floor(domain / node.gpus));
}

/** Nodes as they are opened, and the GPUs taken in each. */
class Floor {
  readonly nodes: NodeSite[] = [];
  private readonly taken: boolean[][] = [];
  private readonly openedBy: PlacedPool[] = [];
  private domains = 0;

  /** Opens a node of the pool's kind: in the last one's NVLink domain while that has room. */
  open(pool: PlacedPool): number {
    const last = this.nodes.at(-1);
    const inLast = this.nodes.filter(({ domain }) => domain === last?.domain).length;
    const fits = last?.card.id === pool.node.id && inLast < nodesPerDomain(pool);
    if (!fits) this.domains++;
    this.nodes.push({ gpu: pool.gpu, card: pool.node, domain: this.domains - 1 });
    this.taken.push(Array.from({ length: pool.node.gpus }, () => false));
    return this.openedBy.push(pool) - 1;
  }

  /** Nodes that the last domain still has room for. */
  leftInDomain(pool: PlacedPool): number {
    const last = this.nodes.at(-1);
    if (last?.card.id !== pool.node.id) return nodesPerDomain(pool);
    const open = this.nodes.filter(({ domain }) => domain === last.domain).length;
    return nodesPerDomain(pool) - open;
  }

  free(node: number): number {
    return this.taken[node]!.filter((isTaken) => !isTaken).length;
  }

  isOf(node: number, pool: PlacedPool, apart: boolean): boolean {
    if (this.nodes[node]!.card.id !== pool.node.id) return false;
    return !apart || this.openedBy[node] === pool;
  }

  /** Takes a GPU; false when it is taken or not there. */
  takeOne({ node, gpu }: GpuSite): boolean {
    const row = this.taken[node];
    if (row?.[gpu] !== false) return false;
    row[gpu] = true;
    return true;
  }

  /** Takes the first `count` free GPUs of a node. */
  take(node: number, count: number): GpuSite[] {
    const sites: GpuSite[] = [];
    for (let gpu = 0; sites.length < count; gpu++) {
      if (this.takeOne({ node, gpu })) sites.push({ node, gpu });
    }
    return sites;
  }
}

/** Node by node, first fit; a worker straddles nodes only when no node is large enough. */
function packed({ pools, placement }: PlacementSpec, floor: Floor): GpuSite[][] {
  const apart = placement === "pools_apart";
  return pools.flatMap((pool) =>
    Array.from({ length: pool.workers }, () => {
      const { gpusPerWorker: wanted, node } = pool;
      if (wanted > node.gpus) return wholeNodes(pool, floor);
      let at = floor.nodes.findIndex(
        (_, index) => floor.isOf(index, pool, apart) && floor.free(index) >= wanted,
      );
      if (at < 0) at = floor.open(pool);
      return floor.take(at, wanted);
    }),
  );
}

function wholeNodes(pool: PlacedPool, floor: Floor): GpuSite[] {
  const needed = Math.ceil(pool.gpusPerWorker / pool.node.gpus);
  const left = floor.leftInDomain(pool);
  // A rack that cannot hold the whole worker is left to smaller ones.
  if (left < needed && needed <= nodesPerDomain(pool)) {
    for (let i = 0; i < left; i++) floor.open(pool);
  }
  const sites: GpuSite[] = [];
  while (sites.length < pool.gpusPerWorker) {
    const count = Math.min(pool.node.gpus, pool.gpusPerWorker - sites.length);
    sites.push(...floor.take(floor.open(pool), count));
  }
  return sites;
}

/** Each worker to the node with the most free GPUs. */
function spread({ pools, nodes }: PlacementSpec, floor: Floor): Result<GpuSite[][]> {
  const kinds = new Set(pools.map(({ node }) => node.id));
  if (nodes === null || kinds.size > 1) {
    return fail({
      what:
        nodes === null
          ? "workers can be spread only over a known number of nodes"
          : "workers of different GPUs cannot be spread over the same nodes",
      where: nodes === null ? "cluster.fabric.nodes" : WHERE,
      expected: nodes === null ? "a number of nodes" : "one kind of GPU",
      remedy: "set cluster.fabric.nodes, or choose placement: pack",
    });
  }
  for (let i = 0; i < nodes; i++) floor.open(pools[0]!);
  const places: GpuSite[][] = [];
  for (const pool of pools) {
    for (let w = 0; w < pool.workers; w++) {
      let best = 0;
      for (let i = 1; i < nodes; i++) if (floor.free(i) > floor.free(best)) best = i;
      if (floor.free(best) < pool.gpusPerWorker) return fail(tooFew(pool, nodes));
      places.push(floor.take(best, pool.gpusPerWorker));
    }
  }
  return ok(places);
}

function tooFew(pool: PlacedPool, nodes: number) {
  return {
    what: `${String(nodes)} nodes of ${String(pool.node.gpus)} GPUs cannot hold the workers of pool ${pool.name}`,
    where: "cluster.fabric.nodes",
    expected: `room for ${String(pool.workers)} × ${String(pool.gpusPerWorker)} GPUs beside the other pools`,
    remedy: "raise cluster.fabric.nodes or leave it out, or run fewer or smaller workers",
  };
}

/** "0.0-3+1.0" as GPUs; undefined: not readable. */
function sitesOf(text: string): GpuSite[] | undefined {
  const sites: GpuSite[] = [];
  for (const part of text.split("+")) {
    const match = /^\s*(\d{1,6})\.(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part);
    if (match === null) return undefined;
    const [, node = "", first = "", last = first] = match;
    for (let gpu = Number(first); gpu <= Number(last); gpu++) {
      sites.push({ node: Number(node), gpu });
    }
  }
  return sites.length === 0 ? undefined : sites;
}

function explicit(
  { pools, nodes }: PlacementSpec,
  texts: readonly string[],
  floor: Floor,
): Result<GpuSite[][]> {
  const owners = pools.flatMap((pool) => Array.from({ length: pool.workers }, () => pool));
  if (texts.length !== owners.length) {
    return fail({
      what: `placement names ${String(texts.length)} workers of ${String(owners.length)}`,
      where: WHERE,
      expected: "the GPUs of every worker, in order of the pools, decode pools last",
    });
  }
  const places: GpuSite[][] = [];
  for (const [worker, text] of texts.entries()) {
    const pool = owners[worker]!;
    const sites = sitesOf(text);
    const where = `${WHERE}.${String(worker)}`;
    if (sites?.length !== pool.gpusPerWorker) {
      return fail({
        what: `"${text}" is not ${String(pool.gpusPerWorker)} GPUs`,
        where,
        expected: `NODE.FIRST-LAST, more joined by +, ${String(pool.gpusPerWorker)} GPUs in all`,
        remedy: `for example "0.0-${String(pool.gpusPerWorker - 1)}"`,
      });
    }
    for (const site of sites) {
      if (nodes !== null && site.node >= nodes) return fail({ ...tooFew(pool, nodes), where });
      while (floor.nodes.length <= site.node) floor.open(pool);
      if (floor.isOf(site.node, pool, false) && floor.takeOne(site)) continue;
      return fail({
        what: `GPU ${String(site.node)}.${String(site.gpu)} cannot be worker ${String(worker)}'s`,
        where,
        expected: `a GPU of a ${pool.node.id} node (${String(pool.node.gpus)} of them) that no other worker has`,
      });
    }
    places.push(sites);
  }
  return ok(places);
}

/**
 * Places every worker. Errors: more workers than the nodes hold, a GPU that two workers claim or that does not exist, a text
 * that is no place.
 */
export function placeWorkers(spec: PlacementSpec): Result<Placement> {
  const floor = new Floor();
  const { placement, nodes, pools } = spec;
  const placed =
    typeof placement !== "string"
      ? explicit(spec, placement, floor)
      : placement === "spread"
        ? spread(spec, floor)
        : ok(packed(spec, floor));
  if (!placed.ok) return placed;
  if (nodes !== null && floor.nodes.length > nodes) {
    return fail(tooFew(pools[pools.length - 1]!, nodes));
  }
  return ok({ nodes: floor.nodes, gpusOf: placed.value });
}

/** GPUs of a worker in its best-filled NVLink domain: beyond them its collectives leave over the NICs. */
export function ranksInDomain({ nodes }: Placement, gpus: readonly GpuSite[]): number {
  const counts = new Map<number, number>();
  for (const { node } of gpus) {
    const { domain } = nodes[node]!;
    counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}
