/** A user's own router from a scoring expression: the candidate with the least score wins, ties at random. */

import type { Stream } from "../../core/index.ts";
import { leastScore } from "./pick.ts";
import { PolicyError } from "./guarded-router.ts";
import type { PolicyFault } from "./guarded-router.ts";
import type { Router, RouterNeeds, RouterRequest, RouterView } from "./router.ts";

/** A signal that an expression may name. */
export type ScoreSignal = {
  readonly name: string;
  readonly description: string;
  readonly needs?: RouterNeeds;
  readonly read: (
    view: RouterView,
    request: RouterRequest,
    worker: number,
    nowUs: number,
  ) => number;
};

const PREFIX: RouterNeeds = { prefix: true };
const ACTIVE: RouterNeeds = { active: true };
const SCRAPES: RouterNeeds = { scrapes: true };
const US_PER_MS = 1e3;

/** All signals; missing data reads as 0 with `metrics_known` 0. */
export const SCORE_SIGNALS: readonly ScoreSignal[] = [
  {
    name: "prompt_blocks",
    description: "complete blocks of the prompt",
    read: (_, { blocks }) => blocks,
  },
  {
    name: "prompt_tokens",
    description: "tokens of the prompt",
    read: (_, { inputTokens }) => inputTokens,
  },
  {
    name: "cached_blocks",
    description: "leading blocks of the prompt on the worker's device",
    needs: PREFIX,
    read: ({ reach }, _, worker) => reach[0][worker]!,
  },
  {
    name: "host_blocks",
    description: "further blocks of the prompt in its host memory",
    needs: PREFIX,
    read: ({ reach }, _, worker) => reach[1][worker]! - reach[0][worker]!,
  },
  {
    name: "disk_blocks",
    description: "further blocks of the prompt on disk or beyond",
    needs: PREFIX,
    read: ({ reach }, _, worker) => reach[2][worker]! - reach[1][worker]!,
  },
  {
    name: "prefill_blocks_new",
    description: "blocks of the prompt that the worker must compute",
    needs: PREFIX,
    read: ({ reach }, { blocks }, worker) => Math.max(0, blocks - reach[0][worker]!),
  },
  {
    name: "prefill_tokens",
    description: "prompt tokens sent there and not computed yet",
    read: ({ book }, _, worker) => book.prefillTokens[worker]!,
  },
  {
    name: "active_blocks",
    description: "distinct blocks of the active prompts there",
    needs: ACTIVE,
    read: ({ book }, _, worker) => book.blocks[worker]!,
  },
  {
    name: "active_blocks_new",
    description: "blocks that this prompt would add to them",
    needs: ACTIVE,
    read: ({ activeReach }, { blocks }, worker) => Math.max(0, blocks - activeReach[worker]!),
  },
  {
    name: "requests",
    description: "requests sent there that have not ended",
    read: ({ outstanding }, _, worker) => outstanding[worker]!,
  },
  {
    name: "context_tokens",
    description: "prompt tokens of the active requests there",
    read: ({ book }, _, worker) => book.contextTokens[worker]!,
  },
  {
    name: "queue_ms",
    description: "predicted time until its prompts are computed",
    needs: { prefillTimes: true },
    read: ({ book }, _, worker, nowUs) => book.prefillUsAt(worker, nowUs) / US_PER_MS,
  },
  {
    name: "kv_usage",
    description: "share of its KV blocks in use, as scraped",
    needs: SCRAPES,
    read: ({ scraped, facts }, _, worker) => scraped.kvBlocksUsed[worker]! / facts[worker]!.blocks,
  },
  {
    name: "running",
    description: "requests running there, as scraped",
    needs: SCRAPES,
    read: ({ scraped }, _, worker) => scraped.running[worker]!,
  },
  {
    name: "waiting",
    description: "requests waiting there, as scraped",
    needs: SCRAPES,
    read: ({ scraped }, _, worker) => scraped.waiting[worker]!,
  },
  {
    name: "metrics_known",
    description: "1 when it has been scraped, 0 before",
    needs: SCRAPES,
    read: ({ scraped }, _, worker) => Number(!Number.isNaN(scraped.atUs[worker]!)),
  },
  {
    name: "metrics_age_ms",
    description: "age of the scraped signals",
    needs: SCRAPES,
    read: ({ scraped }, _, worker, nowUs) => {
      const atUs = scraped.atUs[worker]!;
      return Number.isNaN(atUs) ? 0 : (nowUs - atUs) / US_PER_MS;
    },
  },
  {
    name: "ttft_ms",
    description: "recent mean time to first token there; 0 before any",
    read: ({ observed }, _, worker) => (observed.ttftUs[worker]! || 0) / US_PER_MS,
  },
  {
    name: "priority",
    description: "the request's priority",
    read: (_, { priority }) => priority,
  },
];

/** An expression compiled over the signals' names, in their order. */
export type ScoreFunction = {
  readonly reads: readonly number[];
  readonly evaluate: (values: ArrayLike<number>) => number;
};

export class ScoreRouter implements Router {
  readonly needs: RouterNeeds;
  readonly faults = { count: 0, first: "" };
  private readonly score: ScoreFunction;
  private readonly onFault: PolicyFault;
  private readonly values = new Float64Array(SCORE_SIGNALS.length);

  constructor(score: ScoreFunction, onFault: PolicyFault) {
    this.score = score;
    this.onFault = onFault;
    this.needs = Object.assign({}, ...score.reads.map((at) => SCORE_SIGNALS[at]!.needs ?? {}));
  }

  decide(view: RouterView, request: RouterRequest, nowUs: number, random: Stream): number {
    const { values, score } = this;
    for (let i = 0; i < view.candidateCount; i++) {
      const worker = view.candidates[i]!;
      for (const at of score.reads) {
        values[at] = SCORE_SIGNALS[at]!.read(view, request, worker, nowUs);
      }
      const result = score.evaluate(values);
      // Not a number, or infinite: a division by zero.
      if (result - result !== 0) return this.fault(view, worker, result);
      view.scores[worker] = result;
    }
    view.rule = "least score";
    return leastScore(view, random);
  }

  private fault(view: RouterView, worker: number, result: number): number {
    if (this.onFault === "stop" || this.faults.count === 0) {
      const read = this.score.reads.map((at) => `${SCORE_SIGNALS[at]!.name} ${this.values[at]!}`);
      const words = `the score of worker ${worker} is ${result}, with ${read.join(", ")}: a division by zero?`;
      if (this.onFault === "stop") throw new PolicyError(words);
      this.faults.first = words;
    }
    this.faults.count++;
    view.rule = "no score: fewest requests";
    return view.leastOutstanding();
  }
}
