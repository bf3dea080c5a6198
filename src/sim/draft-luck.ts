/**
 * Speculative decoding's luck: how many drafts are accepted in a step of a request, drawn for each request and step.
 *
 * A draw depends on the seed, the request's row and the tokens that it has generated, and on nothing else: it is a hash of these
 * numbers, not the next of a sequence. So neither the engine's mode nor the order of workers, preemptions or moves to
 * another worker change what a request will be given, and two policies compared under one seed see the same luck.
 */

import type { Stream } from "../core/index.ts";
import { AT_GENERATED, AT_JOIN_CONTEXT, AT_JOIN_STEP, AT_NEXT } from "./request-table.ts";
import { AT_OUTPUT, AT_ROW, AT_STATE, SLOT_DECODE } from "./request-table.ts";

/** Values of a 32-bit hash. */
const HASHES = 4_294_967_296;

export class DraftLuck {
  /** Requests of the group that the last `advance` has given their last token. */
  ended = 0;
  /** Blocks that it has found to hold nothing but rejected drafts. */
  blocksBack = 0;
  /** Steps of requests so far, each counted for itself, what was drawn for them, and what they were given: none beyond their last. */
  requestSteps = 0;
  tokensDrawn = 0;
  tokensGiven = 0;
  /** Drafts of a step. */
  private readonly drafts: number;
  /** Hashes below the n-th of these have n + 1 drafts accepted, or more. */
  private readonly limits: Float64Array;
  private readonly keys: readonly [number, number, number];

  /**
   * @param rates chance that the draft at each position is accepted when those before it were
   * @param random stream that the keys of the hash come from
   */
  constructor(rates: readonly number[], random: Stream) {
    this.drafts = rates.length;
    let reached = 1;
    this.limits = Float64Array.from(rates, (rate) => Math.round((reached *= rate) * HASHES));
    this.keys = [random.int(HASHES), random.int(HASHES), random.int(HASHES)];
  }

  /** Tokens of the step at whose beginning the request of `row` has generated `generated`: the accepted drafts and one more. */
  tokensOf(row: number, generated: number): number {
    const [first, second, third] = this.keys;
    // Two keys for each request: sequences of two requests have no stretch in common.
    const own = mixed(row ^ first);
    const other = mixed(row ^ second);
    const hash = mixed(mixed(generated ^ own) ^ other ^ third) >>> 0;
    const { drafts, limits } = this;
    let accepted = 0;
    while (accepted < drafts && hash < limits[accepted]!) accepted++;
    return accepted + 1;
  }

  /**
   * A decode step of the running requests from `head` on is over: gives each its tokens, though none beyond its last. What a
   * request has gained is kept in its place for the clock at which it joined. Returns the tokens of all.
   */
  advance(data: Float64Array, head: number, blockSize: number): number {
    let tokens = 0;
    let ended = 0;
    let blocksBack = 0;
    for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
      if (data[slot + AT_STATE] !== SLOT_DECODE) continue;
      const since = -data[slot + AT_JOIN_STEP]!;
      const generated = data[slot + AT_GENERATED]! + since;
      const left = data[slot + AT_OUTPUT]! - generated;
      const drawn = this.tokensOf(data[slot + AT_ROW]!, generated);
      const given = Math.min(left, drawn);
      this.requestSteps++;
      this.tokensDrawn += drawn;
      data[slot + AT_JOIN_STEP] = -since - given;
      tokens += given;
      if (given === left) ended++;
      const stored = data[slot + AT_JOIN_CONTEXT]! + since - 1;
      blocksBack +=
        Math.ceil((stored + 1 + this.drafts) / blockSize) - Math.ceil((stored + given) / blockSize);
    }
    this.tokensGiven += tokens;
    this.ended = ended;
    this.blocksBack = blocksBack;
    return tokens;
  }
}

/** The finalizer of MurmurHash3 (A. Appleby, public domain): every bit of the result depends on every bit of `x`; one to one. */
function mixed(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Tokens a step gives on average: 1 + Σ over positions of the chance that all drafts up to it are accepted.
 *
 * @param rates chance that the draft at each position is accepted when those before it were
 */
export function meanTokens(rates: readonly number[]): number {
  let reached = 1;
  let tokens = 1;
  for (const rate of rates) {
    reached *= rate;
    tokens += reached;
  }
  return tokens;
}
