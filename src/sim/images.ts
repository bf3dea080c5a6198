/** Images in prompts: how many a request brings, and which of them a worker must encode. */

import { stream } from "../core/index.ts";
import type { Trace } from "../trace/index.ts";
import { EncoderCache } from "./encoder-cache.ts";
import { AT_INPUT, AT_RECORD, AT_ROW } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import { RowDraws } from "./row-draws.ts";
import type { Scenario } from "./scenario.ts";

/** Which images prompts bring, by number; the images of one prompt have numbers that follow each other. */
type ImageIds = { readonly draws: RowDraws; readonly distinct: number };

export class Images {
  /** Images that workers have encoded, and those that a cache spared them. */
  encoded = 0;
  spared = 0;
  private readonly draws: RowDraws;
  private readonly ids: ImageIds | undefined;
  private readonly tokens: number;
  private readonly perRequest: number;
  private readonly caches: (EncoderCache | undefined)[] = [];
  /** By record: the worker that a request comes to with its images encoded by another. */
  readonly brought = new Map<number, number>();

  constructor(draws: RowDraws, tokens: number, perRequest: number, ids?: ImageIds) {
    this.draws = draws;
    this.tokens = tokens;
    this.perRequest = perRequest;
    this.ids = ids;
  }

  /** Number of the first image of a row; −1: its images are no others'. */
  firstImage(row: number): number {
    return this.ids === undefined ? -1 : this.ids.draws.at(row);
  }

  /** Images that a request brings, as many as its prompt has room for: it ends in text. */
  countOf({ data }: RequestTable, slot: number): number {
    if (this.draws.at(data[slot + AT_ROW]!) === 0) return 0;
    const room = Math.floor(Math.max(0, data[slot + AT_INPUT]! - 1) / this.tokens);
    return Math.min(this.perRequest, room);
  }

  /** A worker has lost what it kept. */
  forget(worker: number): void {
    this.caches[worker] = undefined;
  }

  /**
   * Images of a request that have to be encoded when `cached` tokens of its prompt are known, by a worker that keeps
   * `cacheTokens` of encoded ones. Images come first in a prompt; one whose tokens are all cached needs no encoder (vLLM's
   * rule).
   */
  toEncode(
    table: RequestTable,
    slot: number,
    cached: number,
    worker: number,
    cacheTokens: number,
  ): number {
    const { data } = table;
    const end = this.countOf(table, slot);
    if (end === 0) return 0;
    if (this.brought.size > 0) {
      const record = data[slot + AT_RECORD]!;
      // They serve once: a request that is preempted does not keep them.
      if (this.brought.get(record) === worker && this.brought.delete(record)) return 0;
    }
    const row = data[slot + AT_ROW]!;
    const first = Math.floor(cached / this.tokens);
    let missing = Math.max(0, end - first);
    if (this.ids !== undefined && missing > 0) {
      const cache = (this.caches[worker] ??= new EncoderCache(
        Math.floor(cacheTokens / this.tokens),
      ));
      const image = this.firstImage(row);
      for (let i = first; i < end; i++) if (cache.use((image + i) % this.ids.distinct)) missing--;
      this.spared += end - first - missing;
    }
    this.encoded += missing;
    return missing;
  }
}

/** The images of the scenario's traffic; `undefined`: none. */
export function imagesOf(scenario: Scenario, trace: Trace | undefined): Images | undefined {
  const { images } = scenario.traffic;
  if (images === null) return undefined;
  const draws = new RowDraws(trace, (kind) => {
    const random = stream(scenario.seed, `images/${kind}`);
    return () => (random.next() < images.share ? 1 : 0);
  });
  return new Images(draws, images.tokens, images.per_request, imageIds(scenario, trace));
}

function imageIds({ seed, traffic }: Scenario, trace: Trace | undefined): ImageIds | undefined {
  const { distinct = null, zipf = 1 } = traffic.images ?? {};
  if (distinct === null) return undefined;
  const draws = new RowDraws(trace, (kind) => {
    const random = stream(seed, `image-ids/${kind}`);
    return () => (zipf === 0 ? random.int(distinct) : random.zipf(distinct, zipf) - 1);
  });
  return { draws, distinct };
}
