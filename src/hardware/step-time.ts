/**
 * Step-time models: how long one forward pass takes.
 *
 * Two questions, one model. `stepUs` prices any step, prefill and decode mixed. `decodeRun` describes the
 * whole future of a batch that only decodes: the step time as a polynomial of degree ≤ 2 in the batch's
 * total context, so that the time of k steps, and the step in progress at any instant, have closed forms.
 * The two agree on a pure decode step up to rounding of the last bit; the engine always prices pure decode
 * steps with `decodeRun`.
 */

/** What ranks in lock step put into one step together. */
export type JointLoad = {
  /** Prompt tokens of all ranks. */
  prefillTokens: number;
  /** Decoding requests of all ranks, and of the one that has the most. */
  decodeRequests: number;
  decodeRequestsMost: number;
};

/** One forward pass, as totals over its requests. The engine reuses one mutable object for all steps. */
export type StepShape = {
  /** Requests that compute prompt tokens in this step. */
  prefillRequests: number;
  /** Prompt tokens computed in this step, over all prefill requests. */
  prefillTokens: number;
  /** Tokens those requests already had in the KV cache before this step (cached prefix and earlier chunks). */
  prefillPastTokens: number;
  /** Σ new·(past + new/2) over the prefill requests: the pairs that causal attention works on. */
  prefillPairs: number;
  /** Requests that generate one token each in this step. */
  decodeRequests: number;
  /** Σ context over the decode requests: KV tokens read, the token being processed included. */
  decodeContextTokens: number;
  /** Images that are encoded before the step; absent: none. */
  images?: number;
  /**
   * The shape is that of one attention rank times their number: what all of them have in truth, which experts and the padding
   * of graphs go by (`decodeRequestsMost` times their number too). Absent: what the shape says.
   */
  all?: JointLoad;
};

/** Step time of a pure decode batch: t(ctx) = c0 + c1·ctx + c2·ctx² µs, valid while ctx < contextEnd. */
export type DecodeRun = { c0: number; c1: number; c2: number; contextEnd: number };

/** Time of one GPU by kind of work, µs; the rest of a step it waits, for its host or for other stages. */
export type StepWork = {
  /** Arithmetic at the power cap. */
  computeUs: number;
  /** Streaming weights from memory. */
  streamUs: number;
  /** Reading KV cache. */
  attentionUs: number;
};

/** The work of a pure decode step: attentionUs + attentionUsPerToken · total context. */
export type DecodeWork = StepWork & { attentionUsPerToken: number };

export interface StepTimeModel {
  readonly name: string;
  /** Time of one step in µs (not rounded), > 0 for a non-empty step. */
  stepUs(shape: StepShape): number;
  /**
   * Fills `run` with the step-time polynomial of a batch of `requests` whose total context is `contextTokens`.
   * `run.contextEnd` > contextTokens always: one step at least is covered. `most`: requests of the fullest of the
   * attention ranks in lock step with this one, or, where the shape is a rank's times their number, that many times it; absent: the same.
   */
  decodeRun(requests: number, contextTokens: number, run: DecodeRun, most?: number): void;
  /**
   * Time of an attention rank's part of a step that ranks do in lock step, waiting for others aside, µs: its own rows and
   * attention, everybody's tokens in the experts. Absent: what others do takes it no time (`stepUs`).
   */
  stepAmongUs?(shape: StepShape, all: JointLoad): number;
  /** Fills `work` for a step with prompt tokens; absent: the model knows a step's time only. */
  work?(shape: StepShape, work: StepWork): void;
  /** Fills `work` for decode steps, valid as long as `decodeRun` from the same context. */
  decodeWork?(requests: number, contextTokens: number, work: DecodeWork): void;
}
