/** The calibrated model: a step is the sum of its kernels, floored by what the host takes. */
import { ok, type Result } from "../core/index.ts";
import type { GpuCard, NodeCard } from "./gpu-card.ts";
import { type AdapterSlots, adaptersUs } from "./kernels/adapters.ts";
import { KNOTS, segmentOf, SEGMENTS, type Segments, segmentsOf } from "./kernels/context-knots.ts";
import { DecodeTable, DecodeTables } from "./kernels/decode-table.ts";
import { type Drafts, LOOKUP_US } from "./kernels/drafts.ts";
import { encoderUs } from "./kernels/encoder.ts";
import { type EngineTiming, type RegimeScales, scalesOf } from "./kernels/engine-timing.ts";
import { fabricOf, hopUs } from "./kernels/fabric.ts";
import { fillRank, promptShare, type RankShape } from "./kernels/fullest-rank.ts";
import { graphRows } from "./kernels/graph-sizes.ts";
import { kernelDevice } from "./kernels/kernel-device.ts";
import { type KernelParams, ratesFor } from "./kernels/kernel-params.ts";
import {
  contextLayer,
  type ContextLayer,
  contextLayerUs,
  decodeLayerUs,
  expandLayerUs,
} from "./kernels/layer-attention.ts";
import {
  type HostCost,
  type Launches,
  launchesOf,
  launchUs,
  schedulingUs,
  wallUs,
} from "./kernels/launch.ts";
import { withHopperExperts } from "./kernels/hopper-experts.ts";
import { layerExperts, layerExpertsUs } from "./kernels/layer-experts.ts";
import { layerRows, layerRowsUs, projectionUs } from "./kernels/layer-rows.ts";
import { type KernelsLayout, splitOf } from "./kernels/layout.ts";
import { PassParts } from "./kernels/pass-parts.ts";
import { RowMemo } from "./kernels/row-memo.ts";
import { gemmOf, stepMachine, type StepMachine } from "./kernels/step-machine.ts";
import { EAGLE_VOCAB, layerCount, type ModelCard } from "./model-card.ts";
import { STEP_US_MIN } from "./step-time-run.ts";
import type { DecodeRun, DecodeWork, StepShape, StepTimeModel, StepWork } from "./step-time.ts";

/** What a model may run with besides. */
type Extras = {
  readonly drafts?: Drafts;
  readonly adapters?: AdapterSlots;
  /** Patches of every image that prompts bring. */
  readonly imagePatches?: number;
};

export type KernelsSpec = Extras & {
  readonly model: ModelCard;
  readonly gpu: GpuCard;
  /** Host of the GPUs: its NICs and NVLink domain. */
  readonly node?: NodeCard;
  /** GPUs of a worker that its place leaves in one NVLink domain; as many as the domain has when absent. */
  readonly ranksTogether?: number;
  /** Parameters of the GPU's own calibration, or of its peer's. */
  readonly params: KernelParams;
  readonly timing: EngineTiming;
  readonly layout?: KernelsLayout;
};

/** Builds the model. Problems: heads, experts or stages that the layout does not divide. */
export function kernelsStepTime(spec: KernelsSpec): Result<KernelsStepTime> {
  const split = splitOf(spec.model, spec.layout ?? {});
  if (!split.ok) return split;
  const { params, timing } = spec;
  const machine = stepMachine({
    card: spec.model,
    split: withHopperExperts(split.value, spec.model, spec.gpu.architecture, timing),
    params,
    device: kernelDevice(ratesFor(spec.gpu, params)),
    fabric: fabricOf(params, spec.gpu, spec.node, spec.ranksTogether),
    timing,
  });
  const estimated = spec.gpu.calibration !== params.kernels;
  return ok(new KernelsStepTime(machine, scalesOf(timing, params.kernels), estimated, spec));
}

/**
 * A step of fused prefill and decode: one pass of all rows over the weights (GEMMs, experts, norms,
 * collectives), plus attention of the prompt parts, plus attention of the decodes; times the measured
 * over predicted ratio of the GPU and engine; at least what the host needs, where scheduling is
 * asynchronous (else the host is added).
 *
 * Parallelism. Tensor: shapes are those of one rank, all-reduces added. Attention data parallel: the
 * shape holds the totals of all ranks, which run in lock step; the fullest rank has ⌈requests ÷ dp⌉
 * of them, the longest prompts and a mean share of the context (assumption). Pipeline: a decode batch circulates as pp micro-batches,
 * so that all of it advances by a token in the time of all layers at ⌈B ÷ pp⌉ rows; a step with
 * prompts is cut in pp micro-batches and pays (2·pp − 1)/pp of their time: fill and drain. Context
 * parallel: prompt rows and pairs are split, keys gathered.
 *
 * Decode: affine in total context between the knots of context-knots.ts.
 *
 * Drafts: a step verifies tokens + 1 rows of each request, which also bound the CUDA graph. Drafting runs once
 * per drafted token: a layer like the mean of the model's with its own cache, and an output layer (EAGLE's smaller one);
 * n-grams are looked up by the host.
 */
export class KernelsStepTime implements StepTimeModel {
  readonly name = "kernels";
  /** Efficiencies are another GPU's. */
  readonly estimated: boolean;
  readonly #machine: StepMachine;
  readonly #scales: RegimeScales;
  readonly #rows: RowMemo;
  /** Undefined: a dense model. */
  readonly #experts: RowMemo | undefined;
  readonly #head: RowMemo;
  readonly #expand: RowMemo | undefined;
  readonly #context: readonly ContextLayer[];
  readonly #attention: (Segments | undefined)[] = [];
  readonly #tables = new DecodeTables((batch, most) => this.#tableOf(batch, most));
  readonly #launches: Launches;
  readonly #pass = new PassParts();
  readonly #imagePatches: number;
  readonly #drafts: Drafts | undefined;
  /** Rows of a decoding request in a step. */
  readonly #queries: number;
  readonly #rank: RankShape = { requests: 0, newTokens: 0, pastTokens: 0, pairs: 0 };

  constructor(machine: StepMachine, scales: RegimeScales, estimated: boolean, extras: Extras = {}) {
    const { adapters, drafts, imagePatches = 0 } = extras;
    this.#machine = machine;
    this.#imagePatches = imagePatches;
    this.#drafts = drafts;
    this.#queries = 1 + (drafts?.tokens ?? 0);
    this.#scales = scales;
    this.estimated = estimated;
    const { groups, hidden, vocab } = machine.card;
    const rows = groups.map((group) => layerRows(machine, group));
    const experts = groups.flatMap(({ layers, ffn }) =>
      ffn.kind === "moe" ? (layerExperts(machine, layers, ffn) ?? []) : [],
    );
    const kernel = gemmOf(machine, "lmHead");
    const head = { kernel, n: vocab / machine.split.tp, k: hidden };
    this.#rows = new RowMemo((m) => {
      let us = 0;
      for (const layer of rows) us += layerRowsUs(machine, layer, m);
      return adapters === undefined ? us : us + adaptersUs(machine, adapters, m);
    });
    if (experts.length > 0) {
      this.#experts = new RowMemo((tokens) => {
        let us = 0;
        for (const layer of experts) us += layerExpertsUs(machine, layer, tokens);
        return us;
      });
    }
    this.#head = new RowMemo((m) => projectionUs(machine, head, m));
    const latent = groups.filter(({ attention }) => attention.kind === "mla");
    this.#expand =
      latent.length === 0
        ? undefined
        : new RowMemo((keys) => {
            let us = 0;
            for (const { layers, attention } of latent) {
              us += layers * expandLayerUs(machine, attention, keys);
            }
            return us;
          });
    this.#context = groups.map((group) => contextLayer(machine, group));
    this.#launches = launchesOf(machine);
  }

  /** Decode attention of all layers at the knots, for `requests` on the fullest rank. */
  #attentionOf(requests: number): Segments {
    const known = this.#attention[requests];
    if (known !== undefined) return known;
    const values = KNOTS.map((context) => {
      let us = 0;
      for (const { layers, attention } of this.#machine.card.groups) {
        us += layers * decodeLayerUs(this.#machine, attention, requests, context, this.#queries);
        // The draft layer, one among as many as the model has.
        us +=
          layers * this.#draftShare * decodeLayerUs(this.#machine, attention, requests, context);
      }
      return us;
    });
    const segments = segmentsOf(values, 1);
    this.#attention[requests] = segments;
    return segments;
  }

  /** Decode steps of a batch of the whole worker, whose graphs are padded to the share that a rank has of `most` requests. */
  #tableOf(batch: number, most: number): DecodeTable {
    const { split } = this.#machine;
    const scale = this.#scales.decode;
    const requests = Math.ceil(batch / split.dp / split.pp);
    const lines = this.#attentionOf(requests);
    const base = this.#decodeBaseUs(most);
    const host = this.#hostOf(0, 0, batch);
    const values = KNOTS.map((context, i) => {
      const at = 2 * Math.min(i, SEGMENTS - 1);
      const attention = lines[at]! + lines[at + 1]! * context;
      return this.#wallUs((base + attention) * scale, host);
    });
    const attention = lines.map((us, i) => (i % 2 === 0 ? scale * us : (scale * us) / batch));
    const { computeUs, streamUs } = this.#decodeWork(requests);
    const times = segmentsOf(values, batch);
    return new DecodeTable(batch, times, attention, computeUs, streamUs);
  }

  #expertsUs(tokens: number): number {
    return this.#experts === undefined ? 0 : this.#experts.at(tokens);
  }

  #hopsUs(bytes: number): number {
    const { split, fabric } = this.#machine;
    if (split.pp === 1) return 0;
    return split.pp * hopUs(fabric, bytes, split.tp * split.pp * split.dp);
  }

  #wallUs(gpuUs: number, host: HostCost): number {
    return Math.max(STEP_US_MIN, wallUs(this.#machine.timing, gpuUs, host));
  }

  /** Every attention rank has a host process and graphs of its own: the fullest counts. */
  #hostOf(workerTokens: number, prompts: number, workerDecodes: number): HostCost {
    const { timing, split } = this.#machine;
    const tokens = Math.ceil(workerTokens / split.dp);
    const decodes = Math.ceil(workerDecodes / split.dp);
    const requests = Math.ceil(prompts / split.dp) + decodes;
    const lookupUs = this.#drafts?.kind === "ngram" ? LOOKUP_US * decodes : 0;
    return {
      launchUs: launchUs(timing, this.#launches, tokens, decodes * this.#queries),
      schedulingUs: schedulingUs(timing, requests) + lookupUs,
    };
  }

  stepUs(shape: StepShape): number {
    const decodes = shape.decodeRequests;
    const all = shape.all ?? shape;
    if (all.prefillTokens <= 0) {
      if (decodes <= 0) return STEP_US_MIN;
      const most = shape.all?.decodeRequestsMost;
      return this.#tables.of(decodes, most).stepUs(shape.decodeContextTokens);
    }
    const { split } = this.#machine;
    const regime = all.decodeRequests > 0 ? this.#scales.mixed : this.#scales.context;
    const host = this.#hostOf(shape.prefillTokens, shape.prefillRequests, decodes);
    const gpuUs = split.pp === 1 ? this.#passUs(shape, 1) : this.#pipelineUs(shape);
    return this.#wallUs(gpuUs * regime + this.#imagesUs(shape), host);
  }

  #imagesUs({ images = 0 }: StepShape): number {
    const { encoder } = this.#machine.card;
    if (images === 0 || encoder === undefined) return 0;
    return encoderUs(this.#machine, encoder, images, this.#imagePatches);
  }

  /** GPU and host time of a step in µs before scales, to fit these; `wallUs` puts them together. */
  parts(shape: StepShape): HostCost & { readonly gpuUs: number } {
    const { split } = this.#machine;
    const prompts = shape.prefillTokens > 0 ? shape.prefillRequests : 0;
    const tokens = prompts > 0 ? shape.prefillTokens : 0;
    const host = this.#hostOf(tokens, prompts, shape.decodeRequests);
    if (prompts > 0) {
      const gpuUs = split.pp === 1 ? this.#passUs(shape, 1) : this.#pipelineUs(shape);
      return { gpuUs, ...host };
    }
    return { gpuUs: this.#decodeGpuUs(shape.decodeRequests, shape), ...host };
  }

  #decodeGpuUs(batch: number, shape: StepShape): number {
    const { split } = this.#machine;
    const lines = this.#attentionOf(Math.ceil(batch / split.dp / split.pp));
    const at = 2 * segmentOf(batch, shape.decodeContextTokens);
    const mean = shape.decodeContextTokens / batch;
    return this.#decodeBaseUs(batch) + lines[at]! + lines[at + 1]! * mean;
  }

  /** Everything of a decode step but attention. */
  #decodeBaseUs(batch: number): number {
    const { split, timing, card } = this.#machine;
    const requests = Math.ceil(batch / split.dp / split.pp);
    const rows = graphRows(requests * this.#queries, timing.graphRowsMax, timing.graphSizes);
    return (
      this.#rows.at(rows) +
      this.#expertsUs(split.dp === 1 ? rows : rows * split.dp) +
      this.#head.at(rows) +
      this.#draftUs(requests) +
      this.#hopsUs(rows * card.hidden * 2)
    );
  }

  /** Draft layers that a step runs through, as a part of the model's layers. */
  get #draftShare(): number {
    if (this.#drafts === undefined || this.#drafts.kind === "ngram") return 0;
    return this.#drafts.tokens / layerCount(this.#machine.card);
  }

  /** Drafting for `requests` of a rank, attention aside: its layer and its output layer, once per drafted token. */
  #draftUs(requests: number): number {
    const share = this.#draftShare;
    if (share === 0 || requests === 0) return 0;
    const { split, timing, card } = this.#machine;
    const rows = graphRows(requests, timing.graphRowsMax, timing.graphSizes);
    const layerUs = this.#rows.at(rows) + this.#expertsUs(split.dp === 1 ? rows : rows * split.dp);
    const isEagle = this.#drafts?.kind === "eagle";
    const words = isEagle ? Math.min(1, EAGLE_VOCAB / card.vocab) : 1;
    return share * layerUs + (this.#queries - 1) * words * this.#head.at(rows);
  }

  #pipelineUs(shape: StepShape): number {
    const { split, card } = this.#machine;
    const bytes = (shape.prefillTokens / split.pp) * card.hidden * 2;
    const passes = (2 * split.pp - 1) / split.pp;
    return passes * this.#passUs(shape, split.pp) + this.#hopsUs(bytes);
  }

  /** GPU time of one pass of 1/parts of the step through all layers. */
  #passUs(shape: StepShape, parts: number): number {
    const pass = this.#pass;
    if (pass.isOf(shape, parts)) return pass.us;
    const { split, timing } = this.#machine;
    const decodes = shape.decodeRequests;
    const prompts = shape.prefillRequests;
    const rank = this.#rank;
    fillRank(shape, split, parts, rank);
    const rankDecodes = Math.ceil(decodes / split.dp / parts);
    const queries = this.#queries;
    const rows = graphRows(rank.newTokens + rankDecodes * queries, timing.pieceTokensMax);
    const { prefillTokens, decodeRequests } = shape.all ?? shape;
    const all =
      split.dp === 1 ? rows : Math.ceil((prefillTokens + decodeRequests * queries) / parts);
    const rankPrompts = prompts * promptShare(prompts, split.dp);
    const outputs = Math.ceil((rankPrompts + (decodes * queries) / split.dp) / parts);
    pass.rowsUs = this.#rows.at(rows);
    pass.expertsUs = this.#expertsUs(all);
    pass.headUs = this.#head.at(outputs) + this.#draftUs(rankDecodes);
    let us = pass.rowsUs + pass.expertsUs + pass.headUs;
    if (prompts > 0) us = this.#withPrompts(us, rank);
    pass.decodeUs = 0;
    if (decodes > 0) {
      const lines = this.#attentionOf(rankDecodes);
      const at = 2 * segmentOf(decodes, shape.decodeContextTokens);
      pass.decodeUs = lines[at]! + (lines[at + 1]! * shape.decodeContextTokens) / decodes;
      us += pass.decodeUs;
    }
    pass.us = us;
    return us;
  }

  /** `us`, and attention of a rank's prompts. */
  #withPrompts(us: number, rank: RankShape): number {
    if (this.#expand !== undefined)
      us += this.#expand.at(Math.ceil(rank.newTokens + rank.pastTokens));
    for (const layer of this.#context)
      us += layer.layers * contextLayerUs(this.#machine, layer, rank);
    return us;
  }

  /**
   * Rows beyond the first cost arithmetic, the first streams the weights; experts and prompt attention lie halfway between
   * two regimes (step-power.ts says why). A stage of a pipeline works through every micro-batch once.
   */
  work(shape: StepShape, work: StepWork): void {
    const scale = shape.decodeRequests > 0 ? this.#scales.mixed : this.#scales.context;
    const us = this.#passUs(shape, this.#machine.split.pp);
    const { rowsUs, expertsUs, headUs, decodeUs } = this.#pass;
    const firstUs = Math.min(rowsUs, this.#rows.at(1));
    const promptUs = us - rowsUs - expertsUs - headUs - decodeUs;
    work.computeUs =
      scale * (rowsUs - firstUs + expertsUs / 2 + promptUs / 2) + this.#imagesUs(shape);
    work.streamUs = scale * (firstUs + headUs + expertsUs / 2);
    work.attentionUs = scale * (decodeUs + promptUs / 2);
  }

  /** What a decode step of `requests` on a rank takes besides attention. */
  #decodeWork(requests: number): { readonly computeUs: number; readonly streamUs: number } {
    const { split, timing } = this.#machine;
    const scale = this.#scales.decode;
    const rows = graphRows(requests * this.#queries, timing.graphRowsMax, timing.graphSizes);
    const rowsUs = this.#rows.at(rows);
    const expertsUs = this.#expertsUs(split.dp === 1 ? rows : rows * split.dp);
    const firstUs = Math.min(rowsUs, this.#rows.at(1));
    const outputUs = this.#head.at(rows) + this.#draftUs(requests);
    return {
      computeUs: scale * (rowsUs - firstUs + expertsUs / 2),
      streamUs: scale * (firstUs + outputUs + expertsUs / 2),
    };
  }

  decodeWork(requests: number, contextTokens: number, work: DecodeWork): void {
    this.#tables.of(requests).work(contextTokens, work);
  }

  decodeRun(requests: number, contextTokens: number, run: DecodeRun, most?: number): void {
    this.#tables.of(requests, most).run(contextTokens, run);
  }
}
