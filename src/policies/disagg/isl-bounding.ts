/** Short prompts, and prompts that are mostly cached, are not worth a hop. */

import type { PolicyKnob } from "../meta.ts";
import { BYPASS_NO, BYPASS_SHORT } from "./bypass.ts";
import type { Bypass, BypassPolicy } from "./bypass.ts";

/** Dynamo's defaults (reference page `dynamo-policies.md`, 1.10). */
const TOKENS_DEFAULT = 2048;
const SHARE_DEFAULT = 0.7;

export const ISL_KNOBS: readonly PolicyKnob[] = [
  {
    name: "effective_tokens",
    description: "prompts with fewer tokens to compute may stay",
    unit: "tokens",
    min: 0,
    max: 1e9,
    default: TOKENS_DEFAULT,
  },
  {
    name: "effective_share",
    description:
      "and only if less than this share of the prompt is to compute; above 1: short prompts stay without any cache",
    unit: "1",
    min: 0,
    max: 2,
    default: SHARE_DEFAULT,
  },
];

/** The rule over a prompt's tokens that are not cached at the decode worker. */
export function islBound(knobs: Readonly<Record<string, number>>): Bypass {
  const tokens = knobs["effective_tokens"] ?? TOKENS_DEFAULT;
  const share = knobs["effective_share"] ?? SHARE_DEFAULT;
  return {
    decide({ promptTokens, cachedTokens }) {
      const effective = promptTokens - cachedTokens;
      const stays = effective < tokens && effective < share * promptTokens;
      return stays ? BYPASS_SHORT : BYPASS_NO;
    },
  };
}

export const islBounding: BypassPolicy = {
  meta: {
    name: "isl_bounding",
    title: "Bypass prefill workers for short remainders",
    source: "NVIDIA Dynamo's conditional disaggregation (default policy)",
    wins: "conversations: later turns find their history at the decode worker, and the hop costs more than the rest",
    loses:
      "many bypassed prompts at once: they stretch the token gaps of who decodes there; without a prefix index nothing " +
      "counts as cached, and no prompt stays",
    knobs: ISL_KNOBS,
  },
  create: islBound,
};
