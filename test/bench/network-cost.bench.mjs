import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { conversationTrace, median, simulate } from "./support.mjs";

export const name = "network-cost";
export const unit = "times the run with private delays";
export const atMost = 1.5;

/** Requests a second of simulation that a disaggregated cluster must reach (the issue's own figure). */
const REQUESTS_PER_S = 40_000;
const RUNS = 7;
const CARDS = fileURLToPath(new URL("../../dist/cards.json", import.meta.url));

const KV_BYTES = 327_680;
const tier = (level, blocks) => ({ level, capacity_blocks: blocks, offload: "presence" });

/**
 * Four prefill and four decode workers of four GPUs, on nodes apart; keys and values of a 70B model, in host memory and on drives too.
 */
const cluster = (fabric) => ({
  gpu: "h100-sxm",
  cluster: {
    gpus_per_worker: 4,
    fabric: { placement: "pools_apart", ...fabric },
    pools: [
      { name: "prefill", role: "prefill", workers: 4 },
      { name: "decode", role: "decode", workers: 4 },
    ],
  },
  disagg: { kv_bytes_per_token: KV_BYTES },
  kv: { bytes_per_token: KV_BYTES, tiers: [tier("g2", 4000), tier("g3", 20_000)] },
  engine: {
    block_size: 512,
    num_gpu_blocks: 2000,
    step_time: { type: "polynomial", mixed: "sum" },
  },
});

/** The conversation hour with transfers over shared links against the same with each on its own. */
export async function run() {
  const trace = conversationTrace();
  const hardware = { deck: JSON.parse(readFileSync(CARDS, "utf8")) };
  const wallS = (fabric) => simulate(cluster(fabric), { trace, hardware }).wallS;
  const ratios = [];
  const speeds = {};
  for (const network of ["ib-ndr400", "ethernet-25"]) {
    const shared = { network };
    const alone = { network, sharing: "none" };
    const digest = (options) => simulate(cluster(shared), { trace, hardware }, options).digest;
    if (digest({}) !== digest({ stepByStep: true })) throw new Error(`digests differ: ${network}`);
    wallS(alone);
    const pairs = Array.from({ length: RUNS }, () => [wallS(shared), wallS(alone)]);
    ratios.push(median(pairs.map(([fair, none]) => fair / none)));
    // The fastest run: other work on the machine only slows.
    speeds[network] = Math.round(trace.rows / Math.min(...pairs.map(([fair]) => fair)));
    if (speeds[network] < REQUESTS_PER_S) {
      throw new Error(`${speeds[network]} requests/s over ${network}, not ${REQUESTS_PER_S}`);
    }
  }
  const details = { ratios, requestsPerS: speeds, requestsPerSAtLeast: REQUESTS_PER_S };
  return { value: Math.max(...ratios), command: "npm run bench -- network-cost", details };
}
