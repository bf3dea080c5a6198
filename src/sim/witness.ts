/** What is written down of one request's decisions, for an explanation; and what if it had been decided otherwise. */

import { NO_WORKER } from "../policies/index.ts";
import type { RouterRequest, RouterRole, RouterState } from "../policies/index.ts";

/** A worker as the router saw it when it decided. */
export type CandidateView = {
  readonly worker: number;
  /** Lower is better; null: the policy gave none. */
  readonly score: number | null;
  /** The router's own book. */
  readonly requests: number;
  readonly prefillTokens: number;
  readonly activeBlocks: number;
  /** Leading blocks of the prompt in device memory, in host memory and on disk as the router believed; null: it did not look. */
  readonly cachedBlocks: readonly [device: number, host: number, disk: number] | null;
  /** Blocks behind those on the device that a remote store of several workers has; absent: none, or the policy does not ask. */
  readonly sharedBlocks?: number;
  /** Scraped: age in µs, running, waiting, KV blocks in use; null: no data. */
  readonly scraped: {
    readonly ageUs: number;
    readonly running: number;
    readonly waiting: number;
    readonly kvBlocksUsed: number;
  } | null;
};

/** How a request came to wait at a router process. */
export type RouterWait = {
  readonly sinceUs: number;
  /** Who waited there when it came, and their prompt tokens. */
  readonly ahead: number;
  readonly aheadTokens: number;
  /** Prompt tokens under way to each worker that might have served it, least and most. */
  readonly underWayLeast: number;
  readonly underWayMost: number;
};

export type DecisionRecord = {
  readonly timeUs: number;
  readonly role: RouterRole;
  readonly worker: number;
  readonly rule: string;
  readonly inputTokens: number;
  /** Complete blocks of the prompt. */
  readonly blocks: number;
  /** Age of the KV events in the view, µs; null: there were none. */
  readonly kvEventAgeUs: number | null;
  /** How it came to wait before this decision; null: it did not. */
  readonly waited: RouterWait | null;
  /** Best first; those without a score by number. */
  readonly candidates: readonly CandidateView[];
};

/** Which request to watch. */
export type WitnessOptions = {
  /** Row of the trace, or number of the generated request. */
  readonly row: number;
  /** Send it to this worker, whatever the policy says; of the desk where it first arrives. */
  readonly force?: number;
};

export class Witness {
  readonly row: number;
  readonly decisions: DecisionRecord[] = [];
  private readonly force: number | undefined;
  private wait: RouterWait | null = null;

  constructor({ row, force }: WitnessOptions) {
    this.row = row;
    this.force = force;
  }

  /** The request has joined those who wait at a process: `ahead` of them before it, of so many prompt tokens. */
  joined(
    state: RouterState,
    request: RouterRequest,
    { ahead, aheadTokens }: Pick<RouterWait, "ahead" | "aheadTokens">,
    nowUs: number,
  ): void {
    let underWayLeast = Infinity;
    let underWayMost = 0;
    for (let worker = 0; worker < state.workers; worker++) {
      if (!state.mayServe(worker, request)) continue;
      const tokens = state.prefillTokensOn(worker, nowUs);
      underWayLeast = Math.min(underWayLeast, tokens);
      underWayMost = Math.max(underWayMost, tokens);
    }
    this.wait = { sinceUs: nowUs, ahead, aheadTokens, underWayLeast, underWayMost };
  }

  /** Before the decision: scores of earlier ones must not be taken for this one's. */
  before(state: RouterState): void {
    state.scores.fill(NaN);
    state.explains = true;
  }

  /**
   * After it: writes it down; returns the worker to use. `ids`: numbers of the desk's workers in the cluster.
   */
  after(
    state: RouterState,
    request: RouterRequest,
    choice: number,
    nowUs: number,
    ids: readonly number[],
  ): number {
    const isFirst = this.decisions.length === 0;
    const forced = this.force === undefined || !isFirst ? NO_WORKER : ids.indexOf(this.force);
    const chosen = forced === NO_WORKER ? choice : forced;
    const candidates = [...state.candidates.subarray(0, state.candidateCount)].map((worker) =>
      candidateView(state, worker, ids[worker]!, nowUs),
    );
    this.decisions.push({
      timeUs: nowUs,
      role: state.role,
      worker: ids[chosen]!,
      rule: forced === NO_WORKER ? state.rule : "forced",
      inputTokens: request.inputTokens,
      blocks: request.blocks,
      kvEventAgeUs: Number.isNaN(state.kvEventAgeUs) ? null : state.kvEventAgeUs,
      waited: this.wait,
      candidates: candidates.sort(
        (a, b) => (a.score ?? Infinity) - (b.score ?? Infinity) || a.worker - b.worker,
      ),
    });
    this.wait = null;
    return chosen;
  }
}

function candidateView(
  state: RouterState,
  worker: number,
  id: number,
  nowUs: number,
): CandidateView {
  const { book, reach, scores, scraped } = state;
  const sharedBlocks = state.shared[worker]!;
  const score = scores[worker]!;
  const atUs = scraped.atUs[worker]!;
  return {
    worker: id,
    score: Number.isNaN(score) ? null : score,
    requests: book.requests[worker]!,
    prefillTokens: book.prefillTokens[worker]!,
    activeBlocks: book.blocks[worker]!,
    cachedBlocks: state.looksAtPrefixes
      ? [reach[0][worker]!, reach[1][worker]!, reach[2][worker]!]
      : null,
    ...(sharedBlocks > 0 ? { sharedBlocks } : {}),
    scraped: Number.isNaN(atUs)
      ? null
      : {
          ageUs: nowUs - atUs,
          running: scraped.running[worker]!,
          waiting: scraped.waiting[worker]!,
          kvBlocksUsed: scraped.kvBlocksUsed[worker]!,
        },
  };
}
