/** Step times of one attention data parallel rank, from a model that prices all ranks of a worker together. */
import type {
  DecodeRun,
  DecodeWork,
  JointLoad,
  StepShape,
  StepTimeModel,
  StepWork,
} from "./step-time.ts";

const NOTHING: Readonly<StepShape> = {
  prefillRequests: 0,
  prefillTokens: 0,
  prefillPastTokens: 0,
  prefillPairs: 0,
  decodeRequests: 0,
  decodeContextTokens: 0,
  images: 0,
};

/**
 * A rank by itself counts as one among others that are all like it: the worker's model is asked for `ranks` times its load. Among
 * ranks in lock step whose loads are known (`stepAmongUs`, `decodeRun` with `most`) its rows and its attention are its own, the
 * experts see everybody's tokens, and graphs are padded to the fullest rank. Source: vLLM's coordinate_batch_across_dp pads decode
 * batches to the largest rank's, SGLang's DP attention does in its mode MAX_LEN; without graphs neither pads.
 */
export class RankStepTime implements StepTimeModel {
  readonly name: string;
  readonly work?: (shape: StepShape, work: StepWork) => void;
  readonly decodeWork?: (requests: number, contextTokens: number, work: DecodeWork) => void;
  readonly #model: StepTimeModel;
  readonly #ranks: number;
  readonly #all: JointLoad = { prefillTokens: 0, decodeRequests: 0, decodeRequestsMost: 0 };
  readonly #alone: StepShape = { ...NOTHING };
  readonly #among: StepShape = { ...NOTHING, all: this.#all };

  /** `model` takes the totals of `ranks` ranks. */
  constructor(model: StepTimeModel, ranks: number) {
    this.name = model.name;
    this.#model = model;
    this.#ranks = ranks;
    const { work, decodeWork } = model;
    if (work !== undefined) {
      this.work = (shape, out) => work.call(model, this.#times(shape, this.#alone), out);
    }
    if (decodeWork !== undefined) {
      this.decodeWork = (requests, contextTokens, out) => {
        decodeWork.call(model, requests * ranks, contextTokens * ranks, out);
        out.attentionUsPerToken *= ranks;
      };
    }
  }

  stepUs(shape: StepShape): number {
    return this.#model.stepUs(this.#times(shape, this.#alone));
  }

  stepAmongUs(shape: StepShape, all: JointLoad): number {
    this.#all.prefillTokens = all.prefillTokens;
    this.#all.decodeRequests = all.decodeRequests;
    this.#all.decodeRequestsMost = all.decodeRequestsMost * this.#ranks;
    return this.#model.stepUs(this.#times(shape, this.#among));
  }

  decodeRun(requests: number, contextTokens: number, run: DecodeRun, most = requests): void {
    const ranks = this.#ranks;
    this.#model.decodeRun(requests * ranks, contextTokens * ranks, run, most * ranks);
    run.c1 *= ranks;
    run.c2 *= ranks * ranks;
    run.contextEnd /= ranks;
  }

  /** Writes the load of as many ranks like this one. */
  #times(shape: StepShape, scaled: StepShape): StepShape {
    const ranks = this.#ranks;
    scaled.prefillRequests = shape.prefillRequests * ranks;
    scaled.prefillTokens = shape.prefillTokens * ranks;
    scaled.prefillPastTokens = shape.prefillPastTokens * ranks;
    scaled.prefillPairs = shape.prefillPairs * ranks;
    scaled.decodeRequests = shape.decodeRequests * ranks;
    scaled.decodeContextTokens = shape.decodeContextTokens * ranks;
    // A rank encodes its own images, one after the other.
    scaled.images = shape.images ?? 0;
    return scaled;
  }
}
