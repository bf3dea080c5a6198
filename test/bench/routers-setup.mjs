/** A router with a full index: a decision at a time, timed alone. */
import { createRouter, RouterState } from "../../dist/policies/index.js";

/** Every prompt: a system prompt of 8 blocks that all share, a conversation of its own behind it. */
const SYSTEM_BLOCKS = 8;
const TURN_BLOCKS = 48;
const TURNS = 5;

/**
 * A state over `workers` workers whose index holds about `blocks` blocks, each counted for each worker that has it; `decide(i)`
 * takes, books and releases one decision on the i-th conversation.
 */
export function fullRouter(policy, workers, blocks) {
  const perTalk = TURN_BLOCKS * TURNS;
  const talks = Math.ceil(blocks / perTalk);
  const nodes = 1 + talks * TURNS;
  const nodeBegin = new Int32Array(nodes);
  const nodeEnd = new Int32Array(nodes);
  nodeEnd[0] = SYSTEM_BLOCKS;
  for (let node = 1; node < nodes; node++) {
    nodeBegin[node] = SYSTEM_BLOCKS + ((node - 1) % TURNS) * TURN_BLOCKS;
    nodeEnd[node] = nodeBegin[node] + TURN_BLOCKS;
  }
  const facts = Array.from({ length: workers }, () => ({
    blockSize: 16,
    blocks: Math.ceil((blocks / workers) * 1.1),
    maxBatchedTokens: 8192,
    maxRequests: 256,
    steps: undefined,
    labels: 0,
  }));
  const setting = { role: "mixed", workers, targets: [{ ttftUs: 2e6, tpotUs: 5e4 }] };
  const router = createRouter(policy, {}, setting);
  if (!router.ok) throw new Error(router.problem.what);
  const state = new RouterState(router.value, {
    role: "mixed",
    nodes: { nodeBegin, nodeEnd },
    facts,
    kvEvents: true,
    kvEventDelayUs: 0,
    indexCapBlocks: Infinity,
    busyBlocksShare: Infinity,
    busyPrefillTokens: Infinity,
    busyPrefillShare: Infinity,
  });
  for (let worker = 0; worker < workers; worker++) state.index.set(0, worker, 0, SYSTEM_BLOCKS);
  for (let talk = 0; talk < talks; talk++) {
    for (let turn = 0; turn < TURNS; turn++) {
      state.index.set(0, talk % workers, 1 + talk * TURNS + turn, TURN_BLOCKS);
    }
  }
  // Every request in flight holds a booking, ten a worker.
  const inFlight = workers * 10;
  const path = new Int32Array(1 + TURNS);
  const request = {
    row: 0,
    booking: 0,
    inputTokens: (SYSTEM_BLOCKS + perTalk) * 16 + 700,
    blocks: SYSTEM_BLOCKS + perTalk + 43,
    prompt: { path, start: 0, length: 1 + TURNS },
    affinityKey: 0,
    expectedOutput: NaN,
    priority: 0,
    strictPriority: 0,
    session: -1,
    tenant: -1,
    family: -1,
    sloClass: 0,
    pinned: -1,
    requiredLabels: 0,
    preferredLabels: [],
  };
  const talkOf = new Int32Array(inFlight).fill(-1);
  const random = { next: Math.random, int: (n) => Math.floor(Math.random() * n) };
  const fill = (talk) => {
    for (let turn = 0; turn < TURNS; turn++) path[1 + turn] = 1 + talk * TURNS + turn;
  };
  const decide = (i) => {
    const nowUs = i * 1000;
    const booking = i % inFlight;
    request.booking = booking;
    if (talkOf[booking] >= 0) {
      fill(talkOf[booking]);
      state.ended(request, 200, 4e6, nowUs);
    }
    const talk = (i * 7919) % talks;
    fill(talk);
    talkOf[booking] = talk;
    const worker = state.choose(request, nowUs, random);
    state.commit(request, worker, state.newTokensOn(request, worker), nowUs);
    // The first token of a request a few decisions back.
    state.firstToken((i + inFlight - 5) % inFlight, nowUs);
    return worker;
  };
  return { state, decide };
}

/** Mean time of a decision, booking and release included, µs: the best of some rounds. */
export function decisionUs(router, decisions) {
  for (let i = 0; i < decisions; i++) router.decide(i);
  let best = Infinity;
  for (let round = 1; round <= 3; round++) {
    const start = performance.now();
    for (let i = 0; i < decisions; i++) router.decide(round * decisions + i);
    best = Math.min(best, ((performance.now() - start) * 1000) / decisions);
  }
  return best;
}
