/** Latency-aware: outstanding requests times how slow the worker has lately been, so that a degraded one is avoided. */

import type { Stream } from "../../core/index.ts";
import { leastScore } from "./pick.ts";
import type { Router, RouterPolicy, RouterRequest, RouterView } from "./router.ts";

const US_PER_S = 1e6;

class LatencyAware implements Router {
  private readonly halfLifeUs: number;

  constructor(knobs: Readonly<Record<string, number>>) {
    this.halfLifeUs = knobs["half_life_s"]! * US_PER_S;
  }

  decide(view: RouterView, _request: RouterRequest, nowUs: number, random: Stream): number {
    const { candidates, candidateCount: count, observed, outstanding, scores } = view;
    let sum = 0;
    let known = 0;
    for (let i = 0; i < count; i++) {
      const tpotUs = observed.tpotUs[candidates[i]!]!;
      if (Number.isNaN(tpotUs)) continue;
      sum += tpotUs;
      known++;
    }
    const meanUs = known === 0 ? NaN : sum / known;
    for (let i = 0; i < count; i++) {
      const worker = candidates[i]!;
      const tpotUs = observed.tpotUs[worker]!;
      let slowness = Number.isNaN(tpotUs) ? 1 : tpotUs / meanUs;
      // An old impression fades, so that a worker that has recovered is tried again.
      const ageUs = nowUs - observed.ttftAtUs[worker]!;
      if (ageUs > 0) slowness = 1 + (slowness - 1) / (1 + ageUs / this.halfLifeUs);
      scores[worker] = (outstanding[worker]! + 1) * slowness;
    }
    view.rule = "least requests × slowness";
    return leastScore(view, random);
  }
}

export const latencyAware: RouterPolicy = {
  meta: {
    name: "latency_aware",
    title: "Latency-aware",
    source:
      "peak-EWMA balancing (Finagle, Linkerd) on time per token, which queueing does not hide",
    wins: "a worker is degraded – throttled, noisy neighbour – and still answers",
    loses: "equal workers: slowness is mostly the batch it was given; blind to prefixes and sizes",
    knobs: [
      {
        name: "half_life_s",
        description: "age at which an impression of a worker has lost half its weight",
        unit: "s",
        min: 0.1,
        max: 3600,
        default: 10,
      },
    ],
  },
  create: (knobs) => new LatencyAware(knobs),
};
