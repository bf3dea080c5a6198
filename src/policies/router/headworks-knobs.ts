/** The weights of our own router. */

import type { PolicyKnob } from "../meta.ts";

export type HeadworksKnobs = {
  /** Weight of the time that others lose, of the time that this request loses. */
  readonly harm: number;
  /** The same of a stall where requests have used up what their target leaves for stalls; in between in proportion. */
  readonly wear: number;
  /** Weight of computing, beyond its own delay: what those who come later lose. */
  readonly work: number;
  /** The same, in first tokens in time that it takes the room of, where requests are late for what is computed again. */
  readonly press: number;
  /** Weight of own time behind the target of the first token. */
  readonly late: number;
  /** Weight of a decoding request's lost time against a first token's. */
  readonly decode: number;
  /** Score of a missed target, in multiples of the target. */
  readonly miss: number;
  /** Share of the target that a prediction must leave, for its error. */
  readonly margin: number;
};

const weight = (name: string, description: string, byDefault: number, max = 1000): PolicyKnob => ({
  name,
  description,
  unit: "1",
  min: 0,
  max,
  default: byDefault,
});

export const HEADWORKS_KNOBS: readonly PolicyKnob[] = [
  weight("harm", "time others lose, against time this request loses", 0.3),
  weight("wear", "the same of stalls where the TPOT target leaves no room for more", 1),
  weight("work", "computing, beyond its delay: what later requests lose", 2),
  weight("press", "the same where requests are late because prompts are computed again", 8),
  weight("late", "own time behind the TTFT target; 4: lower p99 TTFT for some goodput", 1),
  weight("decode", "time of the answer, against time to the first token", 1),
  weight("miss", "a missed target, in multiples of the TTFT target", 3),
  weight("margin", "share of the TTFT target kept for errors of prediction", 0.1, 1),
];

/** Values by name, all of them given, as the router reads them. */
export function headworksKnobs(knobs: Readonly<Record<string, number>>): HeadworksKnobs {
  return {
    harm: knobs["harm"]!,
    wear: knobs["wear"]!,
    work: knobs["work"]!,
    press: knobs["press"]!,
    late: knobs["late"]!,
    decode: knobs["decode"]!,
    miss: knobs["miss"]!,
    margin: knobs["margin"]!,
  };
}
