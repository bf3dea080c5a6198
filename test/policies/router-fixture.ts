/** A router state in front of made-up workers, and requests over a chain of nodes. */

import { createRouter, RouterState } from "../../src/policies/index.ts";
import type {
  RouterRequest,
  RouterRole,
  RouterSetup,
  WorkerFacts,
} from "../../src/policies/index.ts";
import { LinearStepTime } from "../../src/hardware/index.ts";
import { newRequest } from "../../src/sim/desk-request.ts";

export const BLOCK = 16;

export const FACTS: WorkerFacts = {
  blockSize: BLOCK,
  blocks: 1000,
  maxBatchedTokens: 8192,
  maxRequests: 256,
  steps: undefined,
  labels: 0,
};

/** Each of `nodes` nodes is one block at its place in one long prompt. */
export function blockChain(nodes: number): { nodeBegin: Int32Array; nodeEnd: Int32Array } {
  return {
    nodeBegin: Int32Array.from({ length: nodes }, (_, i) => i),
    nodeEnd: Int32Array.from({ length: nodes }, (_, i) => i + 1),
  };
}

export function stateOf(
  policy: string,
  knobs: Record<string, number>,
  facts: readonly WorkerFacts[],
  rest: Partial<RouterSetup> & {
    readonly role?: RouterRole;
    readonly ttftUs?: number;
    readonly tpotUs?: number;
  } = {},
): RouterState {
  const { role = "mixed", ttftUs = Infinity, tpotUs = Infinity, ...setup } = rest;
  const setting = { role, workers: facts.length, targets: [{ ttftUs, tpotUs }] };
  const router = createRouter(policy, knobs, setting);
  if (!router.ok) throw new Error(router.problem.what);
  const state = new RouterState(router.value, {
    role,
    nodes: blockChain(256),
    facts,
    kvEvents: true,
    kvEventDelayUs: 0,
    indexCapBlocks: Infinity,
    approximate: undefined,
    predictedTtlUs: undefined,
    sessionTtlUs: undefined,
    busyBlocksShare: Infinity,
    busyPrefillTokens: Infinity,
    busyPrefillShare: Infinity,
    ...setup,
  });
  state.explains = true;
  return state;
}

/** A request whose prompt is the first blocks of the chain. */
export function requestOf(
  booking: number,
  inputTokens: number,
  rest: Partial<RouterRequest> = {},
): RouterRequest {
  const blocks = Math.floor(inputTokens / BLOCK);
  const path = Int32Array.from({ length: blocks }, (_, i) => i);
  return {
    ...newRequest({ path }),
    row: booking,
    booking,
    inputTokens,
    blocks,
    prompt: { path, start: 0, length: blocks },
    ...rest,
  };
}

/** 10 µs a prompt token, and nothing else. */
export const LINEAR = new LinearStepTime({
  baseUs: 0,
  prefillFixedUs: 0,
  tokenUs: 10,
  pairUs: 0,
  decodeRequestUs: 0,
  contextTokenUs: 0,
});
