/**
 * What only a walk over the running requests can tell. The engine asks when it is rare enough (a shortage, an audit), and in
 * the step-by-step mode always: there the walk is the oracle of the sums.
 */

import {
  AT_COMPUTED,
  AT_GENERATED,
  AT_INPUT,
  AT_JOIN_CONTEXT,
  AT_JOIN_STEP,
  AT_NEXT,
  AT_OUTPUT,
  AT_SHARED_BLOCKS,
  AT_STATE,
  SLOT_DECODE,
  SLOT_DONE,
} from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";

/** A worker's running requests at some step. */
export type Running = {
  readonly table: RequestTable;
  /** First request of the running list, −1: none. */
  readonly head: number;
  /** The worker's token clock, and what the next step adds to it. */
  readonly step: number;
  readonly stepTokens: number;
  readonly blockSize: number;
  readonly overshoot: number;
};

function decodes(data: Float64Array, slot: number): boolean {
  const state = data[slot + AT_STATE]!;
  return state === SLOT_DECODE || state === SLOT_DONE;
}

function contextOf(data: Float64Array, slot: number, step: number): number {
  return data[slot + AT_JOIN_CONTEXT]! + (step - data[slot + AT_JOIN_STEP]!);
}

function generatedBy(data: Float64Array, slot: number, step: number): number {
  return data[slot + AT_GENERATED]! + (step - data[slot + AT_JOIN_STEP]!);
}

/** Blocks that the next decode step takes. */
export function nextStepBlocks(running: Running): number {
  const { head, step, stepTokens, blockSize } = running;
  const { data } = running.table;
  let blocks = 0;
  for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
    if (!decodes(data, slot)) continue;
    blocks += blocksToTake(contextOf(data, slot, step), stepTokens, blockSize);
  }
  return blocks;
}

/** Blocks that a decoding request of that context takes for a step that gives it `tokens`. */
export function blocksToTake(context: number, tokens: number, blockSize: number): number {
  return Math.ceil((context - 1 + tokens) / blockSize) - Math.ceil((context - 1) / blockSize);
}

/** Tokens that decoding requests may still generate, at most `clip` counted for each. */
export function outputLeft({ table: { data }, head, step }: Running, clip: number): number {
  let tokens = 0;
  for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
    if (!decodes(data, slot)) continue;
    tokens += Math.min(clip, data[slot + AT_OUTPUT]! - generatedBy(data, slot, step));
  }
  return tokens;
}

/** Tokens that decoding requests have generated, and may generate in all. */
export function outputTotals({ table: { data }, head, step }: Running): {
  generated: number;
  limit: number;
} {
  let generated = 0;
  let limit = 0;
  for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
    if (!decodes(data, slot)) continue;
    generated += generatedBy(data, slot, step);
    limit += data[slot + AT_OUTPUT]!;
  }
  return { generated, limit };
}

/**
 * The decoding request with the fewest generated tokens; among equals the one with the longest prompt, then the newest.
 * −1: none decodes.
 */
export function leastGenerated({ table: { data }, head, step }: Running): number {
  let least = -1;
  for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
    if (!decodes(data, slot)) continue;
    if (least >= 0) {
      const more = generatedBy(data, slot, step) - generatedBy(data, least, step);
      if (more > 0 || (more === 0 && data[slot + AT_INPUT]! < data[least + AT_INPUT]!)) continue;
    }
    least = slot;
  }
  return least;
}

/** The decode group counted again: its requests, their context in the next step. */
export function decodeGroup({ table: { data }, head, step }: Running): {
  requests: number;
  context: number;
} {
  let requests = 0;
  let context = 0;
  for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
    if (!decodes(data, slot)) continue;
    requests++;
    context += contextOf(data, slot, step);
  }
  return { requests, context };
}

/**
 * Blocks held by running requests, shared ones counted for each holder, and blocks that they would hold with all their output.
 * `inStep`: the step in progress has given decoding requests their blocks.
 */
export function blocksHeld(
  { table: { data }, head, step, stepTokens, blockSize, overshoot }: Running,
  inStep: boolean,
): { held: number; full: number } {
  let held = 0;
  let full = 0;
  for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
    let tokens = data[slot + AT_COMPUTED]!;
    if (decodes(data, slot)) tokens = contextOf(data, slot, step) - 1 + (inStep ? stepTokens : 0);
    held += Math.max(data[slot + AT_SHARED_BLOCKS]!, Math.ceil(tokens / blockSize));
    const longest = data[slot + AT_INPUT]! + data[slot + AT_OUTPUT]! + overshoot;
    full += Math.ceil(longest / blockSize);
  }
  return { held, full };
}
