/** The methods in words, and the inputs each takes from a report. */

import { countText, numberText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { Report } from "../../workers/protocol.ts";

export type Topic = {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly inputs: (report: Report) => readonly (readonly [name: string, value: string])[];
};

const ms = (value: number | null): string => textOf(value ?? NaN, "ms");

export const TOPICS: readonly Topic[] = [
  {
    id: "paired",
    title: "The same requests in two runs",
    text: "Requests of A and B are paired by their row in the trace (by their number, for generated traffic with the same seed), so what is compared is the same work under both scenarios, not two samples of it. Intervals cut the pairs into 20 stretches of arrivals, which hardly depend on each other as neighbouring requests do, take the mean or the quantile of each, and give Student's 95 % interval of those; a quantile with fewer than 5 pairs beyond it in a stretch has none. Parts of the time are each request's own, B − A, averaged over those that got slower and those that got faster, and add up to the change.",
    inputs: ({ requests }) => [["measured requests of B", countText(requests.measured)]],
  },
  {
    id: "verdict",
    title: "The verdict",
    text: "Held means that at least 99 % of the requests (or the share that the scenario names) met every goal, those of each class their own; a class that did not is named. What limited is named only where waiting is at least half of the slowest 1 % of first tokens: KV blocks when requests were preempted or the cache was full, max_num_seqs when batches were full, compute when workers were busy nine tenths of the time, bursts otherwise; of several pools, that of which it holds. Moving keys and values is named when the slowest 1 % of hand-offs took over half of the slowest 1 % of first tokens.",
    inputs: ({ slo, latency, batch, kv }) => [
      ["within every goal", percentText(slo.attainment)],
      ["queue p99", ms(latency.queueMs.p99)],
      ["TTFT p99", ms(latency.ttftMs.p99)],
      ["busy share", percentText(batch.busyShare)],
      ["KV peak", percentText(kv.usagePeak)],
      ["preemptions", countText(kv.preemptions)],
    ],
  },
  {
    id: "goodput",
    title: "Goodput",
    text: "Measured requests that met every goal (time to first token, time per output token, end to end) of their own class, as a share of all measured requests and per simulated second. Rejected requests count as missed.",
    inputs: ({ slo, requests }) => [
      ["measured requests", countText(requests.measured)],
      ["goals", goalsText(slo.targets)],
      ["goodput", `${numberText(slo.goodputPerS)}/s`],
    ],
  },
  {
    id: "ttft",
    title: "Time to first token",
    text: "From the client's arrival to its first token: queue, prefill steps, and what lies between client and engine. Percentiles are exact nearest ranks up to the size the report names, binned with its stated error above.",
    inputs: ({ latency, quantileError, engine }) => [
      [
        "p50, p90, p99, max",
        [latency.ttftMs.p50, latency.ttftMs.p90, latency.ttftMs.p99, latency.ttftMs.max]
          .map(ms)
          .join(", "),
      ],
      ["error of quantiles", percentText(quantileError.latency)],
      ["between client and engine", ms(engine.clientPathMs)],
    ],
  },
  {
    id: "itl",
    title: "Gaps between tokens",
    text: "ITL is every gap between two tokens of a request, weighted by tokens: a long prefill beside a decode shows here. TPOT is (end to end − TTFT) ÷ (output − 1) of a request.",
    inputs: ({ latency, quantileError }) => [
      ["ITL p50, p99", `${ms(latency.itlMs.p50)}, ${ms(latency.itlMs.p99)}`],
      ["TPOT p50, p99", `${ms(latency.tpotMs.p50)}, ${ms(latency.tpotMs.p99)}`],
      ["error of ITL bins", percentText(quantileError.itl)],
    ],
  },
  {
    id: "throughput",
    title: "Output per GPU",
    text: "Output tokens of measured requests, per simulated second, divided by all GPUs of the cluster, busy or not.",
    inputs: ({ throughput, engine }) => [
      ["output tokens/s", numberText(throughput.outputTokensPerS)],
      ["GPUs of a worker", String(engine.gpusPerWorker)],
    ],
  },
  {
    id: "cost",
    title: "GPU-hours and cost",
    text: "GPUs × simulated time, whether they work or not; the price is the scenario's, or that of the GPU's card at its date. The same run at each kind of provider that the card has prices of: large clouds (hyperscaler), GPU clouds (neocloud), rented for three years (rental3y).",
    inputs: ({ gpuHours, cost, costByTier, engine, simS }) => [
      ["GPU-hours", numberText(gpuHours)],
      ["simulated time", textOf(simS, "s")],
      [
        "price",
        engine.price === null
          ? "none"
          : `$${numberText(engine.price.usdPerGpuHour)}/h (${engine.price.tier ?? "the scenario's"}, ${engine.price.date ?? ""})`,
      ],
      ["cost", cost === null ? "–" : `$${numberText(cost.totalUsd)}`],
      ...costByTier.map(
        ({ tier, date, totalUsd, usdPerMillionOutputTokens: perMillion }) =>
          [
            `at ${tier} prices of ${date}`,
            `$${numberText(totalUsd)}, $${numberText(perMillion)} per M tokens out`,
          ] as const,
      ),
    ],
  },
  {
    id: "breakdown",
    title: "Where the time goes",
    text: "Mean parts of the requests around a percentile: 45–55 % for p50, 88–92 % for p90, 98.5–99.5 % for p99, ordered by TTFT or by end-to-end time. Client path: between client and engine, there and back. Queue: arrival to first step. Onboard: loading a prefix from tiers or peers before it. Prefill: first step to prompt computed. Transfer: from there to keys and values at the decode worker. Preemption: taken off the batch, or its worker lost, to its next token. Decode: the rest. The parts of a request add up to its time.",
    inputs: ({ requests }) => [["completed", countText(requests.completed)]],
  },
  {
    id: "energy",
    title: "Energy",
    text: "GPUs draw idle power between steps, and in a step what their card says of its compute and memory traffic; hosts draw their nodes' share; all of it times the facility's overhead (PUE). Electricity costs extra only where the scenario prices it.",
    inputs: ({ energy }) => [
      ["GPUs", energy === null ? "–" : `${numberText(energy.gpuKwh)} kWh`],
      ["of it idle", energy === null ? "–" : `${numberText(energy.gpuIdleKwh)} kWh`],
      ["hosts", energy === null ? "–" : `${numberText(energy.hostKwh)} kWh`],
      ["PUE", energy === null ? "–" : numberText(energy.pue)],
    ],
  },
  {
    id: "moment",
    title: "The cluster at a moment",
    text: "Samples are equally far apart; a moment shows the interval that it lies in. Busy: share of the interval with a step in progress, counted to the microsecond. KV, running, queued: as the interval ends. A link's use: bytes that it carried in the interval, those on their way included, over what it could have carried with nothing broken. Links are the fullest 64; of those of one kind and direction in a node the fullest stands for all. Over the run: the same over all of it, KV at its peak.",
    inputs: ({ simS, network }) => [
      ["simulated time", textOf(simS, "s")],
      [
        "links that carried anything",
        network === null
          ? "no fabric"
          : `${countText(network.linksUsed)} of ${countText(network.linksAll)}`,
      ],
    ],
  },
  {
    id: "tiers",
    title: "KV tiers",
    text: "Each level is asked only for the tokens that no level above it had, when a request is first admitted. A miss has the first reason that holds: the prefix was never seen, was evicted, is at another worker only, is shorter than a block, was never let in, or was lost to a fault. Bytes count when their transfer begins; occupancy is over all stores of a level.",
    inputs: ({ kv }) => [
      [
        "tiers",
        (kv.tiers ?? []).map(({ level, pool }) => `${level} of ${pool}`).join(", ") || "none",
      ],
      ["fetches", countText(kv.onboarding?.fetches ?? 0)],
      ["mean time of a fetch", ms(kv.onboarding?.meanMs ?? null)],
    ],
  },
  {
    id: "faults",
    title: "What faults cost",
    text: "Touched: requests at a worker when it broke, or sent to it before routers knew. Each is moved or lost once somebody notices. Goodput is averaged over ten seconds and compared with the minute before the fault; it is back at 95 % of that. GPU time away counts from the fault until the worker takes requests again.",
    inputs: ({ faults, scenario }) => [
      ["faults", countText((faults?.events.length ?? 0) + (faults?.more ?? 0))],
      ["until routers know", textOf(scenario.faults.detection_s, "s")],
      ["moves allowed a request", countText(scenario.faults.migration_limit)],
    ],
  },
  {
    id: "limits",
    title: "What runs short",
    text: "Something is short at a sample when the slowest tenth of the requests that arrived since the one before waits over three steps and over half of its time to first token. Then it is KV blocks when 97 % of them are in use, batch slots when the requests running fill 97 % of max_num_seqs, and compute otherwise.",
    inputs: ({ engine, kv }) => [
      ["max_num_seqs of a worker", countText(engine.maxNumSeqs)],
      ["KV blocks of a worker", countText(kv.blocksPerWorker)],
    ],
  },
  {
    id: "series",
    title: "Samples over time",
    text: "The cluster is read at equal intervals of simulated time; reading never changes a run. Rates are increases between two samples; percentiles are over the requests that arrived between them, so one with few requests is coarse.",
    inputs: ({ simS }) => [["simulated time", textOf(simS, "s")]],
  },
  {
    id: "density",
    title: "Heat maps",
    text: "Requests counted in 60 × 32 cells; the colour is logarithmic in the count, so that single requests show.",
    inputs: ({ requests }) => [["completed", countText(requests.completed)]],
  },
  {
    id: "quantiles",
    title: "Percentiles",
    text: "Nearest rank: p99 is the smallest value that at least 99 % of the requests do not exceed. Percentiles of fewer than a hundred requests say little.",
    inputs: ({ requests }) => [["measured", countText(requests.measured)]],
  },
  {
    id: "sources",
    title: "Sources of prompt tokens",
    text: "Cached tokens are the engine's own count. The rest is told apart by following the trace's block ids in order of admission: never seen, seen by another worker only, seen by this worker. A block counts as seen once an earlier request with it was admitted.",
    inputs: ({ tokens }) => [
      ["prompt tokens", countText(tokens.input)],
      ["cached", countText(tokens.cached)],
    ],
  },
  {
    id: "kv",
    title: "KV blocks",
    text: "Blocks of a worker come from the memory that weights, activations and graphs leave, by the engine's own rule and version. In use: held by running requests. Kept: of finished requests, until the space is needed.",
    inputs: ({ engine, kv }) => [
      ["blocks a worker", countText(engine.kvBlocksPerWorker)],
      ["tokens a worker", countText(engine.kvTokensPerWorker)],
      ["from", engine.kvBlocksFrom],
      ["peak use", percentText(kv.usagePeak)],
    ],
  },
  {
    id: "capacity",
    title: "Hit rate by capacity",
    text: "Stack distances of the trace's blocks (Mattson et al. 1970): the share of block references that one least-recently-used cache of a given size would serve. Workers hold separate caches, so the cluster does at most this well.",
    inputs: ({ pools }) =>
      pools.map(({ name, workers, engine }) => [
        `tokens of pool ${name}`,
        countText(engine.kvTokensPerWorker * workers),
      ]),
  },
  {
    id: "load",
    title: "Load sweep",
    text: "The same scenario with its traffic made denser or thinner: arrivals nearer together for a trace, another rate or concurrency for generated ones. The knee is the first load whose TTFT p99 is three times that of the least load.",
    inputs: ({ throughput }) => [
      ["completed at this load", `${numberText(throughput.requestsPerS)}/s`],
    ],
  },
  {
    id: "sensitivity",
    title: "Which knob matters",
    text: "One knob at a time a fifth down and up, everything else and the seed the same. It shows slopes around this scenario, not what two changes do together.",
    inputs: ({ seed }) => [["seed", String(seed)]],
  },
  {
    id: "steps",
    title: "Step times",
    text: "How long a forward pass takes comes from kernel models fitted to measured tables, or from what the scenario says. A GPU without tables of its own is estimated from its peer by the ratio of peaks.",
    inputs: ({ engine }) => [
      ["model of step times", engine.stepTime],
      ["calibration", `${engine.calibration ?? "none"} (${engine.calibrationSystem ?? "–"})`],
      ["engine", `${engine.backend} ${engine.timingVersion ?? ""}`],
      ["weights, KV cache", `${engine.dtype ?? "–"}, ${engine.kvCacheDtype ?? "–"}`],
    ],
  },
  {
    id: "frontier",
    title: "Frontier",
    text: "A point is on the frontier when no other point that was run is at least as good in both axes and better in one. Lines between points are steps: nothing between two configurations was run.",
    inputs: ({ seed }) => [["seed of every run", String(seed)]],
  },
];

function goalsText({ ttftMs, tpotMs, e2eMs }: Report["slo"]["targets"]): string {
  const goals = [
    ["TTFT", ttftMs],
    ["TPOT", tpotMs],
    ["end to end", e2eMs],
  ] as const;
  const set = goals.flatMap(([name, goal]) =>
    goal === undefined ? [] : [`${name} ≤ ${ms(goal)}`],
  );
  return set.length === 0 ? "none" : set.join(", ");
}
