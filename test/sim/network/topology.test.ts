/** Places, links and the ways between memories, on the bundled cards. */

import { describe, expect, test } from "vitest";
import type { Problem, Result } from "../../../src/core/index.ts";
import { networkOf, siteOf } from "../../../src/sim/build-network.ts";
import type { Site } from "../../../src/sim/build-network.ts";
import type { ClusterNetwork } from "../../../src/sim/index.ts";
import {
  parseScenario,
  PLACE_GPU,
  PLACE_HOST,
  PLACE_NVME,
  PLACE_STORE,
  resolveEngine,
} from "../../../src/sim/index.ts";
import { valueOf } from "../../hardware/cards-support.ts";
import { deck as bundled } from "../../hardware/kernels-support.ts";
import { hardwareOf } from "../../support/hardware.ts";

/** The bundled cards, and a GPU whose card names no node. */
const deck = {
  ...bundled,
  gpus: [...bundled.gpus, { ...bundled.gpus[0]!, id: "gpu-alone", node: "" }],
};

const P_AND_D = [
  { name: "prefill", workers: 2, parallelism: { tensor: 4 } },
  { name: "decode", workers: 2, parallelism: { tensor: 4 } },
];

function siteFor(cluster: object, gpu = "h100-sxm"): Result<Site | undefined> {
  return siteOf(valueOf(parseScenario({ gpu, cluster })), deck);
}

function built(cluster: object, gpu?: string): { site: Site; net: ClusterNetwork } {
  const site = valueOf(siteFor(cluster, gpu))!;
  return { site, net: networkOf(site) };
}

function problemOf(cluster: object, gpu?: string): Problem {
  const site = siteFor(cluster, gpu);
  if (site.ok) throw new Error("the site was built");
  return site.problem;
}

function placesOf({ placement }: Site): string[] {
  return placement.gpusOf.map((sites) => sites.map(({ node, gpu }) => `${node}.${gpu}`).join(" "));
}

/** Names of the links of a way, with the lanes on each. */
function wayOf(net: ClusterNetwork, ...ends: [number, number, number, number]): string[] {
  const { links } = net.topology.way(...ends);
  return links.map(({ link, lanes }) => `${net.topology.links[link]!.name} ×${lanes}`);
}

describe("placement", () => {
  test("pack fills nodes, pools_apart keeps pools off each other's nodes, spread evens out", () => {
    const pools = [
      { name: "a", workers: 1, parallelism: { tensor: 2 } },
      { name: "b", workers: 1, parallelism: { tensor: 2 } },
    ];
    expect(placesOf(built({ pools, fabric: {} }).site)).toEqual(["0.0 0.1", "0.2 0.3"]);
    const apart = built({ pools, fabric: { placement: "pools_apart" } }).site;
    expect(placesOf(apart)).toEqual(["0.0 0.1", "1.0 1.1"]);
    const spread = built({ workers: 3, fabric: { placement: "spread", nodes: 2 } }).site;
    expect(placesOf(spread)).toEqual(["0.0", "1.0", "0.1"]);
  });

  test("a worker larger than a node takes whole nodes, in one rack where it can", () => {
    const site = built({ workers: 5, parallelism: { tensor: 16 }, fabric: {} }, "gb200").site;
    expect(new Set(site.placement.nodes.map(({ domain }) => domain)).size).toBe(2);
    const domains = site.placement.gpusOf.map(
      (sites) => new Set(sites.map(({ node }) => site.placement.nodes[node]!.domain)).size,
    );
    // 18 nodes a rack: four workers of four nodes, two nodes left over, the fifth in the next rack.
    expect(domains).toEqual([1, 1, 1, 1, 1]);
    expect(site.placement.gpusOf[4]![0]!.node).toBe(18);
  });

  test("explicit places are checked", () => {
    const cluster = { workers: 2, parallelism: { tensor: 2 } };
    const at = (placement: string[], more = {}): object => ({
      ...cluster,
      fabric: { placement, ...more },
    });
    expect(placesOf(built(at(["0.0+1.0", "0.4-5"])).site)).toEqual(["0.0 1.0", "0.4 0.5"]);
    expect(problemOf(at(["0.0-1"])).what).toBe("placement names 1 workers of 2");
    expect(problemOf(at(["0.0-1", "0.1-2"])).where).toBe("cluster.fabric.placement.1");
    expect(problemOf(at(["0.0-1", "0.8-9"])).what).toContain("0.8 cannot be");
    expect(problemOf(at(["0.0-1", "0.2"])).what).toContain("is not 2 GPUs");
    expect(problemOf(at(["0.0-1", "nonsense"])).remedy).toContain("0.0-1");
    expect(problemOf(at(["0.0-1", "3.0-1"], { nodes: 2 })).what).toContain("cannot hold");
  });

  test("a topology that cannot hold its workers says so", () => {
    const problem = problemOf({ pools: P_AND_D, fabric: { nodes: 1 } });
    expect(problem.where).toBe("cluster.fabric.nodes");
    expect(problem.what).toContain("1 nodes of 8 GPUs cannot hold");
    expect(problemOf({ workers: 9, fabric: { nodes: 1, placement: "spread" } }).what).toContain(
      "cannot hold",
    );
    expect(problemOf({ workers: 1, fabric: { placement: "spread" } }).where).toBe(
      "cluster.fabric.nodes",
    );
  });

  test("wrong links have names and remedies", () => {
    const of = (fabric: object): Problem => problemOf({ workers: 1, fabric });
    expect(of({ network: "ib-ndr" }).expected).toContain("ib-ndr400");
    expect(of({ network: "nvlink4" }).what).toBe("nvlink4 is no network but nvlink");
    expect(of({ store: "ib-ndr400" }).where).toBe("cluster.fabric.store");
    expect(problemOf({ workers: 1, fabric: {} }, "gpu-alone").what).toContain("no node");
    const bare = siteOf(valueOf(parseScenario({ cluster: { fabric: {} } })), deck);
    expect(bare.ok ? "" : bare.problem.remedy).toContain("set gpu");
  });
});

describe("ways", () => {
  test("inside a node over NVLink, between nodes through each shard's NIC", () => {
    const { net } = built({ pools: P_AND_D, fabric: {} });
    expect(wayOf(net, PLACE_GPU, 0, PLACE_GPU, 1)).toEqual([
      "node 0 gpu 0-3 nvlink out ×4",
      "node 0 gpu 4-7 nvlink in ×4",
    ]);
    expect(wayOf(net, PLACE_GPU, 0, PLACE_GPU, 2)).toEqual([
      "node 0 gpu 0-3 pcie up ×4",
      "node 0 nic 0-3 out ×4",
      "node 1 nic 0-3 in ×4",
      "node 1 gpu 0-3 pcie down ×4",
    ]);
  });

  test("a rack of NVL72 spans nodes; without NVLink neighbours talk over PCIe", () => {
    const rack = built({ workers: 20, parallelism: { tensor: 4 }, fabric: {} }, "gb200").net;
    expect(wayOf(rack, PLACE_GPU, 0, PLACE_GPU, 17)[0]).toContain("nvlink out");
    expect(wayOf(rack, PLACE_GPU, 0, PLACE_GPU, 18)[0]).toContain("c2c up");
    const plain = built({ workers: 2, fabric: {} }, "l40s").net;
    expect(wayOf(plain, PLACE_GPU, 0, PLACE_GPU, 1)).toEqual([
      "node 0 gpu 0 pcie up ×1",
      "node 0 gpu 1 pcie down ×1",
    ]);
  });

  test("tiers: host memory, drives and the store", () => {
    const { net } = built({ workers: 9, fabric: { store: "object-store" } });
    expect(wayOf(net, PLACE_GPU, 1, PLACE_HOST, 1)).toEqual([
      "node 0 gpu 1 pcie up ×1",
      "node 0 dram ×1",
    ]);
    expect(wayOf(net, PLACE_NVME, 1, PLACE_HOST, 1)).toEqual([
      "node 0 nvme read ×1",
      "node 0 dram ×1",
    ]);
    expect(wayOf(net, PLACE_HOST, 1, PLACE_STORE, 1)).toEqual([
      "node 0 dram ×1",
      "node 0 nic 1 out ×1",
      "store in ×1",
    ]);
    expect(wayOf(net, PLACE_HOST, 1, PLACE_GPU, 8)).toEqual([
      "node 0 dram ×1",
      "node 0 nic 1 out ×1",
      "node 1 nic 0 in ×1",
      "node 1 gpu 0 pcie down ×1",
    ]);
    expect(net.topology.has(PLACE_STORE, 0)).toBe(true);
    expect(built({ workers: 1, fabric: {} }).net.topology.has(PLACE_STORE, 0)).toBe(false);
  });

  test("different shapes: every shard of the wider side has its lane", () => {
    const pools = [
      { name: "prefill", workers: 1, parallelism: { tensor: 8 } },
      { name: "decode", workers: 1, parallelism: { tensor: 2 } },
    ];
    const { net } = built({ pools, fabric: {} });
    expect(wayOf(net, PLACE_GPU, 0, PLACE_GPU, 1)).toEqual([
      "node 0 gpu 0-7 pcie up ×8",
      "node 0 nic 0-7 out ×8",
      "node 1 nic 0-1 in ×8",
      "node 1 gpu 0-1 pcie down ×8",
    ]);
    // Two NICs of NDR take it in: 2 × 50 GB/s × 0.93.
    const route = net.route(PLACE_GPU, 0, PLACE_GPU, 1);
    const us = net.network.times.aloneUs(route, 93e9, 0) - net.network.times.aloneUs(route, 0, 0);
    expect(us).toBeCloseTo(1e6, -2);
  });

  test("oversubscription: leaf uplinks limit what leaves the group, by rails", () => {
    const fabric = { oversubscription: 4, nodes_per_leaf: 2, placement: ["0.0", "1.0", "2.0"] };
    const { net } = built({ workers: 3, fabric });
    expect(wayOf(net, PLACE_GPU, 0, PLACE_GPU, 1)).toHaveLength(4);
    const across = wayOf(net, PLACE_GPU, 0, PLACE_GPU, 2);
    expect(across).toContain("leaf 0 rail 0 up ×1");
    expect(across).toContain("leaf 1 rail 0 down ×1");
    const uplink = net.network.links.specs[net.linkNamed("leaf 0 rail 0 up")]!;
    expect(uplink.bytesPerUs).toBeCloseTo((2 * 50_000 * 0.93) / 4, 6);
    const flat = built({ workers: 3, fabric: { ...fabric, rails: false } }).net;
    const shared = flat.network.links.specs[flat.linkNamed("leaf 0 up")]!;
    expect(shared.bytesPerUs).toBeCloseTo((2 * 8 * 50_000 * 0.93) / 4, 6);
  });

  test("one link for equal ones takes as long as each for itself", () => {
    const pools = P_AND_D.map((pool) => ({ ...pool, workers: 1 }));
    const merged = built({ pools, fabric: { placement: "pools_apart" } }).net;
    // The same places, but a third worker straddles nodes, so that nothing is merged.
    const third = { name: "wide", workers: 1, parallelism: { tensor: 2 } };
    const places = ["0.0-3", "1.0-3", "0.7+1.7"];
    const single = built({ pools: [...pools, third], fabric: { placement: places } }).net;
    expect(single.network.links.count).toBeGreaterThan(2 * merged.network.links.count);
    for (const bytes of [1e6, 3.3e9]) {
      const [a, b] = [merged, single].map((net) =>
        net.network.times.aloneUs(net.route(PLACE_GPU, 0, PLACE_GPU, 1), bytes, 10),
      );
      expect(a! / b!).toBeCloseTo(1, 4);
    }
  });
});

describe("known results", () => {
  /** 8192 tokens of Llama 3.1 70B: 80 layers × 8 KV heads × 128 × 2 × 2 bytes a token. */
  const PROMPT_BYTES = 8192 * 80 * 2 * 8 * 128 * 2;
  const DESCRIPTORS = (8192 / 16) * 80 * 2;

  /** Time of the prompt's KV from one TP4 worker to the next, µs. */
  function timesOf(fabric: object, transfers: number): number[] {
    const pools = P_AND_D.map((pool) => ({ ...pool, workers: 1 }));
    const { net } = built({ pools, fabric });
    const ends: number[] = [];
    const listener = net.listen({
      transferred: (_tag, _flow, nowUs) => ends.push(nowUs),
      slotOf: () => -1,
    });
    const route = net.route(PLACE_GPU, 0, PLACE_GPU, 1);
    for (let i = 0; i < transfers; i++) {
      net.network.start(route, PROMPT_BYTES, i, 0, { descriptors: DESCRIPTORS }, listener);
    }
    while (net.nextUs < Infinity) net.deliver(net.nextUs);
    return ends;
  }

  test.each([
    ["NVLink 4", { placement: "pack" }, 4 * 450 * 0.88],
    ["NDR", { placement: "pools_apart" }, 4 * 50 * 0.93],
    ["25 GbE", { placement: "pools_apart", network: "ethernet-25" }, 4 * 3.125 * 0.8],
  ])("a 70B prompt over %s: bytes ÷ bandwidth + set-up; two share", (_, fabric, gbPerS) => {
    const setupUs = 385 + 0.036 * DESCRIPTORS;
    const movingUs = PROMPT_BYTES / (gbPerS * 1000);
    const [alone] = timesOf(fabric, 1);
    expect(Math.abs(alone! / (setupUs + movingUs) - 1)).toBeLessThan(0.01);
    const both = timesOf(fabric, 2);
    for (const us of both) {
      expect(Math.abs(us / (setupUs + 2 * movingUs) - 1)).toBeLessThan(0.01);
    }
  });

  test("Mooncake's measured transfers: within 10 % over 8 ports of 200 Gb/s RoCE", () => {
    // Prompt tokens and ms: the page that the set-up of `cluster.fabric` is fitted to. Qwen3-8B, TP 8, blocks of 16.
    const measured = [
      [128, 0.54],
      [256, 0.61],
      [512, 0.92],
      [1024, 1.5],
      [2048, 2.51],
      [4096, 4.75],
      [8192, 8.84],
      [16_384, 16.43],
      [32_768, 31.65],
    ] as const;
    const pools = ["prefill", "decode"].map((name) => ({ name, parallelism: { tensor: 8 } }));
    const { net } = built({ pools, fabric: { network: "roce-200" } });
    const route = net.route(PLACE_GPU, 0, PLACE_GPU, 1);
    const errors = measured.map(([tokens, ms]) => {
      const descriptors = (tokens / 16) * 36 * 2;
      const bytes = tokens * 36 * 2 * 8 * 128 * 2;
      return net.network.times.aloneUs(route, bytes, descriptors) / 1000 / ms - 1;
    });
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(0.1);
    const mean = errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length;
    expect(mean).toBeLessThan(0.05);
  });

  test("a TP group across nodes pays for it in every step", () => {
    const hardware = hardwareOf("h100-sxm");
    const stepUs = (fabric: object | null): number => {
      const scenario = valueOf(
        parseScenario({
          model: "llama-3.1-70b",
          gpu: "h100-sxm",
          cluster: { parallelism: { tensor: 4 }, fabric },
        }),
      );
      const site = valueOf(siteOf(scenario, hardware.deck));
      const { model } = valueOf(resolveEngine(scenario, { hardware }, site?.pools[0]));
      return model.stepUs({
        prefillRequests: 1,
        prefillTokens: 4096,
        prefillPastTokens: 0,
        prefillPairs: (4096 * 4097) / 2,
        decodeRequests: 0,
        decodeContextTokens: 0,
      });
    };
    const inside = stepUs({});
    expect(inside).toBe(stepUs(null));
    const split = stepUs({ placement: ["0.0-1+1.0-1"] });
    expect(split).toBeGreaterThan(1.1 * inside);
    expect(stepUs({ placement: ["0.0-1+1.0-1"], network: "ethernet-25" })).toBeGreaterThan(
      2 * split,
    );
  });
});
