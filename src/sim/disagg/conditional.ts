/**
 * Conditional disaggregation: before a request takes the hop over a prefill worker, the routers are asked what they would do with
 * it; where a policy finds the hop not worth it, and the decode worker is not too busy, that worker computes the prompt too.
 * What the routers answer is advice: nothing is booked for it, and a moment later they may choose otherwise.
 *
 * Source: `dynamo-policies.md` §1.10.
 */

import { InvariantError } from "../../core/index.ts";
import { BYPASS_NO, BYPASS_SHORT } from "../../policies/index.ts";
import type { Bypass } from "../../policies/index.ts";
import { takes } from "../intake.ts";
import type { Pool } from "../pool.ts";
import { AT_ROW } from "../request-table.ts";
import type { RequestTable } from "../request-table.ts";
import type { RouterDesk } from "../router-desk.ts";
import type { Worker } from "../worker.ts";
import { bypassOf } from "./bypass-choice.ts";
import type { BypassSettings } from "./bypass-choice.ts";
import type { DisaggKnobs } from "./disagg-schema.ts";

type ConditionalParts = {
  readonly table: RequestTable;
  /** The pool of each worker. */
  readonly poolOf: readonly Pool[];
  readonly prefillDesk: RouterDesk;
  readonly decodeDesk: RouterDesk;
};

export class Conditional {
  readonly policy: string;
  /** Requests that stayed, by reason, and those that would have but for a busy decode worker. */
  short = 0;
  prefillBusy = 0;
  vetoed = 0;
  /** Prompt tokens of those that stayed, and those of them that the routers knew to be cached. */
  promptTokens = 0;
  cachedTokens = 0;
  private readonly parts: ConditionalParts;
  private readonly bypass: Bypass;
  private readonly busyShare: number;
  private readonly view = { promptTokens: 0, cachedTokens: 0, prefillLoad: NaN };

  constructor(bypass: Bypass, { conditional }: DisaggKnobs, parts: ConditionalParts) {
    this.policy = conditional.policy ?? "";
    this.busyShare = conditional.decode_busy_threshold ?? Infinity;
    this.bypass = bypass;
    this.parts = parts;
  }

  /** The decode worker that shall compute the prompt of a request, of `tokens`: it is booked there; null: the hop. */
  route(slot: number, tokens: number, nowUs: number): Worker | null {
    const { view } = this;
    const { table, poolOf, prefillDesk, decodeDesk } = this.parts;
    const row = table.data[slot + AT_ROW]!;
    if (this.wantsHop(row)) return null;
    const { worker, cachedTokens, kvShare } = decodeDesk.peek(slot, row, tokens, nowUs);
    if (worker === null || !takes(poolOf[worker.id]!.engine.knobs, slot, table)) return null;
    const source = prefillDesk.peek(slot, row, tokens, nowUs);
    view.promptTokens = tokens;
    view.cachedTokens = cachedTokens;
    view.prefillLoad = source.worker === null ? NaN : source.prefillLoad;
    const reason = this.bypass.decide(view);
    if (reason === BYPASS_NO) return null;
    if (kvShare > this.busyShare) {
      this.vetoed++;
      return null;
    }
    if (reason === BYPASS_SHORT) this.short++;
    else this.prefillBusy++;
    this.promptTokens += tokens;
    this.cachedTokens += cachedTokens;
    const booked = decodeDesk.routeTo(worker, slot, row, tokens, tokens - cachedTokens, nowUs);
    if (booked === null) throw new InvariantError("router law: what was peeked at is not eligible");
    return booked;
  }

  /** Whether a row asks for prefill workers in a way that no decode worker could answer. */
  private wantsHop(row: number): boolean {
    const { prefillDesk, decodeDesk } = this.parts;
    const { pins } = prefillDesk;
    if (pins === undefined) return false;
    return pins.hasPin(row) || (pins.hasList(row) && decodeDesk.pins?.hasList(row) !== true);
  }
}

/** Conditional disaggregation as a checked scenario wants it; undefined: it does not. */
export function conditionalOf(
  settings: BypassSettings,
  parts: ConditionalParts,
): Conditional | undefined {
  const bypass = bypassOf(settings);
  if (!bypass.ok) throw new InvariantError(`unchecked scenario: ${bypass.problem.what}`);
  return bypass.value && new Conditional(bypass.value, settings.disagg, parts);
}
