/** The guided cases. */

import { withValue } from "../../scenario/document.ts";
import type { Path } from "../../scenario/document.ts";
import { DEMO_DOCUMENT } from "../../stores/scenario-store.ts";
import type { ScreenName } from "../../stores/view-store.ts";
import type { ScenarioDocument } from "../../workers/protocol.ts";

export type Guide = {
  readonly title: string;
  readonly why: string;
  /** What to look at, and what to change. */
  readonly look: string;
  readonly screen: ScreenName;
  readonly document: ScenarioDocument;
  readonly variants: readonly {
    readonly label: string;
    readonly document: ScenarioDocument;
    /** Where its answer is; the guide's own screen when absent. */
    readonly screen?: ScreenName;
  }[];
};

function changed(
  base: ScenarioDocument,
  name: string,
  ...changes: readonly (readonly [path: string, value: unknown])[]
): ScenarioDocument {
  return changes.reduce<ScenarioDocument>(
    (document, [path, value]) => withValue(document, path.split(".") as Path, value),
    { ...base, name },
  );
}

const chatbot = changed(
  DEMO_DOCUMENT,
  "chatbot",
  ["model", "llama-3.1-8b"],
  ["cluster.parallelism", undefined],
  ["cluster.workers", 4],
  ["slo.ttft_s", 2],
);
const spike = changed(DEMO_DOCUMENT, "spike", [
  "traffic.arrivals",
  { mode: "gamma", rate_per_s: 3.3, shape: 0.25 },
]);
const doubled = changed(DEMO_DOCUMENT, "twice the traffic", [
  "traffic.arrivals",
  { mode: "timestamps", speedup: 2 },
]);
/** Of half an hour. */
const LOSS_S = 1200;
const loss = changed(doubled, "lose a node", [
  "faults.events",
  [{ at_s: LOSS_S, kind: "node_loss", node: 0, for_s: 120 }],
]);
const routing = changed(DEMO_DOCUMENT, "KV-aware routing", ["router", { policy: "headworks" }]);
const shape = { parallelism: { tensor: 2 } };
const pools = [
  { name: "prefill", role: "prefill", workers: 4, ...shape },
  { name: "decode", role: "decode", workers: 4, ...shape },
];
const split = changed(DEMO_DOCUMENT, "split", [
  "cluster",
  { pools, fabric: { placement: "pools_apart" } },
]);
const memory = changed(DEMO_DOCUMENT, "small-cache", ["engine.num_gpu_blocks", 12_000]);
const dram = { level: "g2", capacity_bytes: 256e9 };
const nvme = { level: "g3", capacity_bytes: 4e12, scope: "node" };
const tiers = changed(memory, "tiers", ["kv", { tiers: [dram, nvme] }]);

export const GUIDES: readonly Guide[] = [
  {
    title: "How many GPUs does my chatbot need?",
    why: "Four H100 serve Llama 3.1 8B to an hour of conversations with long documents. Are four enough for a first token within 2 s?",
    look: "Read the verdict. Then drag Workers in the panel until it turns: that is your answer, and Explore draws the whole curve.",
    screen: "overview",
    document: chatbot,
    variants: [
      { label: "With 8", document: changed(chatbot, "chatbot on 8", ["cluster.workers", 8]) },
    ],
  },
  {
    title: "Should prefill and decode be split?",
    why: "Four workers compute prompts and four write answers, in nodes of their own, where eight did both. Long prompts no longer hold up answers, and every prompt's cache moves over an InfiniBand fabric.",
    look: "Press Compare on the unsplit cluster first. ITL p99 shows what splitting buys, TTFT and the hand-offs and links in Topology what it costs; move workers from one pool to the other.",
    screen: "overview",
    document: split,
    variants: [
      { label: "Not split", document: changed(DEMO_DOCUMENT, "not split") },
      {
        label: "Over 100 Gb/s Ethernet",
        document: changed(split, "split over Ethernet", [
          "cluster.fabric",
          { placement: "pools_apart", network: "ethernet-100" },
        ]),
      },
    ],
  },
  {
    title: "Does KV-aware routing pay?",
    why: "The same hour and the same GPUs, but the router sends each request where it costs all requests the least time, by what is cached and what is under way there.",
    look: "Open round robin, press Compare, then open this one: the dashed numbers are the old router's. KV shows how many tokens another worker had.",
    screen: "kv",
    document: routing,
    variants: [
      {
        label: "Round robin",
        document: changed(DEMO_DOCUMENT, "round robin"),
      },
      {
        label: "Dynamo's KV router",
        document: changed(DEMO_DOCUMENT, "Dynamo's KV router", ["router.policy", "dynamo_kv"]),
      },
      {
        label: "Least loaded",
        document: changed(DEMO_DOCUMENT, "least loaded", ["router.policy", "least_loaded"]),
      },
    ],
  },
  {
    title: "What if traffic doubles?",
    why: "The same hour of conversations, twice as fast, on the same eight workers.",
    look: "The verdict says whether the goals still hold, and what gives way first. Add workers, or another router, until they do; Overview's bars of sensitivity say which knob is worth most.",
    screen: "overview",
    document: doubled,
    variants: [
      { label: "As it was", document: changed(DEMO_DOCUMENT, "as it was") },
      {
        label: "Five times",
        document: changed(doubled, "five times the traffic", ["traffic.arrivals.speedup", 5]),
      },
      {
        label: "Twice, on 16 workers",
        document: changed(doubled, "twice the traffic on 16 workers", ["cluster.workers", 16]),
      },
    ],
  },
  {
    title: "What if a node is lost at peak?",
    why: "Twice the usual traffic keeps the workers busy; after 20 minutes half of them go silent for two minutes, and then load their weights again. Requests that were there fail once somebody notices.",
    look: "The verdict counts the requests that were lost, and how deep goodput fell. Timeline shows which workers were away and what waited; let requests move to other workers and see what is saved.",
    screen: "timeline",
    document: loss,
    variants: [
      {
        label: "Requests move",
        document: changed(loss, "lose a node, requests move", ["faults.migration_limit", 3]),
      },
      {
        label: "One worker crashes",
        document: changed(doubled, "a worker crashes", [
          "faults.events",
          [{ at_s: LOSS_S, kind: "crash", worker: 0 }],
        ]),
      },
      {
        label: "A rolling restart",
        document: changed(doubled, "rolling restart", [
          "faults.events",
          Array.from({ length: 8 }, (_, worker) => ({
            at_s: 300 + worker * 150,
            kind: "drain",
            worker,
            for_s: 60,
          })),
        ]),
      },
    ],
  },
  {
    title: "Do we survive a traffic spike?",
    why: "The mean rate stays, but requests come in bursts: gamma arrivals with a shape of 0.25, as production traces show them.",
    look: "What runs short, and when? Brush a burst in any chart over time: every view then shows only the requests of that burst.",
    screen: "timeline",
    document: spike,
    variants: [{ label: "No spike", document: changed(DEMO_DOCUMENT, "no spike") }],
  },
  {
    title: "Is more cache worth it?",
    why: "Each worker has only 12,000 KV blocks of 16 tokens, so prefixes are dropped before they are needed again.",
    look: "KV tells why prompt tokens were computed: never seen, seen by another worker, or dropped. The curve shows what a larger cache would hit.",
    screen: "kv",
    document: memory,
    variants: [{ label: "All of the memory", document: changed(DEMO_DOCUMENT, "whole cache") }],
  },
  {
    title: "Do DRAM and NVMe below GPU memory help?",
    why: "The same small cache, with 256 GB of host memory below each worker and 4 TB of NVMe in each node. What is evicted moves down, and is fetched where that is quicker than computing.",
    look: "KV shows how many tokens each tier brought and why it missed the rest. Open the knobs of KV in the panel and try another eviction, offload or onboard policy.",
    screen: "kv",
    document: tiers,
    variants: [
      { label: "No tiers", document: changed(memory, "no tiers") },
      {
        label: "DRAM alone",
        document: changed(memory, "DRAM tier", ["kv", { tiers: [dram] }]),
      },
      {
        label: "And peers",
        document: changed(tiers, "tiers and peers", ["kv.peer_fetch", true]),
      },
    ],
  },
  {
    title: "Which GPU, and how many of them?",
    why: "The same hour on other GPUs, a run each; or a sweep over GPU types and worker counts, drawn as cost against latency.",
    look: "Open one, press Compare, open another: cost per million tokens and TTFT stand side by side. In the sweep, the frontier holds what nothing beats; pin two points to see what the money buys.",
    screen: "explore",
    document: DEMO_DOCUMENT,
    variants: [
      {
        label: "H200",
        document: changed(DEMO_DOCUMENT, "on H200", ["gpu", "h200-sxm"]),
        screen: "overview",
      },
      {
        label: "B200",
        document: changed(DEMO_DOCUMENT, "on B200", ["gpu", "b200"]),
        screen: "overview",
      },
      {
        label: "Four B200 workers",
        document: changed(
          DEMO_DOCUMENT,
          "on four B200 workers",
          ["gpu", "b200"],
          ["cluster.workers", 4],
        ),
        screen: "overview",
      },
    ],
  },
];
