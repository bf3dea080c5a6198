/** Images in prompts: how many a request brings, and which of them a worker must encode. */

import { stream } from "../core/index.ts";
import type { Trace } from "../trace/index.ts";
import { AT_INPUT, AT_ROW } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import { RowDraws } from "./row-draws.ts";
import type { Scenario } from "./scenario.ts";

export class Images {
  private readonly draws: RowDraws;
  private readonly tokens: number;
  private readonly perRequest: number;

  constructor(draws: RowDraws, tokens: number, perRequest: number) {
    this.draws = draws;
    this.tokens = tokens;
    this.perRequest = perRequest;
  }

  /**
   * Images of a request that have to be encoded when `cached` tokens of its prompt are known. Images come first in
   * a prompt; one whose tokens are all cached needs no encoder (vLLM's rule).
   */
  toEncode({ data }: RequestTable, slot: number, cached: number): number {
    if (this.draws.at(data[slot + AT_ROW]!) === 0) return 0;
    // A prompt ends in text.
    const room = Math.floor(Math.max(0, data[slot + AT_INPUT]! - 1) / this.tokens);
    return Math.max(0, Math.min(this.perRequest, room) - Math.floor(cached / this.tokens));
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
  return new Images(draws, images.tokens, images.per_request);
}
