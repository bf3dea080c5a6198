/**
 * Decode steps of one batch size: what they take and what on, once computed. All numbers of a segment lie side by side, so that
 * pricing a run and its energy reads one or two cache lines.
 */
import type { DecodeRun, DecodeWork } from "../step-time.ts";
import { KNOTS, segmentOf, SEGMENTS, type Segments } from "./context-knots.ts";

const COMPUTE_US = 0;
const STREAM_US = 1;
/** Where the segments begin, and the numbers of each: time and attention as lines in total context. */
const HEAD = 4;
const WIDTH = 4;
const TIME_C0 = 0;
const TIME_C1 = 1;
const ATTENTION_C0 = 2;
const ATTENTION_C1 = 3;

export class DecodeTable {
  readonly #requests: number;
  readonly #numbers = new Float64Array(HEAD + WIDTH * SEGMENTS);

  /**
   * @param times step time, µs
   * @param attention part of it that attention takes, µs
   * @param computeUs arithmetic of a step, whatever its context
   * @param streamUs reading of weights, whatever its context
   */
  constructor(
    requests: number,
    times: Segments,
    attention: Segments,
    computeUs: number,
    streamUs: number,
  ) {
    const numbers = this.#numbers;
    this.#requests = requests;
    numbers[COMPUTE_US] = computeUs;
    numbers[STREAM_US] = streamUs;
    for (let i = 0; i < SEGMENTS; i++) {
      const base = HEAD + WIDTH * i;
      numbers[base + TIME_C0] = times[2 * i]!;
      numbers[base + TIME_C1] = times[2 * i + 1]!;
      numbers[base + ATTENTION_C0] = attention[2 * i]!;
      numbers[base + ATTENTION_C1] = attention[2 * i + 1]!;
    }
  }

  /** Time of a step in µs. */
  stepUs(contextTokens: number): number {
    const base = HEAD + WIDTH * segmentOf(this.#requests, contextTokens);
    return this.#numbers[base + TIME_C0]! + this.#numbers[base + TIME_C1]! * contextTokens;
  }

  /** `StepTimeModel.decodeRun`. */
  run(contextTokens: number, run: DecodeRun): void {
    const segment = segmentOf(this.#requests, contextTokens);
    const base = HEAD + WIDTH * segment;
    run.c0 = this.#numbers[base + TIME_C0]!;
    run.c1 = this.#numbers[base + TIME_C1]!;
    run.c2 = 0;
    run.contextEnd =
      segment + 1 < SEGMENTS ? KNOTS[segment + 1]! * this.#requests : Number.POSITIVE_INFINITY;
  }

  /** `StepTimeModel.decodeWork`. */
  work(contextTokens: number, work: DecodeWork): void {
    const base = HEAD + WIDTH * segmentOf(this.#requests, contextTokens);
    work.computeUs = this.#numbers[COMPUTE_US]!;
    work.streamUs = this.#numbers[STREAM_US]!;
    work.attentionUs = this.#numbers[base + ATTENTION_C0]!;
    work.attentionUsPerToken = this.#numbers[base + ATTENTION_C1]!;
  }
}

/** Makes the steps of a batch whose graphs are padded to `most` requests. */
type MakeTable = (batch: number, most: number) => DecodeTable;

/** More requests than any worker has, and small enough for two such numbers in one. */
const REQUESTS_END = 1 << 26;

/** The tables that were asked for. */
export class DecodeTables {
  readonly #make: MakeTable;
  readonly #plain: (DecodeTable | undefined)[] = [];
  /** Of batches that are padded to a larger one. */
  readonly #padded = new Map<number, DecodeTable>();

  constructor(make: MakeTable) {
    this.#make = make;
  }

  of(batch: number, most = batch): DecodeTable {
    if (most === batch) return (this.#plain[batch] ??= this.#make(batch, batch));
    const key = batch * REQUESTS_END + most;
    let table = this.#padded.get(key);
    if (table === undefined) {
      table = this.#make(batch, most);
      this.#padded.set(key, table);
    }
    return table;
  }
}
