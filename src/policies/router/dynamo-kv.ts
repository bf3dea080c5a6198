/**
 * NVIDIA Dynamo's KV router, to the digit: the linear cost of reference page 1.3 over the book of 1.5, its tie rules and its
 * softmax (1.4). All units are KV blocks: a block of prompt to compute costs as much as a block that decodes read.
 */

import { exp } from "../../core/index.ts";
import type { PolicyKnob } from "../meta.ts";
import { softmaxScore } from "./pick.ts";
import type {
  Router,
  RouterNeeds,
  RouterPolicy,
  RouterRequest,
  RouterRole,
  RouterSetting,
  RouterView,
} from "./router.ts";

export type DynamoKnobs = {
  readonly overlapCredit: number;
  readonly creditDecay: number;
  readonly prefillScale: number;
  readonly hostWeight: number;
  readonly diskWeight: number;
  readonly sharedMultiplier: number;
  readonly activeRequestWeight: number;
  readonly temperature: number;
  readonly clamp: boolean;
  readonly lmetric: boolean;
  readonly trackPrefill: boolean;
  readonly trackActive: boolean;
  readonly trackOutputs: boolean;
  readonly assumeReuse: boolean;
  readonly prefillTimes: boolean;
  readonly stride: number;
};

const flag = (name: string, description: string, byDefault: 0 | 1): PolicyKnob => ({
  name,
  description,
  unit: "flag",
  min: 0,
  max: 1,
  default: byDefault,
});

const number = (
  name: string,
  description: string,
  unit: string,
  max: number,
  byDefault: number,
): PolicyKnob => ({ name, description, unit, min: 0, max, default: byDefault });

const KNOBS: readonly PolicyKnob[] = [
  number("overlap_score_credit", "worth of a cached block on the device", "blocks", 10, 1),
  number("overlap_score_credit_decay", "how fast that worth falls with excess prefill", "1", 10, 0),
  number("prefill_load_scale", "factor on blocks of prompt to compute", "1", 1000, 1),
  number("host_cache_hit_weight", "worth of a block in host memory", "blocks", 1, 0.75),
  number("disk_cache_hit_weight", "worth of a block on disk or beyond", "blocks", 1, 0.25),
  number(
    "shared_cache_multiplier",
    "worth of a block behind the device's in a remote store (g4) that several workers read; 0: such a store counts as disk " +
      "(Dynamo with a shared cache: 0.5)",
    "blocks",
    1,
    0,
  ),
  number("decode_active_request_weight", "cost of an active request", "blocks", 10_000, 0),
  number("temperature", "of the softmax over normalised costs; 0: least cost", "1", 100, 0),
  flag("clamp_adjusted_prefill", "floor of 0 under prefill less credit", 1),
  flag("lmetric", "multiply prefill by blocks + 1 instead of adding them", 0),
  flag("track_prefill_tokens", "count prompts that are not computed yet", 1),
  flag("track_active_blocks", "count blocks of active requests", 1),
  flag("track_output_blocks", "count output blocks, less the nearer the expected end", 0),
  flag("assume_kv_reuse", "count a prefix that active requests share once", 1),
  {
    name: "active_sequence_stride",
    description: "active prompts are known by one in so many blocks; counts are whole strides",
    unit: "blocks",
    min: 1,
    max: 1024,
    default: 1,
  },
  flag("prefill_load_model", "let predicted prefills wear off with time (Dynamo: aic)", 0),
];

/** The knobs as the router of a role uses them (reference page 1.10). */
export function dynamoKnobs(
  knobs: Readonly<Record<string, number>>,
  role: RouterRole,
): DynamoKnobs {
  const value = (name: string): number =>
    knobs[name] ?? KNOBS.find((knob) => knob.name === name)!.default;
  const isDecode = role === "decode";
  return {
    overlapCredit: isDecode ? 0 : value("overlap_score_credit"),
    creditDecay: value("overlap_score_credit_decay"),
    prefillScale: value("prefill_load_scale"),
    hostWeight: isDecode ? 0 : value("host_cache_hit_weight"),
    diskWeight: isDecode ? 0 : value("disk_cache_hit_weight"),
    sharedMultiplier: isDecode ? 0 : value("shared_cache_multiplier"),
    activeRequestWeight: value("decode_active_request_weight"),
    temperature: value("temperature"),
    clamp: value("clamp_adjusted_prefill") === 1,
    lmetric: value("lmetric") === 1,
    trackPrefill: !isDecode && value("track_prefill_tokens") === 1,
    trackActive: role !== "prefill" && value("track_active_blocks") === 1,
    trackOutputs: value("track_output_blocks") === 1,
    assumeReuse: !isDecode && value("assume_kv_reuse") === 1,
    prefillTimes: value("prefill_load_model") === 1,
    stride: Math.round(value("active_sequence_stride")),
  };
}

/** Factor of preferred labels: exp(−tanh Σ weights), in [1/e, e]. */
export function labelFactor(
  preferred: readonly { readonly labels: number; readonly weight: number }[],
  labels: number,
): number {
  let sum = 0;
  for (const one of preferred) if ((one.labels & labels) === one.labels) sum += one.weight;
  const tanh = 1 - 2 / (exp(2 * sum) + 1);
  return exp(-tanh);
}

export class DynamoKvRouter implements Router {
  readonly needs: RouterNeeds;
  private readonly knobs: DynamoKnobs;

  constructor(knobs: DynamoKnobs) {
    this.knobs = knobs;
    this.needs = {
      prefix:
        knobs.overlapCredit + knobs.hostWeight + knobs.diskWeight + knobs.sharedMultiplier > 0,
      ...(knobs.sharedMultiplier > 0 ? { shared: true } : {}),
      active: knobs.trackActive && knobs.assumeReuse,
      outputs: knobs.trackOutputs,
      prefillTimes: knobs.prefillTimes,
      stride: knobs.stride,
      hostWeight: knobs.hostWeight,
      diskWeight: knobs.diskWeight,
    };
  }

  decide(
    view: RouterView,
    request: RouterRequest,
    nowUs: number,
    random: Parameters<Router["decide"]>[3],
  ): number {
    this.score(view, request, nowUs);
    view.rule = this.knobs.temperature === 0 ? "least cost" : "softmax of costs";
    return softmaxScore(view, this.knobs.temperature, random);
  }

  /** Fills the scores of all candidates, in blocks. */
  score(view: RouterView, request: RouterRequest, nowUs: number): void {
    const { knobs } = this;
    const { candidates, candidateCount: count, book, scores } = view;
    const [device, host, disk] = view.reach;
    let leastPrefill = Infinity;
    if (knobs.creditDecay > 0 && knobs.trackPrefill) {
      for (let i = 0; i < count; i++) {
        leastPrefill = Math.min(leastPrefill, this.prefillOn(view, candidates[i]!, nowUs));
      }
    }
    for (let i = 0; i < count; i++) {
      const worker = candidates[i]!;
      const { blockSize } = view.facts[worker]!;
      const onHost = host[worker]! - device[worker]!;
      const onDisk = disk[worker]! - host[worker]!;
      const lower = knobs.hostWeight * onHost + knobs.diskWeight * onDisk;
      let decay = 1;
      let raw = 0;
      if (knobs.trackPrefill) {
        const prefill = this.prefillOn(view, worker, nowUs);
        const cached = Math.max(0, Math.round((device[worker]! + lower) * blockSize));
        raw = (prefill + Math.max(request.inputTokens, cached)) / blockSize;
        if (knobs.creditDecay > 0) {
          const excess = (prefill - leastPrefill) / blockSize;
          const own = Math.max(1, Math.ceil(request.inputTokens / blockSize));
          decay = 1 / (1 + (knobs.creditDecay * excess) / own);
        }
      }
      const shared = knobs.sharedMultiplier * view.shared[worker]!;
      const less = raw - (knobs.overlapCredit * decay * device[worker]! + lower + shared);
      const adjusted = knobs.clamp ? Math.max(0, less) : less;
      const decode = knobs.trackActive ? this.decodeBlocks(view, request, worker) : 0;
      let cost = knobs.lmetric
        ? adjusted * (decode + 1)
        : knobs.prefillScale * adjusted +
          decode +
          knobs.activeRequestWeight * book.requests[worker]!;
      if (request.preferredLabels.length > 0) {
        cost *= labelFactor(request.preferredLabels, view.facts[worker]!.labels);
      }
      scores[worker] = cost;
    }
  }

  private prefillOn(view: RouterView, worker: number, nowUs: number): number {
    const { book } = view;
    return this.knobs.prefillTimes
      ? book.prefillTokensAt(worker, nowUs)
      : book.prefillTokens[worker]!;
  }

  /** D + N: the blocks of active requests, and those that this one would add. */
  private decodeBlocks(view: RouterView, request: RouterRequest, worker: number): number {
    const { book } = view;
    const shared = this.knobs.assumeReuse ? book.strided(view.activeReach[worker]!) : 0;
    return Math.round(book.blocks[worker]!) + book.strided(request.blocks) - shared;
  }
}

export const dynamoKv: RouterPolicy = {
  meta: {
    name: "dynamo_kv",
    title: "Dynamo KV router",
    source: "NVIDIA Dynamo, lib/kv-router (2026): linear cost over prefix overlap and own book",
    wins: "prefixes are shared and prompts alike: cache hits and load are weighed in one unit",
    loses:
      "blocks are no time: no idea of SLOs, of quadratic attention, of memory running short; " +
      "one cached block outweighs one queued block whatever both cost",
    knobs: KNOBS,
  },
  create: (knobs, { role }: RouterSetting) => new DynamoKvRouter(dynamoKnobs(knobs, role)),
};
